package sqlitestore

import (
	"context"
	"database/sql/driver"
	"errors"
)

// nested makes the writer's connection that of a pool whose transactions are
// savepoints inside a batch, which are open already. So a handler that asks for
// rows has a true *sql.Tx, whose end closes the statements and rows that it has
// left open, waits for what is still running, and lets nothing in any more,
// although the batch goes on.
type nested struct{ w *writer }

// Connect returns the writer's connection, as often as it is asked for: the
// pool has one at a time.
func (n nested) Connect(context.Context) (driver.Conn, error) { return n, nil }

// Driver is never called: nobody opens this pool by name.
func (n nested) Driver() driver.Driver { return nil }

// Close leaves the connection to the writer.
func (n nested) Close() error { return nil }

const (
	openSavepoint   = `SAVEPOINT cnerium_handler`
	undoSavepoint   = `ROLLBACK TO cnerium_handler`
	forgetSavepoint = `RELEASE cnerium_handler`
)

var errEnded = errors.New("the handler ended the transaction, or went on after an error that did")

// Begin implements driver.Conn.
func (n nested) Begin() (driver.Tx, error) { return nestedTx{}, nil }

// BeginTx begins for database/sql alone.
func (n nested) BeginTx(context.Context, driver.TxOptions) (driver.Tx, error) { return n.Begin() }

// Prepare implements driver.Conn.
func (n nested) Prepare(query string) (driver.Stmt, error) {
	return n.PrepareContext(context.Background(), query)
}

// PrepareContext prepares on the writer's connection. A statement that runs
// after SQLite has undone the transaction changes nothing: see writer.guard.
func (n nested) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	if n.w.undone.Load() {
		return nil, errEnded
	}
	return n.w.session.conn.PrepareContext(ctx, query)
}

// ExecContext executes on the writer's connection.
func (n nested) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	if n.w.undone.Load() {
		return nil, errEnded
	}
	return n.w.prepared.exec(ctx, query, args)
}

// QueryContext queries the writer's connection.
func (n nested) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	if n.w.undone.Load() {
		return nil, errEnded
	}
	return n.w.prepared.query(ctx, query, args)
}

// nestedTx begins and ends for database/sql alone. What becomes of the
// savepoint is decided once nothing can run in it any more.
type nestedTx struct{}

// Commit does nothing.
func (nestedTx) Commit() error { return nil }

// Rollback does nothing.
func (nestedTx) Rollback() error { return nil }
