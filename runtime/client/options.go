package client

import (
	"cmp"
	"context"
	"net/http"
	"time"
)

// Options are for [New]. Nil stands for the zero value, and zero in a field
// for the default that it names.
type Options struct {
	// HTTP sends the requests. Default: a client of its own over
	// http.DefaultTransport. Its Timeout, if it has one, is that of one
	// attempt. A redirect that would change the method is not followed.
	HTTP *http.Client

	// Header has fields for every request.
	Header http.Header

	// Prepare is called with each request before it is sent, that is once for
	// each attempt: to authorize it with what may have expired since the last
	// one. It must leave the URL and the body alone. Its error ends the call.
	// It is called concurrently.
	Prepare func(*http.Request) error

	// OnAttempt is called after each attempt, for logs and metrics. It is
	// called concurrently, and a call goes on when it returns.
	OnAttempt func(context.Context, Attempt)

	// Retry says how calls are tried again.
	Retry Retry

	// MaxResponse is how long the body of an answer may be, in bytes. Default
	// 16 MiB. A longer one is an error, and is not asked for again.
	MaxResponse int64
}

// Call is what one call has to itself. Nil stands for the zero value, and zero
// in a field for the default that it names.
type Call struct {
	// Key is the operation's, 1 to 255 visible ASCII characters. Default: a
	// new one. An operation that is repeated has the key of its first call.
	Key string

	// Header has fields for this call, instead of those in Options.Header
	// that have their names.
	Header http.Header

	// Retry replaces the one of the client. Default: the client's.
	Retry *Retry
}

// Retry is how a call is tried again. Zero in a field is the default that it
// names.
type Retry struct {
	// MaxAttempts is how often a request is sent at most, including the first
	// time. Default 10.
	MaxAttempts int

	// MaxElapsed is when the last attempt may begin, after the first one.
	// Default: three times AttemptTimeout, or two minutes if that has no limit.
	MaxElapsed time.Duration

	// AttemptTimeout is how long one attempt may take, to the last byte of the
	// answer. A connection that hangs is given up then, and the next attempt
	// has one of its own. Default 40 seconds, or 10 more than what
	// [Request.Timeout] says; the handlers of a server have 30 by default. A
	// negative one is without limit.
	AttemptTimeout time.Duration

	// BaseDelay is the longest pause before the second attempt. It doubles
	// with each further one, up to MaxDelay. The pause is random, from zero to
	// that. Defaults 200 milliseconds and 20 seconds.
	BaseDelay, MaxDelay time.Duration

	// MaxRetryAfter is how long a server may ask to wait, with Retry-After.
	// Nothing is sent before that time; when it is longer than this, or leads
	// beyond MaxElapsed or the deadline of the context, the call ends at once.
	// Default one minute.
	MaxRetryAfter time.Duration

	// Budget limits the retries of all calls of a client together: it begins
	// with so many, and gets back one each second and one for every ten calls
	// that succeed. A retry because another request is still at work takes
	// nothing. In an outage of the server, the budget is soon spent, and calls
	// fail after one attempt instead of multiplying the load. Default 100; a
	// negative one is without limit.
	Budget int
}

// settled returns the policy with its defaults filled in, for an operation
// that may take so long.
func (r Retry) settled(timeout time.Duration) Retry {
	attempt := 40 * time.Second
	if timeout > 0 {
		attempt = max(attempt, timeout+10*time.Second)
	}
	r.MaxAttempts = cmp.Or(r.MaxAttempts, 10)
	r.AttemptTimeout = cmp.Or(r.AttemptTimeout, attempt)
	r.MaxElapsed = cmp.Or(r.MaxElapsed, 3*max(r.AttemptTimeout, 0), 2*time.Minute)
	r.BaseDelay = cmp.Or(r.BaseDelay, 200*time.Millisecond)
	r.MaxDelay = cmp.Or(r.MaxDelay, 20*time.Second)
	r.MaxRetryAfter = cmp.Or(r.MaxRetryAfter, time.Minute)
	r.Budget = cmp.Or(r.Budget, 100)
	return r
}

// Attempt tells a hook how one attempt went.
type Attempt struct {
	Operation string        // "" when a [Transport] makes it
	Key       string        // logs should have KeyHash(Key) instead
	Number    int           // 1 for the first
	Status    int           // of the answer; 0 when there is none
	Problem   *Problem      // of the answer; nil when it has none
	Err       error         // why there is no answer; nil when there is one
	Duration  time.Duration // of the attempt
	Again     bool          // another attempt follows, unless the context ends before
	Pause     time.Duration // before that
	GaveUp    error         // why no other follows, although it could help; nil otherwise
}
