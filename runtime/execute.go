package cnerium

import (
	"context"
	"errors"
	"runtime/debug"
)

// execution is one run of a handler.
type execution struct {
	rt     *route
	req    *Request
	flight *flight
	call   Call
	lease  *Lease // of a plain handler; a transactional one needs none

	timed context.Context // ends with the route's timeout
	ctx   context.Context // the handler's: ends with timed, or with the lease
	stop  context.CancelFunc

	// What the flight ends with.
	answer answer
	stored *Response
}

// errGoexit is what a handler leaves behind that ends its goroutine.
var errGoexit = errors.New("the handler called runtime.Goexit")

// start runs the handler on a goroutine of its own, because it goes on when
// the client leaves or the time is over, and waits for the answer.
func (x *execution) start(client context.Context) answer {
	x.timed, x.stop = context.WithTimeout(x.req.Context(), x.rt.Timeout)
	x.ctx = x.timed
	go x.run()
	return x.await(client)
}

// await returns the outcome, or 504 when it does not come in time, or 503 when
// the request ends before.
func (x *execution) await(client context.Context) answer {
	select {
	case <-x.flight.done:
		return x.flight.answer
	case <-x.timed.Done():
	case <-client.Done():
	}
	select {
	case <-x.flight.done:
		return x.flight.answer
	default:
	}
	if x.timed.Err() != nil {
		return answer{decision: decideExecute, resp: timeoutError().response(), err: context.DeadlineExceeded}
	}
	return gone(client)
}

// run executes the handler and ends the flight, also when the handler ends its
// goroutine.
func (x *execution) run() {
	defer x.stop()
	defer func() { x.rt.app.flights.finish(x.flight, x.answer, x.stored) }()
	defer x.survive()
	if x.rt.Transaction != "" {
		x.transact()
	} else {
		x.plain()
	}
}

// survive catches a panic of what surrounds the handler: of a store, or of the
// methods of an error that the handler has returned. What became of the record
// is not known then; a reservation ends by its lease.
func (x *execution) survive() {
	if v := recover(); v != nil {
		e := internalError()
		e.Type = ProblemOutcomeUnknown
		x.answer, x.stored = x.failed(e, nil), nil
		x.log("outcome unknown", &panicError{value: v, stack: debug.Stack()})
	}
}

// plain runs a handler whose effects are its own affair, under a lease that
// was reserved before and is renewed meanwhile.
func (x *execution) plain() {
	p := &settlement{execution: x, err: errGoexit}
	defer p.settle()
	ctx, cancel := context.WithCancelCause(x.timed)
	defer cancel(nil)
	x.begin(ctx, x.lease.Attempt)
	defer x.heartbeat(cancel)()
	p.resp, p.err = x.invoke()
}

// begin gives the handler its context and tells the request its attempt.
func (x *execution) begin(ctx context.Context, attempt int) {
	x.ctx = ctx
	x.req.attempt = attempt
	x.req.Request = x.req.WithContext(ctx)
}

// invoke calls the handler. A panic is an error of its own kind.
func (x *execution) invoke() (resp *Response, err error) {
	defer func() {
		if v := recover(); v != nil {
			resp, err = nil, &panicError{value: v, stack: debug.Stack()}
		}
	}()
	return x.call(x.ctx)
}
