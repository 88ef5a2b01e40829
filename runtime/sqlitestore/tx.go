package sqlitestore

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"sync"

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
// assertion, and its statements end with the handler's time. What returns no
// rows goes straight to the connection; database/sql has its part from the
// moment when rows or a statement are asked for.
type handlerTx struct {
	ctx    context.Context // the handler's
	writer *writer

	mu    sync.Mutex // held while the connection is used without tx
	tx    *sql.Tx    // nil until it is needed
	ended bool
}

// ExecContext is that of *sql.Tx.
func (h *handlerTx) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	ctx = h.bound(ctx)
	if values, plain := h.plainValues(args); plain {
		result, err := h.exec(ctx, query, values)
		if !errors.Is(err, driver.ErrSkip) {
			return result, err
		}
	}
	return h.begun().ExecContext(ctx, query, args...)
}

// PrepareContext is that of *sql.Tx.
func (h *handlerTx) PrepareContext(ctx context.Context, query string) (*sql.Stmt, error) {
	return h.begun().PrepareContext(h.bound(ctx), query)
}

// QueryContext is that of *sql.Tx.
func (h *handlerTx) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	return h.begun().QueryContext(h.bound(ctx), query, args...)
}

// QueryRowContext is that of *sql.Tx.
func (h *handlerTx) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	return h.begun().QueryRowContext(h.bound(ctx), query, args...)
}

// exec executes on the connection, or returns driver.ErrSkip when that is the
// business of database/sql.
func (h *handlerTx) exec(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.tx != nil || h.ended {
		return nil, driver.ErrSkip
	}
	return nested{h.writer}.ExecContext(ctx, query, args)
}

// begun returns the transaction of database/sql, or one that has ended.
func (h *handlerTx) begun() *sql.Tx {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.tx == nil && !h.ended {
		h.tx, _ = h.writer.handlers.BeginTx(context.Background(), nil) // fails with a writer that is closed only
	}
	if h.tx == nil {
		return h.writer.over
	}
	return h.tx
}

// end lets nothing in any more, waits for a statement that is running, and
// closes all that is open.
func (h *handlerTx) end() {
	h.mu.Lock()
	h.ended = true
	tx := h.tx
	h.mu.Unlock()
	if tx != nil {
		_ = tx.Commit() // nothing but the end for database/sql: see nestedTx
	}
}

// plainValues returns the arguments as a driver takes them, for exec. What
// needs more than the default conversion, such as names, is left to
// database/sql, and so is everything once it has its part.
func (h *handlerTx) plainValues(args []any) ([]driver.NamedValue, bool) {
	if h.indirect() {
		return nil, false
	}
	values := make([]driver.NamedValue, len(args))
	for i, arg := range args {
		value, err := driver.DefaultParameterConverter.ConvertValue(arg)
		if err != nil {
			return nil, false
		}
		values[i] = driver.NamedValue{Ordinal: i + 1, Value: value}
	}
	return values, true
}

// indirect tells whether the connection is that of database/sql by now, or of
// nobody.
func (h *handlerTx) indirect() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.tx != nil || h.ended
}

func (h *handlerTx) isOver() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.ended
}

// bound returns a context that ends with the given one and with the handler's.
// Rows may be read for as long as the transaction lasts, so nothing ends it
// earlier. Once that is over, it is for the transaction to say so. Nothing
// begins after the handler's time: a statement that writes and is interrupted
// would undo what others have written.
func (h *handlerTx) bound(ctx context.Context) context.Context {
	switch {
	case ctx.Done() == h.ctx.Done(), h.isOver():
		return ctx
	case h.ctx.Err() != nil:
		return h.ctx
	}
	ctx, cancel := context.WithCancel(ctx)
	context.AfterFunc(h.ctx, cancel)
	return ctx
}
