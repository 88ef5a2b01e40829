package cnerium

import (
	"context"
	"net/http"
	"strings"
	"time"
)

// Handler answers a request by hand, as generated code does with Bind.
type Handler func(req *Request) (*Response, error)

// Call runs a handler whose input is bound already. The context is the
// execution's: [FromContext] and [Emit] work on it.
type Call func(ctx context.Context) (*Response, error)

// Recover says what becomes of a record whose execution died with its outcome
// unknown. The zero value is Hold.
type Recover int

const (
	// Hold answers 409 outcome-unknown until somebody resolves the record.
	Hold Recover = iota

	// Rerun runs the handler again; Request.Attempt tells it so. It is for
	// handlers whose effects are safe to repeat.
	Rerun
)

// NoWait as Route.Wait answers a duplicate of a running request at once.
const NoWait time.Duration = -1

// Route is one durable route. Pattern, Operation and either Bind or Handler
// are needed; zero in any other field is the default that it names.
type Route struct {
	// Pattern is a net/http pattern with its method: "POST /orders/{id}".
	Pattern string

	// Operation is the stable dotted name, such as orders.create, under
	// which keys are kept. Change it, and old keys are forgotten.
	Operation string

	// Bind turns the request into a call. It runs only when the key has no
	// record yet, and what it refuses is not stored: the key stays free.
	Bind func(req *Request) (Call, error)

	// Handler is the form for routes that are written by hand. It has the
	// request's body, unbound, and its refusals are stored like any answer
	// below 500.
	Handler Handler

	// Transaction is the type of the transaction that the handler takes from
	// its context, for example sqlitestore.Transaction. The handler then runs
	// inside the transaction that stores its response: what it writes there,
	// the response and the events are stored together or not at all. Start
	// fails when the store has transactions of another type, or none. ""
	// stands for a plain handler.
	Transaction Transaction

	Retention time.Duration // how long a stored response is kept; default 24h
	Wait      time.Duration // how long a duplicate waits for the first; default 5s, NoWait for not at all
	Timeout   time.Duration // when the handler's context ends and the client gets 504; default 30s, 10s for a transactional one
	Lease     time.Duration // of a plain handler: how long its reservation holds without renewal; default 30s, at least 1s
	Recover   Recover       // default Hold
	MaxBody   int64         // bytes of a request body, else 413; default 1 MiB
}

// The defaults of a Route.
const (
	defaultRetention = 24 * time.Hour
	defaultWait      = 5 * time.Second
	defaultTimeout   = 30 * time.Second
	defaultTxTimeout = 10 * time.Second // of a transaction, for which others may have to wait
	defaultLease     = 30 * time.Second
	defaultMaxBody   = 1 << 20
	minLease         = time.Second
)

// route is a Route with its defaults filled in, attached to an App.
type route struct {
	Route
	app       *App
	wildcards []string
	subtree   int  // slashes before what the pattern leaves open; 0 when it ends
	wholePath bool // the router's patterns are not net/http's
}

// newRoute checks a route and fills in its defaults.
func newRoute(a *App, r Route) (*route, error) {
	if reason := r.fault(); reason != "" {
		return nil, &RouteError{Pattern: r.Pattern, Operation: r.Operation, Reason: reason}
	}
	if handler := r.Handler; handler != nil {
		r.Bind = func(req *Request) (Call, error) { return handler.call(req), nil }
	}
	setDefault(&r.Retention, defaultRetention)
	setDefault(&r.Wait, defaultWait)
	if r.Transaction != "" {
		setDefault(&r.Timeout, defaultTxTimeout)
	}
	setDefault(&r.Timeout, defaultTimeout)
	setDefault(&r.Lease, defaultLease)
	setDefault(&r.MaxBody, defaultMaxBody)
	_, isServeMux := a.mux.(*http.ServeMux)
	return &route{
		Route:     r,
		app:       a,
		wildcards: wildcards(r.Pattern),
		subtree:   subtree(r.Pattern),
		wholePath: !isServeMux,
	}, nil
}

func setDefault[T ~int64](field *T, value T) {
	if *field == 0 {
		*field = value
	}
}

// fault says what makes the route unusable, or "".
func (r *Route) fault() string {
	method, _, _ := strings.Cut(r.Pattern, " ")
	switch {
	case method != http.MethodPost && method != http.MethodPut && method != http.MethodPatch && method != http.MethodDelete:
		return "needs a pattern that begins with POST, PUT, PATCH or DELETE"
	case r.Operation == "":
		return "has no operation; name it like orders.create"
	case r.Bind == nil && r.Handler == nil:
		return "has neither Bind nor Handler"
	case r.Bind != nil && r.Handler != nil:
		return "has both Bind and Handler; keep one"
	case r.Retention < 0 || r.Timeout < 0 || r.MaxBody < 0:
		return "has a negative Retention, Timeout or MaxBody"
	case r.Lease != 0 && r.Lease < minLease:
		return "has a Lease below one second"
	case r.Recover != Hold && r.Recover != Rerun:
		return "has an unknown Recover"
	}
	return ""
}

// subtree returns how many slashes a path has before the part that a pattern
// with a slash at its end leaves open, and 0 for other patterns.
func subtree(pattern string) int {
	if !strings.HasSuffix(pattern, "/") {
		return 0
	}
	_, path, _ := strings.Cut(pattern, "/") // method and host have none
	return 1 + strings.Count(path, "/")
}

// wildcards returns the names of the wildcards of a pattern, in their order.
func wildcards(pattern string) []string {
	var names []string
	for {
		_, rest, found := strings.Cut(pattern, "{")
		if !found {
			return names
		}
		name, after, _ := strings.Cut(rest, "}")
		if name = strings.TrimSuffix(name, "..."); name != "$" {
			names = append(names, name)
		}
		pattern = after
	}
}

// call returns the call that runs a handler written by hand.
func (h Handler) call(req *Request) Call {
	return func(context.Context) (*Response, error) { return h(req) }
}
