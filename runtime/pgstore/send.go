package pgstore

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// using lends a connection of the pool to f. Its error says whether the
// connection has ended with it.
func (s *Store) using(ctx context.Context, f func(conn *pgx.Conn) error) error {
	conn, err := s.acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release()
	return finding(conn.Conn(), f(conn.Conn()))
}

func (s *Store) acquire(ctx context.Context) (*pgxpool.Conn, error) {
	conn, err := s.pool.Acquire(ctx)
	if err != nil {
		return nil, unsentError{err}
	}
	return conn, nil
}

// finding says of an error whether the connection has ended with it.
func finding(conn *pgx.Conn, err error) error {
	if err != nil && conn.IsClosed() && !pgconn.SafeToRetry(err) {
		return lostError{err}
	}
	return err
}

// transact sends the statements of fill as one transaction, in one go.
func transact(ctx context.Context, conn *pgx.Conn, begin string, fill func(x *exchange)) error {
	var x exchange
	x.add(nil, begin)
	fill(&x)
	x.add(nil, commit)
	_, end, err := x.send(ctx, conn)
	if err == nil && end.String() != commit {
		err = errUndone
	}
	if err != nil {
		rollBack(ctx, conn)
	}
	return err
}

const (
	commit   = "COMMIT"
	rollback = "ROLLBACK"
)

var errUndone = errors.New("the server has undone the transaction")

// rollBack ends the transaction of a connection. When that fails, or there is
// no time left for it, the pool closes the connection, which ends it, too.
func rollBack(ctx context.Context, conn *pgx.Conn) {
	if !conn.IsClosed() && conn.PgConn().TxStatus() != 'I' && ctx.Err() == nil {
		_, _ = conn.Exec(ctx, rollback)
	}
}

// limit is the time at which reading and writing end; the zero time is none. A
// connection that has ended looks after its own.
func limit(conn *pgx.Conn, at time.Time) {
	if !conn.IsClosed() {
		_ = conn.PgConn().Conn().SetDeadline(at) // whoever reads or writes has the same error
	}
}

// settleDown waits a while until the server is done with a connection that has
// ended in the middle of something: what it has locked is in the way of
// whoever comes next.
func settleDown(conn *pgx.Conn) {
	if !conn.IsClosed() {
		return
	}
	timer := time.NewTimer(time.Second)
	defer timer.Stop()
	select {
	case <-conn.PgConn().CleanupDone():
	case <-timer.C:
	}
}

// first scans the first row into dest, and reports whether there is one.
func first(rows answer, dest ...any) (bool, error) {
	if !rows.Next() {
		return false, rows.Err()
	}
	return true, rows.Scan(dest...)
}
