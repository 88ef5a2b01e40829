package pgstore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	cnerium "github.com/cnerium/cnerium-go/runtime"
)

// Transaction returns the name of [Tx].
func (s *Store) Transaction() cnerium.Transaction { return Transaction }

// Transact runs a handler inside the transaction that stores its outcome. See
// [cnerium.Transactor]. The record is locked meanwhile; a transaction of
// another process on the same record waits for it.
func (s *Store) Transact(
	ctx context.Context, claim cnerium.Claim, run func(ctx context.Context, attempt int) (cnerium.Outcome, error),
) (cnerium.Record, error) {
	end, err := s.begin(ctx)
	if err != nil {
		return cnerium.Record{}, describe("transact", err)
	}
	defer end()
	if claim.Lease <= 0 {
		return cnerium.Record{}, describe("transact", errLease)
	}
	t := &transaction{Store: s, claim: claim, names: names(claim.ID), record: &record{}, began: time.Now()}
	granted, err := t.open(ctx)
	if err != nil || !granted {
		s.meet(claim.ID, acquaintance)
		return t.found, describe("transact", err)
	}
	defer func() { t.handle.end() }() // also when the handler panics
	outcome, err := t.call(ctx, run)
	if err != nil {
		return cnerium.Record{}, t.stray(ctx, err)
	}
	if err := t.store(ctx, outcome); err != nil {
		return cnerium.Record{}, describe("transact", t.stray(ctx, err))
	}
	s.meet(claim.ID, milliseconds(outcome.Retention))
	return t.found, nil
}

// transaction is one call of Transact.
type transaction struct {
	*Store
	claim  cnerium.Claim
	names  []any // of the record, as parameters
	began  time.Time
	token  int64
	xid    string         // of the transaction, when it has locked the name only; "" when it has the row
	record *record        // with the attempt, once the claim is granted
	handle *handle        // once the claim is granted
	until  time.Time      // when the commit must have ended, once it has begun
	astray bool           // the handler may have committed, which it must not
	found  cnerium.Record // what Transact returns
}

// call runs the handler. When its time is over, the transaction ends without
// waiting for it.
func (t *transaction) call(
	ctx context.Context, run func(ctx context.Context, attempt int) (cnerium.Outcome, error),
) (cnerium.Outcome, error) {
	t.handle.ctx = ctx
	stop := context.AfterFunc(ctx, t.handle.abort)
	defer stop() // also when the handler panics
	outcome, err := run(context.WithValue(ctx, txKey{}, Tx(t.handle)), int(t.record.attempt))
	stopped := stop()
	failure := t.handle.close()
	t.astray = t.handle.left
	switch {
	case (!stopped || ctx.Err() != nil) && err == nil: // a context has ended before it calls abort
		return outcome, context.Cause(ctx)
	case ctx.Err() != nil && err != nil:
		return outcome, err
	// Whatever the handler has made of it, nothing of it is stored.
	case failure != nil && (isConflict(failure) || isLost(failure)):
		return outcome, errors.Join(serialization(failure), err)
	case err != nil:
		return outcome, err
	case failure != nil && !outcome.Discard:
		return outcome, describe("transact", failure)
	}
	return outcome, describe("transact", checkOutcome(outcome))
}

func serialization(err error) error { return fmt.Errorf("%w: %w", cnerium.ErrSerialization, err) }

// store commits the outcome beside what the handler has written, in one go.
// Once it has begun, the end of the context stops nothing: a COMMIT that is
// interrupted could have happened all the same.
func (t *transaction) store(ctx context.Context, outcome cnerium.Outcome) error {
	ctx = context.WithoutCancel(ctx)
	t.until = time.Now().Add(grace)
	if outcome.Discard {
		if err := t.discard(ctx); err != nil {
			return err
		}
	}
	conn := t.handle.conn.Conn()
	done, written, err := t.finish(ctx, conn, outcome)
	err = finding(conn, err)
	switch {
	case err == nil:
	case isLost(err):
		t.handle.end() // what is left of it is in the way when the pool is small
		if done, err = t.recall(ctx, err); err != nil {
			return err
		}
	case isConflict(err), !written && t.isTaken(err):
		return serialization(err)
	case code(err) == codeDivision && !written:
		t.astray = true
		return errEnded(err)
	case written && isRefusal(err):
		return fmt.Errorf("%w: %w", cnerium.ErrRefused, err)
	default:
		return err
	}
	if len(outcome.Events) > 0 {
		t.notifier.wake()
	}
	t.found = cnerium.Record{
		ID: t.claim.ID, State: cnerium.StateCommitted, Attempt: int(t.record.attempt), Since: timeOf(done.now),
		Response: outcome.Response, Cursor: t.eventCursor(done.event),
	}
	copy(t.found.Fingerprint[:], t.record.fingerprint)
	return nil
}

// stray looks what has become of a transaction that the handler has ended
// itself. When he has committed it, its outcome is unknown, so the record is
// reserved. The error is the one that there is anyway, unless it says that
// nothing was stored. Of a transaction whose connection was lost nothing can be
// asked: a standby that was promoted gives its number to another one.
func (t *transaction) stray(ctx context.Context, failed error) error {
	if !t.astray || t.xid == "" {
		return failed
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()
	t.handle.end() // the connection may be the only one
	committed := false
	err := t.persist(ctx, func(ctx context.Context) error {
		return t.using(ctx, func(conn *pgx.Conn) error { return conn.QueryRow(ctx, sqlStatus, t.xid).Scan(&committed) })
	})
	if err == nil && committed {
		_, _, err = t.reserve(ctx, t.claim)
	}
	if err != nil || committed && errors.Is(failed, cnerium.ErrSerialization) {
		return errors.Join(errCommitted, err)
	}
	return failed
}

var errCommitted = errors.New("the handler may have committed its transaction itself, which it must not")

// discard undoes all and claims the record again, for the outcome alone. In
// between somebody else may have taken it; then nothing is stored, and whoever
// comes again finds that. A savepoint would avoid this, and cost each handler
// two statements.
func (t *transaction) discard(ctx context.Context) error {
	ctx, cancel := context.WithDeadline(ctx, t.until)
	defer cancel()
	t.handle.end()
	before := t.record.attempt
	granted, err := t.take(ctx)
	if err != nil && code(err) != codeLockTimeout {
		return err
	}
	if !granted || t.record.attempt != before {
		return serialization(errors.New("another process has taken the record"))
	}
	return nil
}

// recall finds out what has become of a transaction whose end was not heard
// of. When nothing of it is to be seen, it may still be under way: who asks
// again with the same key waits for that.
func (t *transaction) recall(ctx context.Context, lost error) (found, error) {
	ctx, cancel := context.WithDeadline(ctx, t.until)
	defer cancel()
	lease := cnerium.Lease{ID: t.claim.ID, Token: t.token}
	done, err := t.isCommitted(ctx, lease, lost)
	if err != nil && !errors.Is(err, cnerium.ErrLeaseLost) {
		return found{}, fmt.Errorf("the answer to the commit was lost: %w, and then: %w", lost, err)
	}
	if err != nil {
		return found{}, fmt.Errorf("the answer to the commit was lost: %w", lost)
	}
	return done, nil
}
