package sqlitestore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"modernc.org/sqlite"

	cnerium "github.com/cnerium/cnerium-go/runtime"
)

var _ cnerium.Transactor = (*Store)(nil)

// Transaction returns the name of [Tx].
func (s *Store) Transaction() cnerium.Transaction { return Transaction }

// Transact runs a handler inside the transaction that stores its outcome. See
// [cnerium.Transactor]. Other writes of the store wait meanwhile, but not
// longer than the context lasts. An error that wraps
// [cnerium.ErrSerialization] says that another operation has undone the
// transaction in which both were.
func (s *Store) Transact(
	ctx context.Context, claim cnerium.Claim, run func(ctx context.Context, attempt int) (cnerium.Outcome, error),
) (cnerium.Record, error) {
	if claim.Lease <= 0 {
		return cnerium.Record{}, describe("transact", errLease)
	}
	t, err := s.transact(ctx, claim, run)
	if err == nil && !t.granted {
		var again bool
		if again, err = s.bury(ctx, t.record, t.found.State); again {
			t, err = s.transact(ctx, claim, run)
		}
	}
	if err != nil {
		return cnerium.Record{}, err
	}
	s.meet(t.record)
	if t.granted {
		s.cache.keep(t.record, t.found.Cursor)
	}
	return t.found, nil
}

// transact is Transact without a look at dead processes.
func (s *Store) transact(
	ctx context.Context, claim cnerium.Claim, run func(ctx context.Context, attempt int) (cnerium.Outcome, error),
) (*transaction, error) {
	for {
		t := &transaction{Store: s, claim: claim, task: newTask(handler, false, nil)}
		if err := t.enter(ctx); err != nil {
			return nil, describe("transact", err)
		}
		err := t.play(ctx, run)
		if !errors.Is(err, cnerium.ErrSerialization) || t.granted {
			return t, err
		}
	}
}

// holdUp is how long a handler may keep others waiting before it is named in
// the log.
const holdUp = time.Second

// transaction is one call of Transact, as a task of the writer.
type transaction struct {
	*Store
	*task
	claim cnerium.Claim
	batch *batch
	tx    *handlerTx // nil without a savepoint
	begun time.Time  // when the handler began

	// holds tells that the call's own goroutine has the writer.
	holds bool

	granted bool
	record  *record
	found   cnerium.Record // what Transact returns
}

// enter waits for the writer, and for a transaction.
func (t *transaction) enter(ctx context.Context) error {
	w := t.writer
	e, err := w.queue.wait(ctx, t.task)
	if err != nil {
		return err
	}
	t.batch = e.batch
	if t.batch == nil {
		if t.batch, err = w.begin(ctx); err != nil {
			w.queue.give()
			return err
		}
		t.batch.lonely = w.alone > 0
		w.alone = max(0, w.alone-1)
	} else if err = ctx.Err(); err != nil {
		t.batch.goOn()
		return err
	}
	t.batch.tasks = append(t.batch.tasks, t.task)
	t.holds = true
	return nil
}

// play does what the transaction is for, and returns once the batch is
// committed.
func (t *transaction) play(
	ctx context.Context, run func(ctx context.Context, attempt int) (cnerium.Outcome, error),
) error {
	defer func() {
		if t.holds { // something panics, or ends the goroutine
			t.undo(errEnded)
			t.goOn()
		}
	}()
	var err error
	if t.granted, err = t.open(); err != nil {
		t.spoil(describe("transact", err))
	} else if t.granted {
		if expired := t.handle(ctx, run); expired != nil {
			return expired
		}
	}
	whole := t.err == nil
	t.goOn()
	<-t.wake
	if whole { // what is wrong now came up at the commit
		return describe("transact", t.err)
	}
	return t.err
}

// goOn leaves the writer to the rest of the batch.
func (t *transaction) goOn() {
	t.holds = false
	t.batch.goOn()
}

// open finds out whether the claim is granted, and if so opens the handler's
// transaction. The record is written after the handler: until then nobody else
// can see or change anything.
func (t *transaction) open() (bool, error) {
	q := t.writer.session
	now := t.now().UnixMilli()
	var err error
	if t.record, err = findNewRecord(q, t.claim.ID); err != nil {
		return false, err
	}
	granted := t.record.grant(t.claim, t.boot.id, now)
	if t.found = t.record.at(now, t.eventCursor); !granted {
		return false, err
	}
	if _, err = q.exec(openSavepoint); err != nil {
		return false, err
	}
	t.tx = &handlerTx{writer: t.writer}
	t.writer.handling.Store(true)
	return true, nil
}

// handle runs the handler and stores its outcome. When the handler's time is
// over, its writes are undone and the batch goes on without waiting for it:
// then the error says so.
func (t *transaction) handle(
	ctx context.Context, run func(ctx context.Context, attempt int) (cnerium.Outcome, error),
) error {
	t.begun = time.Now()
	t.tx.ctx = ctx
	stop := context.AfterFunc(ctx, func() {
		t.undo(context.Cause(ctx))
		t.batch.goOn()
	})
	t.holds = false // until the handler has ended in time, however it ends
	defer func() { t.holds = t.holds || stop() }()
	outcome, err := run(context.WithValue(ctx, txKey{}, Tx(t.tx)), t.record.attempt)
	if !stop() {
		return context.Cause(ctx)
	}
	t.holds = true
	if err == nil && ctx.Err() != nil { // a context has ended before it says so
		err = context.Cause(ctx)
	}
	if err == nil {
		err = checkOutcome(outcome)
	}
	if err == nil {
		err = describe("transact", t.store(outcome))
	}
	if err != nil {
		t.undo(err)
	}
	return nil
}

// store stores the outcome beside what the handler has written.
func (t *transaction) store(outcome cnerium.Outcome) error {
	if err := t.leave(); err != nil {
		return err
	}
	q := t.writer.session
	if outcome.Discard {
		if _, err := q.exec(undoSavepoint); err != nil {
			return fmt.Errorf("%w: %w", errEnded, err)
		}
	}
	unresolved, _, err := q.conn.Status(sqlite.DBStatusDeferredFKs, false)
	if err != nil {
		return err
	}
	if unresolved != 0 {
		return fmt.Errorf("%w: FOREIGN KEY constraint failed", cnerium.ErrRefused)
	}
	now := t.now().UnixMilli()
	row := newCommitted(t.claim.ID, t.writer.tokens.next(), outcome)
	row.fingerprint, row.attempt, row.boot = t.record.fingerprint, t.record.attempt, t.record.boot
	row.since, row.expiresAt = now, now+milliseconds(outcome.Retention)
	if err := row.insert(q, outcome.Events); err != nil {
		return err
	}
	t.record = row
	if _, err := q.exec(forgetSavepoint); err != nil {
		return fmt.Errorf("%w: %w", errEnded, err)
	}
	t.found.State = cnerium.StateCommitted
	t.found.Since = time.UnixMilli(now).UTC()
	t.found.Cursor = t.eventCursor(row.event)
	t.found.Response = outcome.Response
	return nil
}

// leave ends what the handler can do. It waits for a statement that is running
// and closes all that is open, also when that has happened already. The error
// says that the transaction is gone.
func (t *transaction) leave() error {
	t.tx.end()
	t.observe()
	t.writer.handling.Store(false)
	if t.writer.undone.Load() {
		return errEnded
	}
	return nil
}

// undo undoes what the handler has written. What others have written in the
// same transaction stays, unless SQLite has undone all of it.
func (t *transaction) undo(reason error) {
	t.err = reason
	if t.tx == nil {
		t.spoil(reason)
		return
	}
	err := t.leave()
	for _, query := range []string{undoSavepoint, forgetSavepoint} {
		if err == nil {
			_, err = t.writer.exec(query)
		}
	}
	if err != nil {
		t.spoil(reason)
	}
}

// spoil breaks the batch, for a reason that is the fault of this task.
func (t *transaction) spoil(reason error) {
	t.err, t.guilty = reason, true
	t.batch.broken = errors.Join(errUndone, reason)
}

// observe remembers how long the handler took, and tells who holds up others.
func (t *transaction) observe() {
	took := time.Since(t.begun)
	if t.begun.IsZero() {
		return
	}
	t.begun = time.Time{}
	t.writer.pace = (7*t.writer.pace + min(took, 4*t.writer.patience.handler)) / 8
	if waiting := t.writer.queue.length(); took >= holdUp && waiting > 0 {
		t.log().Warn("a transactional handler has held up other writes",
			"operation", t.claim.ID.Operation, "took", took, "waiting", waiting)
	}
}
