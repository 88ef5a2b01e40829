package sqlitestore

import (
	"context"
	"database/sql"

	cnerium "github.com/cnerium/cnerium-go/runtime"
)

// Transaction is the name of [Tx], for the Route of a handler that takes one.
const Transaction cnerium.Transaction = "sqlitestore.Tx"

// Tx is the transaction that a transactional handler runs in. What it writes
// is stored together with the handler's response and events, or not at all.
// It is what *sql.Tx is without an end of its own, and fits the DBTX of code
// that sqlc generates.
//
// It ends with the handler, and at the latest with the handler's time,
// whatever context its methods are given: from then on they return
// sql.ErrTxDone. Only a statement of PrepareContext ends with the context that
// it runs with, and until then holds up the end: give it the handler's. While it lasts it is the only
// writer of its database. So keep it short, call no other service in it, and
// do not write through another connection, which would wait for this one. In
// a database in memory other connections cannot even read meanwhile. A
// handler must not run BEGIN, COMMIT or ROLLBACK; savepoints are its own. When
// it does, or when it goes on after an error with which SQLite has undone the
// transaction, nothing of it is stored, and its client is asked to try again.
type Tx interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	PrepareContext(ctx context.Context, query string) (*sql.Stmt, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// txKey is the key of the Tx in a handler's context.
type txKey struct{}

// TxFrom returns the transaction of the handler that was given the context.
// It panics when there is none, because then the route was registered without
// one.
func TxFrom(ctx context.Context) Tx {
	tx, ok := ctx.Value(txKey{}).(Tx)
	if !ok {
		panic("sqlitestore: no transaction in this context: the route needs Transaction: sqlitestore.Transaction")
	}
	return tx
}

// handlerTx is the Tx of one handler. It has no Commit to be found by a type
// assertion, and its statements end with the handler's time.
type handlerTx struct {
	tx  *sql.Tx
	ctx context.Context // the handler's
}

// ExecContext is that of *sql.Tx.
func (h handlerTx) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	return h.tx.ExecContext(h.bound(ctx), query, args...)
}

// PrepareContext is that of *sql.Tx.
func (h handlerTx) PrepareContext(ctx context.Context, query string) (*sql.Stmt, error) {
	return h.tx.PrepareContext(h.bound(ctx), query)
}

// QueryContext is that of *sql.Tx.
func (h handlerTx) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	return h.tx.QueryContext(h.bound(ctx), query, args...)
}

// QueryRowContext is that of *sql.Tx.
func (h handlerTx) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	return h.tx.QueryRowContext(h.bound(ctx), query, args...)
}

// bound returns a context that ends with the given one and with the handler's.
// Rows may be read for as long as the transaction lasts, so nothing ends it
// earlier.
func (h handlerTx) bound(ctx context.Context) context.Context {
	if ctx.Done() == h.ctx.Done() {
		return ctx
	}
	ctx, cancel := context.WithCancel(ctx)
	context.AfterFunc(h.ctx, cancel)
	return ctx
}
