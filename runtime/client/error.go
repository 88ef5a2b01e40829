package client

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Error is how a call fails, always. By errors.As and errors.Is it is also its
// Problem, its Err and its GaveUp, if it has them; so a call that ended with
// its context is context.Canceled or context.DeadlineExceeded, and an answer
// about the key is [ErrKeyReused], [ErrInFlight] or [ErrOutcomeUnknown].
type Error struct {
	Operation string // "" from a [Transport]
	Key       string // to call again with, while Pending
	Attempts  int    // zero when nothing was sent, because the call itself is wrong; see Meta

	Status     int           // of the last answer; zero when there was none to the last attempt
	Header     http.Header   // of that answer
	Body       []byte        // of that answer
	Problem    *Problem      // that the body is; nil when it is none
	RetryAfter time.Duration // that it asks for

	Err    error // why there is no answer, or why it cannot be used
	GaveUp error // why no other attempt was made, although it could have helped

	pending bool
}

// Pending reports whether nothing final is known: the operation may have been
// carried out, or not, or may be at work. A call with the same key and the same
// input will tell, or carry it out; so keep both. It is true when there was no
// answer, when the last answer was one that is worth another attempt, and after
// any other 5xx and [ErrOutcomeUnknown], and when a success is not from the
// operation (see [DecodeError]). A redirect, 401, 403 and 407 say nothing about
// attempts before them: it stays true when those have left it open. A key that
// the caller gave may have been sent by an earlier call, so with such a key they
// leave it open from the first attempt on.
func (e *Error) Pending() bool { return e.pending }

// Error says what happened, with the number of attempts if there were several.
// The key is not in it.
func (e *Error) Error() string {
	var text strings.Builder
	if e.Operation != "" {
		text.WriteString(e.Operation + ": ")
	}
	switch {
	case e.Err != nil:
		text.WriteString(e.Err.Error())
	case e.Problem != nil:
		p := *e.Problem
		p.Status = e.Status // it may have none
		text.WriteString(p.Error())
	default:
		text.WriteString(strconv.Itoa(e.Status) + " " + http.StatusText(e.Status))
	}
	if e.Attempts > 1 {
		fmt.Fprintf(&text, " (attempt %d)", e.Attempts)
	}
	if e.GaveUp != nil {
		text.WriteString("; not tried again: " + e.GaveUp.Error())
	}
	return text.String()
}

// Unwrap returns what the error is besides itself.
func (e *Error) Unwrap() []error {
	var causes []error
	if e.Problem != nil {
		causes = append(causes, e.Problem)
	}
	for _, err := range []error{e.Err, e.GaveUp} {
		if err != nil {
			causes = append(causes, err)
		}
	}
	return causes
}

// failure is the error of an exchange that did not end with a success.
func (x *exchange) failure(e ending) *Error {
	failure := &Error{
		Operation: x.operation, Key: x.key, Attempts: e.attempts,
		RetryAfter: e.retryAfter, Err: e.err, GaveUp: e.gaveUp, pending: e.pending,
	}
	if final, ok := errors.AsType[*finalError](e.err); ok {
		failure.Err = final.err
	}
	if e.answer != nil {
		failure.Status, failure.Header = e.answer.resp.StatusCode, e.answer.resp.Header
		failure.Body, failure.Problem = e.answer.body, e.answer.problem
	}
	return failure
}
