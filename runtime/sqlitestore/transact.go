package sqlitestore

import (
	"context"
	"database/sql"
	"fmt"
	"sync"
	"time"

	cnerium "github.com/cnerium/cnerium-go/runtime"
)

var _ cnerium.Transactor = (*Store)(nil)

// Transaction returns the name of [Tx].
func (s *Store) Transaction() cnerium.Transaction { return Transaction }

// Transact runs a handler inside the transaction that stores its outcome. See
// [cnerium.Transactor]. Other writes of the store wait meanwhile, but not
// longer than the context lasts.
func (s *Store) Transact(
	ctx context.Context, claim cnerium.Claim, run func(ctx context.Context, attempt int) (cnerium.Outcome, error),
) (cnerium.Record, error) {
	if claim.Lease <= 0 {
		return cnerium.Record{}, describe("transact", errLease)
	}
	t := &transaction{Store: s, claim: claim}
	granted, err := t.open(ctx)
	if err == nil && !granted {
		var again bool
		if again, err = s.bury(ctx, t.record, t.found.State); again {
			t = &transaction{Store: s, claim: claim}
			granted, err = t.open(ctx)
		}
	}
	if err != nil || !granted {
		return t.found, err
	}
	defer t.end()
	outcome, err := t.call(ctx, run)
	if err != nil {
		return cnerium.Record{}, err
	}
	err = t.commit(context.WithoutCancel(ctx), outcome)
	return t.found, describe("transact", err)
}

// transaction is one call of Transact, which has the writer's turn.
type transaction struct {
	*Store
	claim cnerium.Claim
	tx    *sql.Tx
	once  sync.Once

	record *record
	found  cnerium.Record // what Transact returns
}

const (
	openSavepoint   = `SAVEPOINT cnerium_handler`
	undoSavepoint   = `ROLLBACK TO cnerium_handler`
	forgetSavepoint = `RELEASE cnerium_handler`
)

// open waits for the writer's turn and reserves the record in a transaction.
// That the record has a token and a lease for the time being is not seen
// outside, and costs one query for both kinds of handlers. The transaction is
// left open only if the claim is granted.
func (t *transaction) open(ctx context.Context) (granted bool, err error) {
	if err := t.writer.turn.take(ctx, false); err != nil {
		return false, describe("transact", err)
	}
	defer func() {
		if !granted {
			t.end()
		}
	}()
	if t.closed.Load() {
		return false, describe("transact", errClosed)
	}
	if err = patiently(ctx, t.begin); err == nil {
		granted, err = t.take(context.WithoutCancel(ctx))
	}
	return granted, describe("transact", err)
}

// begin begins the transaction with the write lock. A pool of the application
// may begin transactions without it, and it must be taken before the first
// read, or what was read could be old when it comes to writing.
func (t *transaction) begin(ctx context.Context) (err error) {
	if t.tx, err = t.writer.conn.BeginTx(ctx, nil); err != nil {
		return err
	}
	if _, err = t.writer.exec(ctx, takeWriteLock); err != nil {
		_ = t.tx.Rollback() // it has changed nothing
	}
	return err
}

// take reserves the record in the transaction.
func (t *transaction) take(ctx context.Context) (granted bool, err error) {
	now := t.now().UnixMilli()
	if t.record, granted, err = reserve(ctx, t.writer.statements, t.claim, t.boot.id, now); err != nil {
		return false, err
	}
	if t.found, err = t.record.at(now, t.eventCursor); err != nil || !granted {
		return false, err
	}
	_, err = t.writer.exec(ctx, openSavepoint)
	return err == nil, err
}

const takeWriteLock = `UPDATE cnerium_meta SET token = token`

// call runs the handler. When its time is over, the transaction ends without
// waiting for it.
func (t *transaction) call(
	ctx context.Context, run func(ctx context.Context, attempt int) (cnerium.Outcome, error),
) (cnerium.Outcome, error) {
	t.writer.handling.Store(true)
	stop := context.AfterFunc(ctx, t.end)
	defer stop() // also when the handler panics
	outcome, err := run(context.WithValue(ctx, txKey{}, Tx(handlerTx{tx: t.tx, ctx: ctx})), t.record.attempt)
	switch {
	case err != nil:
		return outcome, err
	case !stop(), ctx.Err() != nil: // a context has ended before it calls t.end
		return outcome, context.Cause(ctx)
	}
	return outcome, checkOutcome(outcome)
}

// commit stores the outcome beside what the handler has written.
func (t *transaction) commit(ctx context.Context, outcome cnerium.Outcome) error {
	q := t.writer.statements
	if outcome.Discard {
		if _, err := q.exec(ctx, undoSavepoint); err != nil {
			return errEnded(err)
		}
	}
	// While rows of a statement that writes are open the savepoint cannot be
	// forgotten, but it is there. The commit closes them.
	if _, err := q.exec(ctx, forgetSavepoint); err != nil && !isBusy(err) {
		return errEnded(err)
	}
	lease := &cnerium.Lease{ID: t.claim.ID, Token: t.record.token}
	now := t.now().UnixMilli()
	last, err := store(ctx, q, lease, outcome, now)
	if err != nil {
		return err
	}
	t.writer.handling.Store(false)
	if err := t.tx.Commit(); err != nil {
		_, _ = q.exec(ctx, rollback) // database/sql counts the transaction as ended, SQLite may not
		if code(err) == codeConstraint {
			err = fmt.Errorf("%w: %w", cnerium.ErrRefused, err)
		}
		return err
	}
	t.found.State = cnerium.StateCommitted
	t.found.Since = time.UnixMilli(now).UTC()
	t.found.Cursor = t.eventCursor(last)
	t.found.Response = outcome.Response.Clone()
	return nil
}

// errEnded explains why the savepoint is gone.
func errEnded(err error) error {
	return fmt.Errorf("the handler ended the transaction, or went on after an error that did: %w", err)
}

// end undoes what is not committed, and gives the turn to the next.
func (t *transaction) end() {
	t.once.Do(func() {
		if t.tx != nil {
			_ = t.tx.Rollback() // ErrTxDone after the commit
		}
		t.writer.handling.Store(false)
		t.writer.turn.give()
	})
}
