package cnerium

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// The problem types of the answers that the runtime gives by itself, as they
// stand in the type member of a problem document (RFC 9457).
const (
	ProblemKeyMissing     = "urn:cnerium:problem:key-missing"
	ProblemKeyInvalid     = "urn:cnerium:problem:key-invalid"
	ProblemKeyReused      = "urn:cnerium:problem:key-reused"
	ProblemInFlight       = "urn:cnerium:problem:in-flight"
	ProblemOutcomeUnknown = "urn:cnerium:problem:outcome-unknown"
	ProblemUnavailable    = "urn:cnerium:problem:unavailable"

	// ProblemResponseTooLarge is the one of a response that does not fit
	// Options.MaxResponse.
	ProblemResponseTooLarge = "urn:cnerium:problem:response-too-large"
)

// Sentinels for errors.Is: an [*Error] is the one that has its status.
var (
	ErrBadRequest    = &Error{Status: http.StatusBadRequest}
	ErrUnauthorized  = &Error{Status: http.StatusUnauthorized}
	ErrForbidden     = &Error{Status: http.StatusForbidden}
	ErrNotFound      = &Error{Status: http.StatusNotFound}
	ErrConflict      = &Error{Status: http.StatusConflict}
	ErrUnprocessable = &Error{Status: http.StatusUnprocessableEntity}
)

// Error is an answer that is not a success. A handler returns one to choose
// the status and the text that the client gets, as a problem document (RFC
// 9457). Below 500 it is an outcome like any other: it is stored, and a retry
// gets it again; except for 408, 425 and 429, which ask the client to come
// back and so free the key, as a 5xx does.
//
// Any other error from a handler answers 500 with a generic text, and its own
// text goes to the log only.
type Error struct {
	Status int    // HTTP status, 400 to 599; anything else is sent as 500
	Type   string // problem type, a URI; "" stands for about:blank
	Detail string // for the client; "" leaves it out

	// RetryAfter, when positive, is sent as a Retry-After header in whole
	// seconds, rounded up.
	RetryAfter time.Duration

	cause error
}

// Error returns the status, the detail and the cause. A nil *Error in an error
// is a mistake that is easily made; it answers 500.
func (e *Error) Error() string {
	if e == nil {
		return "a nil *cnerium.Error"
	}
	text := strconv.Itoa(e.Status) + " " + http.StatusText(e.Status)
	if e.Detail != "" {
		text += ": " + e.Detail
	}
	if e.cause != nil {
		text += ": " + e.cause.Error()
	}
	return text
}

// Unwrap returns the cause, which the log gets and the client does not.
func (e *Error) Unwrap() error {
	if e == nil {
		return nil
	}
	return e.cause
}

// Is reports whether target is an *Error with the same status and, where the
// target names one, the same type.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && e != nil && t != nil && t.Status == e.Status && (t.Type == "" || t.Type == e.Type)
}

// WithCause returns a copy of e that wraps err for the log.
func (e *Error) WithCause(err error) *Error {
	c := *e
	c.cause = err
	return &c
}

// Errorf returns an error with the status and a formatted detail for the
// client. An error formatted with %w is wrapped as well.
func Errorf(status int, format string, args ...any) *Error {
	err := fmt.Errorf(format, args...)
	return &Error{Status: status, Detail: err.Error(), cause: errors.Unwrap(err)}
}

// BadRequest returns a 400 error.
func BadRequest(detail string) *Error { return &Error{Status: http.StatusBadRequest, Detail: detail} }

// Unauthorized returns a 401 error.
func Unauthorized(detail string) *Error {
	return &Error{Status: http.StatusUnauthorized, Detail: detail}
}

// Forbidden returns a 403 error.
func Forbidden(detail string) *Error { return &Error{Status: http.StatusForbidden, Detail: detail} }

// NotFound returns a 404 error.
func NotFound(detail string) *Error { return &Error{Status: http.StatusNotFound, Detail: detail} }

// Conflict returns a 409 error. Its type is not one of the runtime's own, so a
// client can tell the handler's conflict from one about the key.
func Conflict(detail string) *Error { return &Error{Status: http.StatusConflict, Detail: detail} }

// Unprocessable returns a 422 error.
func Unprocessable(detail string) *Error {
	return &Error{Status: http.StatusUnprocessableEntity, Detail: detail}
}

// TooManyRequests returns a 429 error that asks the client to come back after
// the given time. It frees the key.
func TooManyRequests(detail string, retryAfter time.Duration) *Error {
	return &Error{Status: http.StatusTooManyRequests, Detail: detail, RetryAfter: retryAfter}
}

// ServiceUnavailable returns a 503 error that asks the client to come back
// after the given time. It frees the key.
func ServiceUnavailable(detail string, retryAfter time.Duration) *Error {
	return &Error{Status: http.StatusServiceUnavailable, Type: ProblemUnavailable, Detail: detail, RetryAfter: retryAfter}
}

// Invalid is what generated code makes of an error from an input's Validate
// method: an *Error stays what it is, any other becomes a 422 with its text.
func Invalid(err error) error {
	if e, ok := asError(err); ok {
		return e
	}
	return Unprocessable(errorText(err))
}

// asError finds the *Error in an error, unless it is nil.
func asError(err error) (*Error, bool) {
	e, ok := errors.AsType[*Error](err)
	return e, ok && e != nil
}

// status is what is sent.
func (e *Error) status() int {
	if e.Status < 400 || e.Status > 599 {
		return http.StatusInternalServerError
	}
	return e.Status
}

// response returns the error as the response that carries it.
func (e *Error) response() StoredResponse {
	status := e.status()
	// The members are texts and a number: there is nothing that could fail.
	body, _ := json.Marshal(struct {
		Type   string `json:"type"`
		Title  string `json:"title"`
		Status int    `json:"status"`
		Detail string `json:"detail,omitempty"`
	}{
		Type:   cmp.Or(e.Type, "about:blank"),
		Title:  http.StatusText(status),
		Status: status,
		Detail: e.Detail,
	})
	resp := Bytes(status, "application/problem+json", body)
	if e.RetryAfter > 0 {
		seconds := (e.RetryAfter + time.Second - 1) / time.Second
		resp.Set("Retry-After", strconv.FormatInt(int64(seconds), 10))
	}
	return resp.Stored()
}
