package pgstore

import (
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"
)

// rows are the rows of a handler's query. They give the connection back, and
// do not give it away.
type rows struct {
	pgx.Rows
	done func(err error)
}

// Conn returns nil: the connection is not the handler's.
func (r *rows) Conn() *pgx.Conn { return nil }

// Next is that of pgx.Rows.
func (r *rows) Next() bool {
	if r.Rows.Next() {
		return true
	}
	r.done(r.Err()) // pgx has closed them
	return false
}

// Close is that of pgx.Rows.
func (r *rows) Close() {
	r.Rows.Close()
	r.done(r.Err())
}

// finish closes what the handler has left open.
func (r *rows) finish() { r.Close() }

// row is the only one of its rows that is asked for.
type row struct{ rows pgx.Rows }

// Scan is that of pgx.Row.
func (r row) Scan(dest ...any) error {
	defer r.rows.Close()
	if err := r.rows.Err(); err != nil {
		return err
	}
	if !r.rows.Next() {
		if err := r.rows.Err(); err != nil {
			return err
		}
		return pgx.ErrNoRows
	}
	if err := r.rows.Scan(dest...); err != nil {
		return err
	}
	r.rows.Close()
	return r.rows.Err()
}

// results are the results of a handler's batch.
type results struct {
	pgx.BatchResults
	done func(err error)
}

// Close is that of pgx.BatchResults.
func (r *results) Close() error {
	err := r.BatchResults.Close()
	r.done(err)
	return err
}

// Tx returns nil: a handler's transaction has no end of its own.
func (r *results) Tx() pgx.Tx { return nil }

// Query is that of pgx.BatchResults.
func (r *results) Query() (pgx.Rows, error) {
	found, err := r.BatchResults.Query()
	if err != nil {
		return found, err
	}
	return &rows{Rows: found, done: func(error) {}}, nil
}

func (r *results) finish() { _ = r.Close() } // its error is kept by done

// noRows stand for a query that was not sent.
type noRows struct{ err error }

// Close does nothing.
func (noRows) Close() {}

// Err returns why the query was not sent.
func (r noRows) Err() error { return r.err }

// CommandTag returns none.
func (noRows) CommandTag() pgconn.CommandTag { return pgconn.CommandTag{} }

// FieldDescriptions returns none.
func (noRows) FieldDescriptions() []pgconn.FieldDescription { return nil }

// Next returns false: there is no row.
func (noRows) Next() bool { return false }

// Scan returns why the query was not sent.
func (r noRows) Scan(...any) error { return r.err }

// Values returns why the query was not sent.
func (r noRows) Values() ([]any, error) { return nil, r.err }

// RawValues returns none.
func (noRows) RawValues() [][]byte { return nil }

// TypeMap returns nil: there is no connection.
func (noRows) TypeMap() *pgtype.Map { return nil }

// Conn returns nil, as that of rows does.
func (noRows) Conn() *pgx.Conn { return nil }

// noResults stand for a batch that was not sent.
type noResults struct{ rows noRows }

// Exec returns why the batch was not sent.
func (r noResults) Exec() (pgconn.CommandTag, error) { return pgconn.CommandTag{}, r.rows.err }

// Query returns why the batch was not sent.
func (r noResults) Query() (pgx.Rows, error) { return r.rows, r.rows.err }

// QueryRow returns a row that says why the batch was not sent.
func (r noResults) QueryRow() pgx.Row { return row{r.rows} }

// Close returns why the batch was not sent.
func (r noResults) Close() error { return r.rows.err }

// Tx returns nil, as that of results does.
func (noResults) Tx() pgx.Tx { return nil }
