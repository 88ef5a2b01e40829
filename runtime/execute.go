package cnerium

import (
	"context"
	"errors"
	"net/http"
	"runtime/debug"
	"sync"
	"time"
)

// execution is one run of a handler that holds its record's lease.
type execution struct {
	rt     *route
	req    *Request
	flight *flight
	call   Call
	lease  *Lease

	timed context.Context // ends with the route's timeout
	ctx   context.Context // the handler's: ends with timed, or with the lease
	stop  context.CancelFunc

	resp *Response
	err  error
}

// errGoexit is what a handler leaves behind that ends its goroutine.
var errGoexit = errors.New("the handler called runtime.Goexit")

// start runs the handler on a goroutine of its own, because it goes on when
// the client leaves or the time is over, and waits for the answer.
func (x *execution) start(client context.Context) answer {
	timed, stop := context.WithTimeout(x.req.Context(), x.rt.Timeout)
	ctx, cancel := context.WithCancelCause(timed)
	x.timed, x.ctx, x.stop = timed, ctx, stop
	x.req.attempt = x.lease.Attempt
	x.req.Request = x.req.WithContext(ctx)
	go x.run(x.heartbeat(cancel))
	return x.await(client)
}

// await returns the outcome, or 504 when it does not come in time, or nothing
// when nobody waits for it any longer.
func (x *execution) await(client context.Context) answer {
	select {
	case <-x.flight.done:
		return x.flight.answer
	case <-x.timed.Done():
	case <-client.Done():
		return answer{decision: decideExecute, attempt: x.lease.Attempt, err: context.Cause(client)}
	}
	select {
	case <-x.flight.done:
		return x.flight.answer
	default:
		return x.failed(timeoutError(), nil)
	}
}

// run calls the handler and settles what comes of it, also when the handler
// ends its goroutine.
func (x *execution) run(stopHeartbeat func()) {
	defer x.stop()
	defer x.settle()
	defer stopHeartbeat()
	x.err = errGoexit
	x.resp, x.err = x.invoke()
}

func (x *execution) invoke() (resp *Response, err error) {
	defer func() {
		if v := recover(); v != nil {
			resp, err = nil, &panicError{value: v, stack: debug.Stack()}
		}
	}()
	return x.call(x.ctx)
}

// heartbeat renews the lease every third of its time until the returned
// function is called. When the lease is lost, the handler's context ends: what
// it does from then on can no longer be stored.
func (x *execution) heartbeat(lost context.CancelCauseFunc) (stop func()) {
	period := x.rt.Lease / 3
	h := &beat{}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.timer = time.AfterFunc(period, func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		if h.stopped {
			return
		}
		ctx, cancel := context.WithTimeout(context.WithoutCancel(x.ctx), period)
		defer cancel()
		err := x.rt.app.store.Renew(ctx, x.lease, x.rt.Lease)
		if err != nil {
			x.log("lease not renewed", err)
		}
		if errors.Is(err, ErrLeaseLost) {
			lost(err)
			return
		}
		h.timer.Reset(period)
	})
	return func() {
		h.mu.Lock() // a renewal that is under way ends before the outcome is stored
		defer h.mu.Unlock()
		h.stopped = true
		h.timer.Stop()
	}
}

// beat is the state of a heartbeat.
type beat struct {
	mu      sync.Mutex
	timer   *time.Timer
	stopped bool
}

// failed answers for an execution without a response of its own.
func (x *execution) failed(e *Error, cause error) answer {
	return answer{decision: decideExecute, resp: e.response(), attempt: x.lease.Attempt, err: cause}
}

// timeoutError is the answer when a handler takes too long.
func timeoutError() *Error {
	return &Error{
		Status: http.StatusGatewayTimeout,
		Detail: "the operation did not end in time; try again with the same key to learn what became of it",
	}
}
