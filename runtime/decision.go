package cnerium

import (
	"context"
	"fmt"
	"net/http"
	"time"
)

// decision is what the runtime makes of a request, as the log names it.
type decision string

const (
	decideExecute     decision = "execute"     // the handler ran for this request
	decideReplay      decision = "replay"      // answered with the stored response
	decideConflict    decision = "conflict"    // the key was used with another request
	decideInFlight    decision = "in-flight"   // the first request still runs
	decideUnknown     decision = "unknown"     // the first execution died, nobody knows its outcome
	decideInvalid     decision = "invalid"     // refused before the key was claimed
	decideUnavailable decision = "unavailable" // the store failed, or the app is not serving
)

// answer is a decision with the response that tells it.
type answer struct {
	decision decision
	resp     StoredResponse
	secrets  http.Header // fields that are sent with it once
	attempt  int         // of an execution
	cursor   string      // of the last event of the commit; "" when it had none
	err      error       // for the log
}

// refuse answers with an error that came before the key was claimed.
func refuse(err error) answer {
	e, ok := asError(err)
	if !ok {
		return answer{decision: decideInvalid, resp: internalError().response(), err: err}
	}
	// What the client is told can quote what it has sent, so the log gets
	// only the cause.
	return answer{decision: decideInvalid, resp: e.response(), err: e.cause}
}

// unavailable answers 503: nothing was executed, and a retry is welcome.
func unavailable(detail string, err error) answer {
	return answer{
		decision: decideUnavailable,
		resp:     ServiceUnavailable(detail, time.Second).response(),
		err:      err,
	}
}

// gone answers a request whose context has ended. In most cases nobody reads
// it; but a client can have closed only its own side, and a server or a
// middleware can have ended the context, and then silence would be a success.
func gone(ctx context.Context) answer {
	return unavailable("the request ended before its outcome was known; try again with the same key", context.Cause(ctx))
}

// internalError is all that a client learns of an inner error.
func internalError() *Error {
	return &Error{Status: http.StatusInternalServerError, Detail: "the operation failed; the reason is in the server's log"}
}

// timeoutError is the answer when a handler takes too long.
func timeoutError() *Error {
	return &Error{
		Status: http.StatusGatewayTimeout,
		Detail: "the operation did not end in time; try again with the same key to learn what became of it",
	}
}

// tooLargeError is the answer when a response cannot be stored and so must not
// be sent.
func tooLargeError(size int) *Error {
	return &Error{
		Status: http.StatusInternalServerError,
		Type:   ProblemResponseTooLarge,
		Detail: fmt.Sprintf("the response has %d bytes, more than can be stored for a retry", size),
	}
}

// conflict answers a key that was used with another request.
func (rt *route) conflict() answer {
	e := &Error{
		Status: rt.app.opts.ReuseStatus,
		Type:   ProblemKeyReused,
		Detail: "this Idempotency-Key was used with a different request body, query or path; take a new key for a new request",
	}
	return answer{decision: decideConflict, resp: e.response()}
}

// inFlight answers a duplicate whose first request did not end in time.
func (rt *route) inFlight(since time.Time) answer {
	e := &Error{
		Status:     http.StatusConflict,
		Type:       ProblemInFlight,
		Detail:     "the first request with this Idempotency-Key is still running, since " + stamp(since) + "; try again with the same key",
		RetryAfter: time.Second,
	}
	return answer{decision: decideInFlight, resp: e.response()}
}

// unknown answers for a record that waits to be resolved.
func (rt *route) unknown(since time.Time) answer {
	e := &Error{
		Status: http.StatusConflict,
		Type:   ProblemOutcomeUnknown,
		Detail: "the first request with this Idempotency-Key ended without an outcome, at " + stamp(since) +
			"; whether it took effect is unknown, and the key is held until an operator resolves it",
	}
	return answer{decision: decideUnknown, resp: e.response()}
}

// replay answers with what a committed record has.
func replay(rec Record) answer {
	if err := rec.Response.Header.check(); err != nil {
		return unavailable("the record of this key cannot be read; try again with the same key", err)
	}
	return replayed(rec.Response, rec.Cursor)
}

// replayed answers with what was stored, and with the cursor of its last event.
func replayed(stored StoredResponse, cursor string) answer {
	return answer{decision: decideReplay, resp: stored, cursor: cursor}
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }
