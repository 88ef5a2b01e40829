package cnerium

import (
	"context"
	"errors"
	"time"
)

// Transaction names the type of the transactions of a store, as handlers take
// it: "sqlitestore.Tx". The zero value stands for none.
type Transaction string

// ErrRefused is returned by Transact when the store cannot commit what the
// handler has written, for example because it breaks a deferred constraint.
var ErrRefused = errors.New("the store refuses what the handler has written")

// ErrSerialization is returned by Transact when the handler's transaction could
// not be carried through beside others: nothing of it is stored, and running
// the handler again may succeed.
var ErrSerialization = errors.New("the transaction could not be carried through beside others")

// Transactor is a [Store] that can run a handler inside the transaction in
// which it stores the handler's outcome.
type Transactor interface {
	Store

	// Transaction names the type of the store's transactions.
	Transaction() Transaction

	// Transact runs the handler if the claim would be granted, inside a
	// transaction that the store puts into the context, and stores what it
	// returns together with what it has written there. It needs no
	// reservation: until the end nobody sees anything of it, and a crash
	// leaves nothing behind.
	//
	// When run is not called, because the record is not free, the returned
	// record says who was first. While the transaction of another process has
	// the record, Transact waits as long as the claim allows; when that is
	// over, the record is a reserved one with Attempt 0, for nobody can see
	// more of it. Run is called once at most. When run returns an error, or does not
	// return, all is undone, and Transact returns the error as it is. When
	// the context ends before the commit, all is undone at once, also while
	// run is still under way, and Transact returns the context's error after
	// run has returned. When Transact returns nil after run was called, all
	// is as durable as after Commit, and the record is the committed one, with
	// the cursor of its last event; when it returns an error, nothing of it
	// is stored, but for an error of the commit itself, where either nothing
	// or all of it is. An error that wraps ErrRefused says that the commit
	// failed for what the handler has written, and would fail again; one that
	// wraps ErrSerialization says that it need not fail again.
	Transact(ctx context.Context, claim Claim, run func(ctx context.Context, attempt int) (Outcome, error)) (Record, error)
}

// maxRuns is how often a transactional handler is run whose transaction cannot
// be carried through beside others. Nothing of the runs before is left, so it
// is as if the client had come again.
const maxRuns = 5

// transact runs a transactional handler and answers with what comes of it. It
// has no answer when the record was not free.
func (x *execution) transact() {
	store := x.rt.app.store.(Transactor) // Start has checked it
	concluded := false
	defer func() {
		if !concluded { // the handler has ended this goroutine, or something panics
			x.answer = x.failed(internalError(), errGoexit)
		}
	}()
	ctx, begun := x.ctx, time.Now()
	for run := 1; ; run++ {
		t := &transactional{execution: x, err: errGoexit}
		rec, err := store.Transact(ctx, x.claim(), t.run)
		again := errors.Is(err, ErrSerialization) && run < maxRuns && ctx.Err() == nil
		if again {
			again = x.again()
			ctx = x.ctx
		}
		if !again {
			x.conclude(t, rec, err, begun)
			concluded = true
			return
		}
	}
}

// again makes a request for another run, as if it had just come: what the
// last run has collected and changed is not in it.
func (x *execution) again() bool {
	last := x.req
	x.req = newRequest(last.Request, last.id, last.fingerprint, last.body)
	call, err := x.bind()
	if err != nil || call == nil {
		return false // it could be bound before: what the last run has found is the answer
	}
	x.call, x.ctx = call, &x.req.life
	at, _ := last.life.Deadline()
	x.req.life.start(at)
	last.life.end(context.Canceled)
	return true
}

// conclude answers with what has come of the last run.
func (x *execution) conclude(t *transactional, rec Record, err error, begun time.Time) {
	switch {
	case !t.ran && err != nil:
		x.answer = unavailable("the operation did not run; try again with the same key", err)
	case !t.ran && rec.State == StateReserved && rec.Attempt == 0:
		x.answer = x.rt.inFlight(begun)
	case !t.ran:
		x.answer, _ = x.rt.settled(x.req, rec)
	case errors.Is(err, ErrSerialization):
		x.log("handler undone, because its transaction could not be carried through beside others", err)
		x.answer = unavailable("the operation was undone, because others were in its way; try again with the same key", err)
	case t.err != nil:
		x.answer = x.failure(t.err)
	case err != nil && x.timedOut():
		x.answer = x.failed(timeoutError(), err)
	case errors.Is(err, ErrRefused):
		x.answer = x.failure(err)
	case err != nil:
		x.log("outcome not stored, and the handler's writes undone", err)
		x.answer = unavailable("the outcome could not be stored; try again with the same key", err)
	default:
		x.committed(t.resp, rec.Cursor)
	}
}

// transactional is the part of an execution that a store runs in its
// transaction.
type transactional struct {
	*execution
	ran  bool
	resp StoredResponse
	err  error // why there is no outcome
}

func (t *transactional) run(ctx context.Context, attempt int) (Outcome, error) {
	t.ran = true
	t.ctx = ctx
	t.req.attempt = attempt
	t.req.Request = t.req.WithContext(ctx)
	returned, err := t.invoke()
	failed := err != nil
	resp, events, err := t.outcome(returned, err)
	if err == nil && t.tooLarge(resp) {
		err = tooLargeError(len(resp.Body))
	}
	t.resp, t.err = resp, err
	if err != nil {
		return Outcome{}, err
	}
	return Outcome{
		Response:  resp,
		Events:    events,
		Retention: t.rt.Retention,
		Discard:   failed,
	}, nil
}
