package cnerium

import (
	"context"
	"errors"
	"sync"
	"time"
)

// watch looks after an execution while its handler is at work: it renews the
// lease, and answers when the handler's time is over and the goroutine that
// should do that runs the handler. Most handlers have returned long before, so
// what is due is found by the one timer of the flights.
type watch struct {
	renewal sync.Mutex // held while the lease is being renewed

	mu   sync.Mutex // guards the rest
	beat time.Time  // when the lease is to be renewed; zero for never
	late time.Time  // when the answer is; zero for never
	calm bool       // no more renewals
}

// startWatch begins with renewals of the lease, if there is one, and has the
// answer sent when it is late, if it is ever.
func (x *execution) startWatch(now, late time.Time) {
	w := &x.watch
	w.mu.Lock()
	if x.lease != nil {
		w.beat = now.Add(x.renewEvery())
	}
	w.late = late
	next := w.next()
	w.mu.Unlock()
	x.rt.app.flights.watch(x, next)
}

// renewEvery is how long a lease is left alone: a third of its time.
func (x *execution) renewEvery() time.Duration { return x.rt.Lease / 3 }

// next is when something is due; zero for never. The caller holds mu.
func (w *watch) next() time.Time {
	if w.beat.IsZero() || !w.late.IsZero() && w.late.Before(w.beat) {
		return w.late
	}
	return w.beat
}

// look begins with what is due, and returns when it is to look again. It waits
// for nobody.
func (x *execution) look(now time.Time) time.Time {
	w := &x.watch
	w.mu.Lock()
	defer w.mu.Unlock()
	if isDue(&w.beat, now) {
		go x.renewInTime()
	}
	if isDue(&w.late, now) {
		go func() { x.exchange.answerEarly(x.overdue()) }()
	}
	return w.next()
}

// isDue reports whether the time has come, and then it does not come again.
func isDue(at *time.Time, now time.Time) bool {
	if at.IsZero() || now.Before(*at) {
		return false
	}
	*at = time.Time{}
	return true
}

// overdue is the answer in the handler's stead.
func (x *execution) overdue() answer {
	client := x.exchange.r.Context()
	if at, ok := client.Deadline(); client.Err() != nil || ok && !time.Now().Before(at) {
		return gone(client)
	}
	return answer{decision: decideExecute, resp: timeoutError().response(), err: context.DeadlineExceeded}
}

// renewInTime renews the lease and sees to the next time. When the lease is
// lost, the handler's context ends: what it does from then on can no longer be
// stored.
func (x *execution) renewInTime() {
	w := &x.watch
	w.renewal.Lock()
	defer w.renewal.Unlock()
	if w.isCalm() {
		return
	}
	if err := x.renew(x.renewEvery()); errors.Is(err, ErrLeaseLost) {
		x.req.life.end(errLostLease)
		return
	}
	next := time.Now().Add(x.renewEvery())
	w.mu.Lock()
	w.beat = next
	if w.calm {
		w.beat = time.Time{}
	}
	w.mu.Unlock()
	x.rt.app.flights.watch(x, next)
}

func (w *watch) isCalm() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.calm
}

// stopRenewals waits for a renewal that is under way, so that none comes after
// the outcome.
func (w *watch) stopRenewals() {
	w.mu.Lock()
	w.calm, w.beat = true, time.Time{}
	w.mu.Unlock()
	w.renewal.Lock()
	defer w.renewal.Unlock()
}

// stop ends the watch.
func (w *watch) stop() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.calm, w.beat, w.late = true, time.Time{}, time.Time{}
}

// errLostLease ends the context of a handler whose lease is lost.
var errLostLease error = lostLeaseError{}

// lostLeaseError is a cancellation of a context that tells its reason.
type lostLeaseError struct{}

// Error tells the reason.
func (lostLeaseError) Error() string { return "context canceled: " + ErrLeaseLost.Error() }

// Is makes it a context.Canceled and an ErrLeaseLost.
func (lostLeaseError) Is(target error) bool {
	return target == context.Canceled || target == ErrLeaseLost
}

// renew renews the lease once, within the given time.
func (x *execution) renew(within time.Duration) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(x.ctx), within)
	defer cancel()
	err := x.rt.app.store.Renew(ctx, x.lease, x.rt.Lease)
	if err != nil {
		x.log("lease not renewed", err)
	}
	return err
}
