package pgstore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	cnerium "github.com/cnerium/cnerium-go/runtime"
)

// finish sends the last statements. Once the outcome is written, what fails is
// the commit. It is the connection that limits their time, which costs less than
// a context that ends.
func (t *transaction) finish(
	ctx context.Context, conn *pgx.Conn, outcome cnerium.Outcome,
) (done found, written bool, err error) {
	var x exchange
	if len(outcome.Events) > 0 {
		x.add(nil, t.sql.lockTicket)
	}
	query, args := t.last(outcome)
	x.add(func(rows answer) error {
		_, err := first(rows, &done.now, &done.event.ticket, &done.event.n, new(int64))
		return err
	}, query, args...)
	before := len(x.statements)
	x.add(nil, commit)
	limit(conn, t.until)
	n, end, err := x.send(ctx, conn)
	limit(conn, time.Time{})
	if err == nil && end.String() != commit {
		err = errEnded(errUndone)
	}
	return done, n >= before, err
}

// last returns the statement that stores the outcome.
func (t *transaction) last(outcome cnerium.Outcome) (query string, args []any) {
	op := committing(outcome)
	args = append(make([]any, 0, 11), t.names...)
	args = append(args, t.token, t.now(), op.retention, op.status, op.header, op.body)
	silent, announcing := t.sql.finish, t.sql.finishEvents
	if t.xid != "" {
		silent, announcing = t.sql.insert, t.sql.insertEvents
		args = append(args, t.record.fingerprint, t.xid)
	}
	if !op.emits() {
		return silent, args
	}
	return announcing, append(append(args, t.horizon.Load()), columns(op.events)...)
}

// isTaken reports whether the last statement has failed because somebody has
// written the record who did not wait for the lock.
func (t *transaction) isTaken(err error) bool {
	var failed *pgconn.PgError
	return errors.As(err, &failed) && failed.Code == codeUnique &&
		failed.SchemaName == t.opts.Schema && failed.TableName == "records"
}

const (
	codeUnique = "23505"

	// codeDivision is what the last statement fails with when the transaction
	// is not the one that was begun.
	codeDivision = "22012"
)

// errEnded explains why the transaction is not the one that was begun.
func errEnded(err error) error {
	return fmt.Errorf("the handler ended the transaction, or went on after an error that did: %w", err)
}
