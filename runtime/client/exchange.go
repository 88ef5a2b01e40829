package client

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"
)

// Why no other attempt is made, although it could help.
var (
	errAttempts = errors.New("that was the last attempt that Retry.MaxAttempts allows")
	errElapsed  = errors.New("the next attempt would begin after Retry.MaxElapsed")
	errBudget   = errors.New("the retry budget is spent")
)

// answer is what came back from one attempt.
type answer struct {
	resp    *http.Response // its body is read or wrapped, and need not be closed for the attempt's sake
	body    []byte         // as far as it is read
	problem *Problem       // nil when it has none
}

// exchange is one operation on its way, over as many attempts as it takes.
type exchange struct {
	operation string
	key       string
	given     bool  // the key is the caller's: an earlier call may have sent it
	retry     Retry // settled
	budget    *budget
	hook      func(context.Context, Attempt)

	// send makes one attempt. The error of an attempt is not that of the
	// exchange: another may follow.
	send func(ctx context.Context) (*answer, error)
}

// ending is how an exchange ended: with the last attempt's answer or error.
type ending struct {
	answer     *answer // nil when the last attempt got none
	err        error   // why it got none
	attempts   int
	retryAfter time.Duration // what the last answer asks for
	pending    bool          // nothing final was said about the operation
	gaveUp     error         // why there is no further attempt, although it could help
}

// run makes attempts until one of them is final, or no other is to be made.
func (x *exchange) run(ctx context.Context) ending {
	start := time.Now()
	delays := newDelays(x.retry)
	pending := x.given // also of the attempts before, and of the calls
	for n := 1; ; n++ {
		began := time.Now()
		a, err := x.send(ctx)
		v := judge(ctx, a, err)
		pending = v.pending || pending && v.mute
		e := ending{answer: a, err: err, attempts: n, retryAfter: v.after, pending: pending}
		note := Attempt{Operation: x.operation, Key: x.key, Number: n, Err: err, Duration: time.Since(began)}
		if a != nil {
			note.Status, note.Problem = a.resp.StatusCode, a.problem
		}
		if v.again {
			note.Pause = delays.next(v.after)
			e.gaveUp = x.stop(ctx, n, time.Since(start), note.Pause, v)
			note.Again = e.gaveUp == nil
		}
		if !note.Again {
			note.Pause, note.GaveUp = 0, e.gaveUp
		}
		if x.hook != nil {
			x.hook(ctx, note)
		}
		if !note.Again {
			x.settle(a)
			return e
		}
		if e.gaveUp = pause(ctx, note.Pause); e.gaveUp != nil {
			return e
		}
		discard(a)
	}
}

// stop tells why an attempt that could help is not made; nil when it is.
func (x *exchange) stop(ctx context.Context, attempts int, elapsed, wait time.Duration, v verdict) error {
	deadline, limited := ctx.Deadline()
	switch {
	case attempts >= x.retry.MaxAttempts:
		return errAttempts
	case v.after > x.retry.MaxRetryAfter:
		return fmt.Errorf("the server asks to wait %v, longer than Retry.MaxRetryAfter", v.after)
	case limited && time.Until(deadline) <= wait:
		return fmt.Errorf("the next attempt would begin in %v, too late: %w", wait.Round(time.Millisecond), context.DeadlineExceeded)
	case elapsed+wait > x.retry.MaxElapsed:
		return errElapsed
	case !v.healthy && !x.budget.take(x.retry.Budget):
		return errBudget
	}
	return nil
}

// settle refills the budget after a success.
func (x *exchange) settle(a *answer) {
	if a != nil && a.resp.StatusCode < 400 {
		x.budget.earn()
	}
}

// discard frees what an answer holds that nobody will see.
func discard(a *answer) {
	if a != nil {
		_ = a.resp.Body.Close() // there is nothing left to lose
	}
}

// pause waits, and returns early with an error when the context ends.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
