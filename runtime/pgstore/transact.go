package pgstore

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	cnerium "github.com/cnerium/cnerium-go/runtime"
)

// Transaction returns the name of [Tx].
func (s *Store) Transaction() cnerium.Transaction { return Transaction }

// Transact runs a handler inside the transaction that stores its outcome. See
// [cnerium.Transactor]. The record's row is locked meanwhile; a transaction of
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
	t := &transaction{Store: s, claim: claim, record: &record{}, began: time.Now()}
	granted, err := t.open(ctx)
	if err != nil || !granted {
		return t.found, describe("transact", err)
	}
	defer func() { t.handle.end() }() // also when the handler panics
	outcome, err := t.call(ctx, run)
	if err != nil {
		return cnerium.Record{}, err
	}
	if err := t.store(ctx, outcome); err != nil {
		return cnerium.Record{}, describe("transact", err)
	}
	return t.found, nil
}

// transaction is one call of Transact.
type transaction struct {
	*Store
	claim  cnerium.Claim
	began  time.Time
	token  int64
	record *record
	handle *handle        // once the claim is granted
	found  cnerium.Record // what Transact returns
}

// open claims the record in a transaction, which is left open only if the
// claim is granted. When the record is in the hands of another transaction
// for too long, what is found is a reserved record.
func (t *transaction) open(ctx context.Context) (granted bool, err error) {
	for {
		err := t.persist(ctx, func(ctx context.Context) error {
			granted, err = t.take(ctx)
			return err
		})
		switch {
		case code(err) == codeLockTimeout:
			t.found = cnerium.Record{
				ID: t.claim.ID, State: cnerium.StateReserved, Fingerprint: t.claim.Fingerprint,
				Since: t.began.UTC().Truncate(time.Millisecond),
			}
			return false, nil
		case isConflict(err):
			return false, serialization(err)
		case err != nil || granted:
			return granted, err
		}
		if t.record, err = t.find(ctx, t.claim.ID); err != nil {
			return false, err
		}
		// What was in the way may be gone by now.
		if !t.record.grants(t.claim) {
			t.found, err = t.view(t.record)
			return false, err
		}
	}
}

// take begins a transaction and claims the record in it, in one go.
func (t *transaction) take(ctx context.Context) (granted bool, err error) {
	conn, err := t.acquire(ctx)
	if err != nil {
		return false, err
	}
	t.token = newToken()
	var b pgx.Batch
	b.Queue(beginHandler(t.opts.Isolation))
	op := t.taking(func(rows pgx.Rows) (err error) {
		t.record = &record{id: t.claim.ID}
		if !rows.Next() {
			return rows.Err()
		}
		var timeout *string
		granted = true
		return rows.Scan(append(append([]any{&granted, &t.record.now}, t.record.columns()...), &timeout)...)
	})
	b.Queue(op.query, op.args...).Query(op.read)
	err = finding(conn.Conn(), conn.SendBatch(ctx, &b).Close())
	if err != nil || !granted {
		rollBack(ctx, conn.Conn())
		settleDown(conn.Conn())
		conn.Release()
		return false, err
	}
	t.handle = newHandle(conn)
	return true, nil
}

func beginHandler(isolation pgx.TxIsoLevel) string {
	if isolation == "" {
		return "BEGIN"
	}
	return "BEGIN ISOLATION LEVEL " + string(isolation)
}

// taking is the statement that claims the record in a transaction.
func (t *transaction) taking(read func(rows pgx.Rows) error) *operation {
	op := t.claiming(t.claim, t.token, read)
	patience := strconv.FormatInt(max(1, milliseconds(t.claim.Wait-time.Since(t.began))), 10)
	if anonymous(t.claim) {
		op.query, op.args = t.sql.openTakeOver, append(op.args, patience)
	} else {
		op.query, op.args = t.sql.open, append(op.args, patience)
	}
	return op
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
	switch {
	case (!stopped || ctx.Err() != nil) && err == nil: // a context has ended before it calls abort
		return outcome, context.Cause(ctx)
	case err != nil && failure != nil && (isConflict(failure) || isLost(failure) && ctx.Err() == nil):
		return outcome, fmt.Errorf("%w: %w", serialization(failure), err)
	case err != nil:
		return outcome, err
	case failure != nil && (isConflict(failure) || isLost(failure)):
		return outcome, serialization(failure) // nothing is stored, and the handler is not to blame
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
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()
	if outcome.Discard {
		if err := t.discard(ctx); err != nil {
			return err
		}
	}
	conn := t.handle.conn.Conn()
	found, written, err := t.finish(ctx, conn, outcome)
	err = finding(conn, err)
	switch {
	case err == nil:
	case isLost(err):
		t.handle.end() // what is left of it is in the way when the pool is small
		if found, err = t.recall(ctx, err); err != nil {
			return err
		}
	case isConflict(err):
		return serialization(err)
	case written && isRefusal(err):
		return fmt.Errorf("%w: %w", cnerium.ErrRefused, err)
	default:
		return err
	}
	if len(outcome.Events) > 0 {
		t.notifier.wake()
	}
	t.found = cnerium.Record{
		ID: t.claim.ID, State: cnerium.StateCommitted, Attempt: int(t.record.attempt), Since: timeOf(found.now),
		Response: outcome.Response.Clone(), Cursor: t.eventCursor(found.event),
	}
	copy(t.found.Fingerprint[:], t.record.fingerprint)
	return nil
}

// discard undoes all and claims the record again, for the outcome alone. In
// between somebody else may have taken it; then nothing is stored, and whoever
// comes again finds that. A savepoint would avoid this, and cost each handler
// two statements.
func (t *transaction) discard(ctx context.Context) error {
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

// finish sends the last statements. Once the outcome is written, what fails is
// the commit.
func (t *transaction) finish(
	ctx context.Context, conn *pgx.Conn, outcome cnerium.Outcome,
) (found settled, written bool, err error) {
	op := t.committing(outcome)
	op.args = append(append(names(t.claim.ID), t.token), op.args...)
	var b pgx.Batch
	query := t.sql.finish
	if op.emits {
		b.Queue(t.sql.lockTicket)
		query = t.sql.finishEvents
	}
	b.Queue(query, op.args...).Query(func(rows pgx.Rows) (err error) {
		var held int64
		written, err = first(rows, &found.now, &found.event.ticket, &found.event.n, &held)
		if err == nil {
			rows.Close()
			err = rows.Err()
		}
		written = written && err == nil
		return err
	})
	var end string
	b.Queue(commit).Exec(func(tag pgconn.CommandTag) error {
		end = tag.String()
		return nil
	})
	err = conn.SendBatch(ctx, &b).Close()
	switch {
	case err == nil && end != commit:
		err = errEnded(errUndone)
	case code(err) == codeDivision && !written:
		err = errEnded(err)
	}
	return found, written, err
}

// codeDivision is what the last statement fails with when the record is not
// that of the transaction which was begun.
const codeDivision = "22012"

// errEnded explains why the transaction is not the one that was begun.
func errEnded(err error) error {
	return fmt.Errorf("the handler ended the transaction, or went on after an error that did: %w", err)
}

// recall finds out what has become of a transaction whose end was not heard
// of. When nothing of it is to be seen, it may still be under way: who asks
// again with the same key waits for that.
func (t *transaction) recall(ctx context.Context, lost error) (settled, error) {
	lease := cnerium.Lease{ID: t.claim.ID, Token: t.token}
	found, err := t.isCommitted(ctx, lease, lost)
	if err != nil && !errors.Is(err, cnerium.ErrLeaseLost) {
		return settled{}, fmt.Errorf("the answer to the commit was lost: %w, and then: %w", lost, err)
	}
	if err != nil {
		return settled{}, fmt.Errorf("the answer to the commit was lost: %w", lost)
	}
	return found, nil
}
