package cnerium

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"
)

// lead takes the lead for the record, if no other request has: it binds,
// reserves and executes. It has no answer when somebody else was first. When it
// is only a guess that the record is absent, that is looked up before a request
// is refused because it cannot be bound: a retry of a response that is stored
// gets that, whatever is bound by now.
func (rt *route) lead(e *exchange, req *Request, guessed bool) (answer, bool) {
	x := &execution{rt: rt, exchange: e, req: req, guessed: guessed}
	now := time.Now()
	a, leads := rt.app.flights.join(&x.flight, req.id, req.fingerprint, now)
	if !leads {
		return a, a.decision != ""
	}
	ready := false
	defer func() {
		if !ready { // also when something panics
			rt.app.flights.finish(&x.flight, answer{}, false)
		}
	}()
	a, ready = x.prepare(now)
	if ready {
		a = x.start()
	}
	return a, a.decision != ""
}

// prepare binds the request and, for a plain handler, reserves the record. It
// returns false when there is nothing to run: with the answer, or without one
// when the record is somebody else's.
func (x *execution) prepare(now time.Time) (answer, bool) {
	var err error
	x.call, err = x.bind()
	if err == nil && x.call == nil {
		err = errors.New("the route returned neither a call nor an error from Bind")
	}
	if err != nil {
		return x.unbound(err), false
	}
	if x.rt.Transaction != "" {
		return answer{}, true
	}
	// A client that hangs up now must not leave a reservation that nobody
	// knows of. The route's timeout is the handler's, not the store's.
	x.claiming.values = x.req.life.values
	x.claiming.start(now.Add(settleTimeout))
	defer x.claiming.end(context.Canceled)
	rec, lease, err := x.rt.app.store.Reserve(&x.claiming, x.claim())
	if err != nil {
		return unavailable("the key cannot be reserved, and the operation did not run; try again with the same key", err), false
	}
	x.lease = lease
	if lease == nil {
		a, _ := x.rt.settled(x.req, rec)
		return a, false
	}
	x.req.attempt = lease.Attempt
	return answer{}, true
}

// unbound answers a request that cannot be bound. It has no answer when
// somebody else works on the record.
func (x *execution) unbound(err error) answer {
	if x.guessed {
		rec, a, ok := x.rt.look(x.exchange.r.Context(), x.req)
		if ok || rec.State == StateReserved {
			return a
		}
	}
	return refuse(err)
}

// claim is what the execution asks the store for.
func (x *execution) claim() Claim {
	return Claim{
		ID:          x.req.id,
		Fingerprint: x.req.fingerprint,
		Lease:       x.rt.Lease,
		Takeover:    x.rt.Recover == Rerun,
		Wait:        x.rt.Wait,
	}
}

// bind runs the route's Bind, whose panic must not leave a flight behind.
func (x *execution) bind() (call Call, err error) {
	defer func() {
		if v := recover(); v != nil {
			call, err = nil, &panicError{value: v, stack: debug.Stack()}
		}
	}()
	x.req.events.limit(&x.rt.app.opts)
	x.req.maxResponse = x.rt.app.opts.MaxResponse
	return x.rt.Bind(x.req)
}

// panicError is a panic of the application's code.
type panicError struct {
	value any
	stack []byte
}

// Error returns the value of the panic and where it happened, for the log.
func (e *panicError) Error() string { return fmt.Sprintf("panic: %v\n%s", e.value, e.stack) }
