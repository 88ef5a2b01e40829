package pgstore

import (
	"context"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// exchange is statements that go to the server together, in one round trip, and
// what becomes of their answers. The zero value is ready to use.
type exchange struct{ statements []statement }

type statement struct {
	query string
	args  []any
	read  func(rows answer) error // nil when its rows do not matter
}

// answer is the rows of a statement, as pgx.Rows gives them.
type answer interface {
	Next() bool
	Scan(dest ...any) error
	Err() error
}

// add appends a statement. Read takes in its rows, before the next one is
// looked at; nil passes them over.
func (x *exchange) add(read func(rows answer) error, query string, args ...any) {
	if x.statements == nil {
		x.statements = make([]statement, 0, 4) // few have more
	}
	x.statements = append(x.statements, statement{query, args, read})
}

// send carries out the statements, up to the first that fails. It returns how
// many of them have succeeded, and the tag of the last.
func (x *exchange) send(ctx context.Context, conn *pgx.Conn) (done int, tag pgconn.CommandTag, err error) {
	if prepares(conn) {
		done, tag, err = x.sendPrepared(ctx, conn)
	} else {
		done, tag, err = x.sendBatch(ctx, conn)
	}
	// When reading fails, pgconn may say that the connection was closed before
	// anything was sent. Whoever believes that takes a commit for undone.
	if err != nil && conn.IsClosed() {
		err = lostError{err}
	}
	return done, tag, err
}

// preparing is what a connection is remembered by, once it is known whether it
// may have prepared statements.
const preparing = "cnerium.pgstore.prepares"

// prepares reports whether statements may be prepared on the connection: its
// settings say so, and nobody wants to be told of each of them.
func prepares(conn *pgx.Conn) bool {
	notes := conn.PgConn().CustomData()
	yes, known := notes[preparing].(bool)
	if !known {
		config := conn.Config()
		yes = config.DefaultQueryExecMode == pgx.QueryExecModeCacheStatement && config.Tracer == nil
		notes[preparing] = yes
	}
	return yes
}

// sendBatch leaves it to pgx how statements are sent, as the settings of the
// connection want it.
func (x *exchange) sendBatch(ctx context.Context, conn *pgx.Conn) (done int, tag pgconn.CommandTag, err error) {
	var b pgx.Batch
	for _, st := range x.statements {
		b.Queue(st.query, st.args...).Query(func(rows pgx.Rows) error {
			if err := st.take(rows); err != nil {
				return err
			}
			rows.Close()
			if err := rows.Err(); err != nil {
				return err
			}
			done, tag = done+1, rows.CommandTag()
			return nil
		})
	}
	err = conn.SendBatch(ctx, &b).Close()
	return done, tag, err
}

// take takes in the rows, if somebody asks for them.
func (st *statement) take(rows answer) error {
	if st.read == nil {
		return nil
	}
	return st.read(rows)
}
