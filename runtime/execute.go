package cnerium

import (
	"context"
	"errors"
	"net/http"
	"runtime/debug"
	"time"
)

// execution is one run of a handler.
type execution struct {
	rt       *route
	exchange *exchange
	req      *Request
	flight   flight
	call     Call
	lease    *Lease // of a plain handler; a transactional one needs none
	guessed  bool   // that the record is absent was not looked up

	ctx      context.Context // the handler's
	claiming deadline        // the context of what is done to the record before
	settling deadline        // and after
	watch    watch
	secrets  http.Header // of what the handler has returned

	// What the flight ends with.
	answer answer
	stored bool // its response
}

// errGoexit is what a handler leaves behind that ends its goroutine.
var errGoexit = errors.New("the handler called runtime.Goexit")

// start runs the handler and returns the answer. The handler goes on when the
// client leaves or the time is over. So it has a goroutine of its own, unless
// the answer can be sent while this one is busy with it, which costs less.
func (x *execution) start() answer {
	x.ctx = &x.req.life
	life := &x.req.life // a transactional handler that runs again gets another one
	now := time.Now()
	end := now.Add(x.rt.Timeout)
	life.start(end)
	client := x.exchange.r.Context()
	if !x.exchange.canAnswerEarly() {
		x.startWatch(now, time.Time{}) // await answers in time
		done := x.rt.app.flights.landing(&x.flight)
		go x.run()
		return x.await(client, life, done)
	}
	if at, ok := client.Deadline(); ok && at.Before(end) {
		end = at
	}
	x.startWatch(now, end)
	x.runHere()
	return x.flight.answer
}

// runHere runs the handler on this goroutine. When the handler ends that,
// nobody comes back to answer.
func (x *execution) runHere() {
	returned := false
	defer func() {
		if !returned {
			x.exchange.answerEarly(x.flight.answer)
		}
	}()
	x.run()
	returned = true
}

// await returns the outcome, or 504 when it does not come in the handler's
// lifetime, or 503 when the request ends before.
func (x *execution) await(client context.Context, life *lifetime, done <-chan struct{}) answer {
	select {
	case <-done:
	case <-client.Done():
	case <-life.Done():
		x.awaitLate(client, life, done)
	}
	select {
	case <-done:
		return x.flight.answer
	default:
	}
	return x.overdue()
}

// awaitLate waits for what is left of a lifetime that has ended early, because
// the lease was lost: the handler still has something to say.
func (x *execution) awaitLate(client context.Context, life *lifetime, done <-chan struct{}) {
	at, _ := life.Deadline()
	timer := time.NewTimer(time.Until(at))
	defer timer.Stop()
	select {
	case <-done:
	case <-client.Done():
	case <-timer.C:
	}
}

// run executes the handler and ends the flight, also when the handler ends its
// goroutine.
func (x *execution) run() {
	defer x.watch.stop()
	defer func() { x.req.life.end(context.Canceled) }()
	defer func() { x.rt.app.flights.finish(&x.flight, x.answer, x.stored) }()
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
		x.answer, x.stored = x.failed(e, nil), false
		x.log("outcome unknown", &panicError{value: v, stack: debug.Stack()})
	}
}

// plain runs a handler whose effects are its own affair, under a lease that
// was reserved before and is renewed meanwhile.
func (x *execution) plain() {
	p := &settlement{execution: x, err: errGoexit}
	defer p.settle()
	defer x.watch.stopRenewals()
	p.resp, p.err = x.invoke()
}

// timedOut reports whether the time of the handler was over before its context
// ended for another reason.
func (x *execution) timedOut() bool {
	return errors.Is(x.req.life.Err(), context.DeadlineExceeded)
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
