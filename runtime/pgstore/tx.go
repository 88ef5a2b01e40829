package pgstore

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	cnerium "github.com/cnerium/cnerium-go/runtime"
)

// Transaction is the name of [Tx], for the Route of a handler that takes one.
const Transaction cnerium.Transaction = "pgstore.Tx"

// ErrTxDone is returned by the methods of a [Tx] whose handler has returned,
// or whose time is over.
var ErrTxDone = errors.New("pgstore: the transaction has ended")

// Tx is the transaction that a transactional handler runs in. What it writes
// is stored together with the handler's response and events, or not at all.
// It is what pgx.Tx is without an end of its own, and fits the DBTX of code
// that sqlc generates for pgx/v5.
//
// Like pgx.Tx it is for one goroutine at a time, and rows must be closed
// before the next statement; those that are open when the handler returns are
// closed. It ends with the handler, and at the latest with the handler's time,
// whatever context its methods are given: from then on they return
// [ErrTxDone].
//
// While it lasts, the record of the request is locked, and the connection is
// taken from the pool. So keep it short, and call no other service in it. A
// handler must not run BEGIN, COMMIT or ROLLBACK; savepoints are its own.
// After a ROLLBACK nothing is stored. After a COMMIT what came before is, and
// the outcome is unknown. In both cases the Tx has ended.
//
// When the server reports a conflict with other transactions (40001 or 40P01)
// the handler runs again in a new transaction, whatever it has made of the
// error.
type Tx interface {
	Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error)
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
	SendBatch(ctx context.Context, batch *pgx.Batch) pgx.BatchResults
	CopyFrom(ctx context.Context, table pgx.Identifier, columns []string, rows pgx.CopyFromSource) (int64, error)
}

// txKey is the key of the Tx in a handler's context.
type txKey struct{}

// TxFrom returns the transaction of the handler that was given the context.
// It panics when there is none, because then the route was registered without
// one.
func TxFrom(ctx context.Context) Tx {
	tx, ok := ctx.Value(txKey{}).(Tx)
	if !ok {
		panic("pgstore: no transaction in this context: the route needs Transaction: pgstore.Transaction")
	}
	return tx
}

// Exec is that of pgx.Tx.
func (h *handle) Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error) {
	ctx, done, err := h.enter(ctx)
	if err != nil {
		return pgconn.CommandTag{}, err
	}
	tag, err := h.conn.Exec(ctx, sql, args...)
	done(err)
	return tag, err
}

// Query is that of pgx.Tx.
func (h *handle) Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error) {
	rows := h.query(ctx, sql, args)
	return rows, rows.Err()
}

// QueryRow is that of pgx.Tx.
func (h *handle) QueryRow(ctx context.Context, sql string, args ...any) pgx.Row {
	return row{h.query(ctx, sql, args)}
}

func (h *handle) query(ctx context.Context, sql string, args []any) pgx.Rows {
	ctx, done, err := h.enter(ctx)
	if err != nil {
		return noRows{err: err}
	}
	found, err := h.conn.Query(ctx, sql, args...)
	if err != nil {
		done(err)
		return noRows{err: err}
	}
	r := &rows{Rows: found, done: done}
	h.keep(r)
	return r
}

// SendBatch is that of pgx.Tx.
func (h *handle) SendBatch(ctx context.Context, batch *pgx.Batch) pgx.BatchResults {
	ctx, done, err := h.enter(ctx)
	if err != nil {
		return noResults{noRows{err: err}}
	}
	r := &results{BatchResults: h.conn.SendBatch(ctx, batch), done: done}
	h.keep(r)
	return r
}

// CopyFrom is that of pgx.Tx.
func (h *handle) CopyFrom(
	ctx context.Context, table pgx.Identifier, columns []string, rows pgx.CopyFromSource,
) (int64, error) {
	ctx, done, err := h.enter(ctx)
	if err != nil {
		return 0, err
	}
	n, err := h.conn.CopyFrom(ctx, table, columns, rows)
	done(err)
	return n, err
}
