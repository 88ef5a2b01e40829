package cnerium

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/textproto"
	"slices"
	"strings"
	"time"
)

// settleTimeout bounds what is done to a record after its handler returned.
const settleTimeout = 30 * time.Second

// settle makes the handler's return durable, or frees the key, and only then
// lets the answer go.
func (x *execution) settle() {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(x.ctx), settleTimeout)
	defer cancel()
	resp, events, err := x.outcome()
	var stored *Response
	var a answer
	switch _, panicked := errors.AsType[*panicError](err); {
	case err == nil:
		a, stored = x.commit(ctx, resp, events)
	case panicked || errors.Is(err, errGoexit):
		a = x.abandon(ctx, err)
	default:
		a = x.release(ctx, err)
	}
	x.rt.app.flights.finish(x.flight, a, stored)
}

// outcome is what the handler returned: a response to be stored with its
// events, or the reason why there is none.
func (x *execution) outcome() (*Response, []Event, error) {
	events, emitErr := x.req.events.close()
	resp, err := x.resp, x.err
	if e, ok := errors.AsType[*Error](err); ok && storable(e.status()) {
		return e.response(), nil, nil // a failure announces nothing
	}
	switch {
	case err != nil:
	case emitErr != nil:
		err = emitErr
	case resp == nil:
		err = errors.New("the handler returned neither a response nor an error")
	case resp.Status != 0 && (resp.Status < 200 || resp.Status > 599):
		err = fmt.Errorf("the handler returned the status %d", resp.Status)
	case !storable(resp.Status):
		err = &refusal{resp: resp}
	}
	if err != nil {
		return nil, nil, err
	}
	if resp.Status >= 400 {
		events = nil
	}
	return sendable(resp), events, nil
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

// refusal is a response that is sent but not stored.
type refusal struct{ resp *Response }

// Error tells the status.
func (r *refusal) Error() string { return fmt.Sprintf("the handler answered %d", r.resp.Status) }

// commit stores the outcome. Where that fails nobody can tell what a retry
// would do, so the record is given up instead of freed.
func (x *execution) commit(ctx context.Context, resp *Response, events []Event) (answer, *Response) {
	stored := keepable(resp)
	err := x.rt.app.store.Commit(ctx, x.lease, Outcome{
		Response:  stored,
		Events:    events,
		Retention: x.rt.Retention,
	})
	if err != nil {
		return x.abandon(ctx, fmt.Errorf("commit: %w", err)), nil
	}
	if len(events) > 0 {
		x.rt.app.committed()
	}
	return answer{decision: decideExecute, resp: resp, attempt: x.lease.Attempt}, stored
}

// release frees the key after a failure that the handler reported itself.
func (x *execution) release(ctx context.Context, cause error) answer {
	if err := x.rt.app.store.Release(ctx, x.lease); err != nil {
		x.log("key not released: it is held until its lease ends, and its outcome is then unknown", err)
	}
	if r, ok := errors.AsType[*refusal](cause); ok {
		return answer{decision: decideExecute, resp: sendable(r.resp), attempt: x.lease.Attempt, err: cause}
	}
	x.log("handler failed", cause)
	if e, ok := errors.AsType[*Error](cause); ok {
		return x.failed(e, cause)
	}
	if errors.Is(cause, context.DeadlineExceeded) && x.timed.Err() != nil {
		return x.failed(timeoutError(), cause)
	}
	return x.failed(internalError(), cause)
}

// abandon leaves the record behind as unknown: the handler may have had its
// effect.
func (x *execution) abandon(ctx context.Context, cause error) answer {
	x.log("outcome unknown", cause)
	if err := x.rt.app.store.Renew(ctx, x.lease, 0); err != nil {
		x.log("lease not ended: the outcome becomes unknown when it ends by itself", err)
	}
	e := internalError()
	e.Type = ProblemOutcomeUnknown
	return x.failed(e, cause)
}

// sendable returns a copy of the response with its status filled in, and
// without what belongs to the connection or cannot be sent. It shares nothing
// with what the handler may still hold and use again.
func sendable(resp *Response) *Response {
	clean := &Response{Status: resp.Status, Body: slices.Clone(resp.Body), Header: make(http.Header, len(resp.Header))}
	if clean.Status == 0 {
		clean.Status = http.StatusOK
	}
	if clean.Status == http.StatusNoContent || clean.Status == http.StatusResetContent || clean.Status == http.StatusNotModified {
		clean.Body = nil
	}
	connection := connectionFields(resp.Header)
	for name, values := range resp.Header {
		name = textproto.CanonicalMIMEHeaderKey(name)
		if !hopByHop[name] && !connection[name] {
			clean.Header[name] = append(clean.Header[name], values...)
		}
	}
	return clean
}

// keepable returns the response as it is stored: without secrets.
func keepable(resp *Response) *Response {
	kept := &Response{Status: resp.Status, Body: resp.Body, Header: maps.Clone(resp.Header)}
	maps.DeleteFunc(kept.Header, func(name string, _ []string) bool { return secret(name) })
	return kept
}

// hopByHop are the fields that mean one connection only (RFC 9110, section
// 7.6.1), and Content-Length, which net/http tells from the body. A response
// cannot announce a replay by itself either.
var hopByHop = map[string]bool{
	"Connection":           true,
	"Content-Length":       true,
	"Idempotency-Replayed": true,
	"Keep-Alive":           true,
	"Proxy-Connection":     true,
	"Te":                   true,
	"Trailer":              true,
	"Transfer-Encoding":    true,
	"Upgrade":              true,
}

// connectionFields are the fields that a Connection header names.
func connectionFields(header http.Header) map[string]bool {
	var fields map[string]bool
	for _, line := range header.Values("Connection") {
		for name := range strings.SplitSeq(line, ",") {
			if fields == nil {
				fields = make(map[string]bool)
			}
			fields[textproto.CanonicalMIMEHeaderKey(strings.TrimSpace(name))] = true
		}
	}
	return fields
}

// secret reports whether a field is for the first caller's eyes only.
func secret(name string) bool {
	return name == "Set-Cookie" || name == "Authorization" || strings.HasPrefix(name, "Proxy-")
}
