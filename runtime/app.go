package cnerium

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Mux is what an App registers its routes with: *http.ServeMux, chi.Router, or
// anything else that takes patterns with a method and sets the path values of
// the request. A router matches as it does: with chi, which knows {id} but
// neither {$} nor {rest...}, nor a host, nor that a slash at the end stands
// for all below it, use patterns of texts and {id} only.
//
// A fingerprint covers what the wildcards of a route match when the router is
// an *http.ServeMux, and else the whole path as the router leaves it in the
// request. Where a router above takes a part of the path away that tells
// callers apart, such as a tenant, that part belongs into Options.Scope.
type Mux interface {
	Handle(pattern string, handler http.Handler)
}

// Options configure an [App]. The zero value, and nil, are the defaults.
type Options struct {
	// Publisher carries committed events. Without one they are only stored:
	// for a day they wait for another process with a publisher, and then
	// count as published. How far publishing has come is kept once for a
	// store. Processes that share one publish independently while they run,
	// and begin where the furthest of them was.
	Publisher Publisher

	// Scope tells whose key a request carries, for example the tenant or the
	// user that it is authenticated as. Keys of different scopes never meet.
	// An error refuses the request: as itself when it is an *Error, else as
	// 401. Without it all requests share the scope "", and the log has a
	// warning at the first one that carries Authorization or a cookie.
	Scope func(*http.Request) (string, error)

	// ReuseStatus answers a key that comes with another request: 409 by
	// default, or 422 as the IETF draft has it. Nothing else is accepted.
	ReuseStatus int

	// MaxResponse is the largest response body that is stored, in bytes;
	// default 8 MiB. A larger one is answered with 500, before anything is
	// sent. A transactional handler's writes are undone then, and its key is
	// free; of a plain one the record keeps that it has run, and a retry gets
	// the same 500.
	MaxResponse int64

	// Logger gets one line for each request to a durable route, and what goes
	// wrong inside. Neither keys nor bodies are logged. Default slog.Default().
	Logger *slog.Logger

	// SweepInterval is the time between removals of expired records; default
	// one minute.
	SweepInterval time.Duration
}

// App makes routes durable: it ties a router, a store and the routes
// together. Make one with [Attach]. Handle must not be called concurrently
// with anything; all other methods are safe for concurrent use.
type App struct {
	mux     Mux
	store   Store
	opts    Options
	log     *slog.Logger
	routes  map[string]*route // by operation
	invalid []error           // what is wrong with routes, for Start

	serving      atomic.Bool
	scopeWarning sync.Once
	flights      flights
	outbox       outbox
	wake         chan struct{} // tells the outbox that events were committed

	mu         sync.Mutex // guards the rest
	started    bool
	closeOnce  sync.Once
	closeErr   error
	stop       context.CancelFunc
	background sync.WaitGroup
}

const defaultMaxResponse = 8 << 20

// Attach returns an App that registers its routes with mux and keeps records
// in store. It belongs to the App from then on: Close closes it. Nil options
// are the defaults.
func Attach(mux Mux, store Store, opts *Options) *App {
	a := &App{mux: mux, store: store, routes: make(map[string]*route), wake: make(chan struct{}, 1)}
	if opts != nil {
		a.opts = *opts
	}
	a.outbox = outbox{store: store, publisher: a.opts.Publisher}
	a.log = a.opts.Logger
	if a.log == nil {
		a.log = slog.Default()
	}
	if a.opts.SweepInterval <= 0 {
		a.opts.SweepInterval = time.Minute
	}
	if a.opts.MaxResponse <= 0 {
		a.opts.MaxResponse = defaultMaxResponse
	}
	if a.opts.ReuseStatus == 0 {
		a.opts.ReuseStatus = http.StatusConflict
	}
	return a
}

// Handle registers a durable route. A route that is incomplete, or that has
// the operation of another one, is reported by Start. Until Start has
// succeeded, and after Close, the route answers 503. Handle panics after
// Start, and where the router itself panics, as net/http does for a pattern
// that conflicts with another.
func (a *App) Handle(r Route) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.started {
		panic(fmt.Sprintf("cnerium: Handle(%q) after Start: register every route before", r.Pattern))
	}
	rt, err := newRoute(a, r)
	if err == nil && a.routes[r.Operation] != nil {
		err = &RouteError{Pattern: r.Pattern, Operation: r.Operation, Reason: "has the operation of " +
			a.routes[r.Operation].Pattern + "; each route needs its own, because keys are kept under it"}
	}
	if err != nil {
		a.invalid = append(a.invalid, err)
		return
	}
	a.routes[r.Operation] = rt
	a.mux.Handle(r.Pattern, rt)
}

// RouteError is an error of Start: a route cannot work as it was registered.
type RouteError struct {
	Pattern   string
	Operation string
	Reason    string
}

// Error names the route and what is wrong with it.
func (e *RouteError) Error() string {
	return fmt.Sprintf("route %q (%s) %s", e.Pattern, e.Operation, e.Reason)
}

// StoreError is an error of Start and of Close: the store failed.
type StoreError struct {
	Op  string // what was tried: check or close
	Err error
}

// Error says what was tried and what the store said.
func (e *StoreError) Error() string { return e.Op + " store: " + e.Err.Error() }

// Unwrap returns the store's error.
func (e *StoreError) Unwrap() error { return e.Err }

// ErrStarted is returned by a Start after one that succeeded, or after Close.
var ErrStarted = errors.New("already started")

// Start checks the routes and the store, and opens the routes for requests.
// It fails with every [RouteError] there is, joined, or with a [StoreError]
// when the store cannot be read or written; it may then be called again. The
// context bounds the checks only.
func (a *App) Start(ctx context.Context) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.started {
		return fmt.Errorf("cnerium: start: %w", ErrStarted)
	}
	if err := errors.Join(errors.Join(a.invalid...), a.checkTransactions()); err != nil {
		return fmt.Errorf("cnerium: start: %w", err)
	}
	if s := a.opts.ReuseStatus; s != http.StatusConflict && s != http.StatusUnprocessableEntity {
		return fmt.Errorf("cnerium: start: Options.ReuseStatus is %d, expected 409 or 422", s)
	}
	if err := a.store.Check(ctx); err != nil {
		return fmt.Errorf("cnerium: start: %w", &StoreError{Op: "check", Err: err})
	}
	if err := a.outbox.open(ctx); err != nil {
		return fmt.Errorf("cnerium: start: %w", &StoreError{Op: "check", Err: err})
	}
	background, stop := context.WithCancel(context.Background())
	a.stop = stop
	a.background.Go(func() { a.sweep(background) })
	if a.opts.Publisher != nil {
		a.background.Go(func() { a.publish(background) })
	}
	a.started = true
	a.serving.Store(true)
	return nil
}

// Close refuses new requests with 503, waits for the running executions,
// publishes what they emitted, and closes the store. When the context ends
// first, the error names what Close had to abandon, operations or the
// publisher: they run on, and the store stays open for them. A second Close
// returns what the first did.
func (a *App) Close(ctx context.Context) error {
	a.closeOnce.Do(func() { a.closeErr = a.shutdown(ctx) })
	return a.closeErr
}

func (a *App) shutdown(ctx context.Context) error {
	a.serving.Store(false)
	a.mu.Lock()
	a.started = true // no Start from here on
	stop := a.stop
	a.mu.Unlock()
	var abandoned error
	select {
	case <-a.flights.close():
	case <-ctx.Done():
		abandoned = a.abandoned(ctx.Err())
	}
	if stop != nil {
		stop()
		if err := a.waitForBackground(ctx); err != nil && abandoned == nil {
			return err
		}
	}
	if abandoned != nil {
		return abandoned
	}
	if stop != nil {
		a.background.Go(func() { a.flush(ctx) })
		if err := a.waitForBackground(ctx); err != nil {
			return err
		}
	}
	if err := a.store.Close(); err != nil {
		return fmt.Errorf("cnerium: close: %w", &StoreError{Op: "close", Err: err})
	}
	return nil
}

// closeGrace is what goroutines that have been told to end get for it, also
// when the time of Close is over.
const closeGrace = 100 * time.Millisecond

// waitForBackground waits for the goroutines that Start has begun. A publisher
// that does not see the end of its context keeps one of them.
func (a *App) waitForBackground(ctx context.Context) error {
	done := make(chan struct{})
	go func() {
		a.background.Wait()
		close(done)
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
	}
	select {
	case <-done:
		return nil
	case <-time.After(closeGrace):
		return fmt.Errorf("cnerium: close: abandoned the publisher, which does not return: %w", ctx.Err())
	}
}

// abandoned names the executions that are still running; nil when the last
// one has just ended.
func (a *App) abandoned(cause error) error {
	var names []string
	for _, f := range a.flights.list() {
		names = append(names, fmt.Sprintf("%s (key hash %s, running since %s)",
			f.id.Operation, keyHash(f.id.Key), f.since.UTC().Format(time.RFC3339)))
	}
	if names == nil {
		return nil
	}
	slices.Sort(names)
	return fmt.Errorf("cnerium: close: abandoned %s: %w", strings.Join(names, ", "), cause)
}

// checkTransactions finds the routes whose handlers take transactions that the
// store does not have.
func (a *App) checkTransactions() error {
	var offered Transaction
	if store, ok := a.store.(Transactor); ok {
		offered = store.Transaction()
	}
	var errs []error
	for _, operation := range slices.Sorted(maps.Keys(a.routes)) {
		rt := a.routes[operation]
		if rt.Transaction != "" && rt.Transaction != offered {
			errs = append(errs, &RouteError{Pattern: rt.Pattern, Operation: operation, Reason: fmt.Sprintf(
				"takes a transaction of type %s, but the store %T has %s; attach the store that fits", rt.Transaction, a.store, cmp.Or(offered, "none"))})
		}
	}
	return errors.Join(errs...)
}
