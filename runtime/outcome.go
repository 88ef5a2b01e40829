package cnerium

import (
	"context"
	"errors"
	"fmt"
	"net/http"
)

// outcome makes of what the handler returned a response to be stored, with its
// events, or the reason why there is none.
func (x *execution) outcome(resp *Response, err error) (StoredResponse, []Event, error) {
	events, emitErr := x.req.events.close()
	x.secrets = nil
	if e, ok := asError(err); ok && storable(e.status()) {
		return e.response(), nil, nil // a failure announces nothing
	}
	if d, ok := errors.AsType[*declined](err); ok {
		return x.seal(d.resp), nil, nil
	}
	switch {
	case err != nil:
	case emitErr != nil:
		err = &unusableError{emitErr}
	case resp == nil:
		err = &unusableError{errors.New("the handler returned neither a response nor an error")}
	case resp.Status != 0 && (resp.Status < 200 || resp.Status > 599):
		err = &unusableError{fmt.Errorf("the handler returned the status %d", resp.Status)}
	case !storable(resp.Status):
		err = &refusal{resp: resp}
	}
	if err != nil {
		return StoredResponse{}, nil, err
	}
	return x.seal(resp), events, nil
}

// seal returns what is kept of a response, and has its secrets answered once.
func (x *execution) seal(resp *Response) (stored StoredResponse) {
	stored, x.secrets = seal(resp)
	return stored
}

// storable reports whether a response of this status is an outcome that a
// retry should get again, and not a request to come back.
func storable(status int) bool {
	switch status {
	case http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests:
		return false
	}
	return status < 500
}

// unusableError says that a handler has done its work, and that nothing can be
// made of what it returned. A plain one must not do its work again for that.
type unusableError struct{ err error }

// Error says what is wrong.
func (e *unusableError) Error() string { return e.err.Error() }

// Unwrap returns what is wrong.
func (e *unusableError) Unwrap() error { return e.err }

// refusal is a response that is sent but not stored.
type refusal struct{ resp *Response }

// Error tells the status.
func (r *refusal) Error() string { return fmt.Sprintf("the handler answered %d", r.resp.Status) }

// declined is a response by which a captured handler says that it has failed:
// it is stored as the response of an [*Error] is, and announces nothing.
type declined struct{ resp *Response }

// Error tells the status.
func (d *declined) Error() string { return fmt.Sprintf("the handler answered %d", d.resp.Status) }

// tooLarge reports whether a response is larger than the store is to keep.
func (x *execution) tooLarge(resp StoredResponse) bool {
	return int64(len(resp.Body)) > x.rt.app.opts.MaxResponse
}

// executed answers with the handler's response.
func (x *execution) executed(resp StoredResponse) answer {
	return answer{decision: decideExecute, resp: resp, secrets: x.secrets, attempt: x.req.attempt}
}

// failure answers for a handler that failed and whose key is free again.
func (x *execution) failure(cause error) answer {
	if r, ok := errors.AsType[*refusal](cause); ok {
		a := x.executed(x.seal(r.resp))
		a.err = cause
		return a
	}
	x.log("handler failed", cause)
	if e, ok := asError(cause); ok {
		return x.failed(e, cause)
	}
	// A transactional handler is told of the end of its time by any of its
	// statements, with an error of its own.
	if x.timedOut() && (x.rt.Transaction != "" || errors.Is(cause, context.DeadlineExceeded)) {
		return x.failed(timeoutError(), cause)
	}
	return x.failed(internalError(), cause)
}

// failed answers for an execution without a response of its own.
func (x *execution) failed(e *Error, cause error) answer {
	return answer{decision: decideExecute, resp: e.response(), attempt: x.req.attempt, err: cause}
}
