package cnerium

import (
	"context"
	"errors"
)

// Transaction names the type of the transactions of a store, as handlers take
// it: "sqlitestore.Tx". The zero value stands for none.
type Transaction string

// ErrRefused is returned by Transact when the store cannot commit what the
// handler has written, for example because it breaks a deferred constraint.
var ErrRefused = errors.New("the store refuses what the handler has written")

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
	// record says who was first. When run returns an error, or does not
	// return, all is undone, and Transact returns the error as it is. When
	// the context ends before the commit, all is undone at once, also while
	// run is still under way, and Transact returns the context's error after
	// run has returned. When Transact returns nil after run was called, all
	// is as durable as after Commit; when it returns an error, nothing of it
	// is stored, but for an error of the commit itself, where either nothing
	// or all of it is. An error that wraps ErrRefused says that the commit
	// failed for what the handler has written, and would fail again.
	Transact(ctx context.Context, claim Claim, run func(ctx context.Context, attempt int) (Outcome, error)) (Record, error)
}

// transact runs a transactional handler and answers with what comes of it. It
// has no answer when the record was not free.
func (x *execution) transact() {
	store := x.rt.app.store.(Transactor) // Start has checked it
	t := &transactional{execution: x, err: errGoexit}
	x.answer = x.failed(internalError(), errGoexit)
	rec, err := store.Transact(x.timed, x.claim(), t.run)
	switch {
	case !t.ran && err != nil:
		x.answer = unavailable("the operation did not run; try again with the same key", err)
	case !t.ran:
		x.answer, _ = x.rt.settled(x.req, rec)
	case t.err != nil:
		x.answer = x.failure(t.err)
	case err != nil && x.timed.Err() != nil:
		x.answer = x.failed(timeoutError(), err)
	case errors.Is(err, ErrRefused):
		x.answer = x.failure(err)
	case err != nil:
		x.log("outcome not stored, and the handler's writes undone", err)
		x.answer = unavailable("the outcome could not be stored; try again with the same key", err)
	default:
		x.answer = x.executed(t.resp)
		x.stored = t.stored
		x.wakeOutbox(t.events)
	}
}

// transactional is the part of an execution that a store runs in its
// transaction.
type transactional struct {
	*execution
	ran    bool
	resp   *Response
	stored *Response
	events int
	err    error // why there is no outcome
}

func (t *transactional) run(ctx context.Context, attempt int) (Outcome, error) {
	t.ran = true
	t.begin(ctx, attempt)
	resp, err := t.invoke()
	failed := err != nil
	resp, events, err := t.outcome(resp, err)
	if err == nil && t.tooLarge(resp) {
		err = tooLargeError(len(resp.Body))
	}
	t.resp, t.events, t.err = resp, len(events), err
	if err != nil {
		return Outcome{}, err
	}
	t.stored = keepable(resp)
	return Outcome{
		Response:  t.stored,
		Events:    events,
		Retention: t.rt.Retention,
		Discard:   failed,
	}, nil
}
