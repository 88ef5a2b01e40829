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
	// Publisher carries committed events; it is the one of Publishers whose
	// name is "". Without any publisher events are only stored, for as long
	// as the store's options say.
	Publisher Publisher

	// Publishers carry committed events, too, each independently of the
	// others: one that fails, or takes its time, gets its events later and
	// holds up nobody. A [Broadcaster] gets what is committed while it is
	// there, and any other publisher everything: the name, of at most 255
	// bytes, is how the store remembers how far it has come. A name that the
	// store has not heard of begins now, and from then on the store keeps for
	// it what it has not published, also while no process has a publisher of
	// that name, until the store's retention of unpublished events is over.
	//
	// Processes that share a store and a name publish independently while
	// they run, and begin where the furthest of them was.
	Publishers map[string]Publisher

	// MaxEvent is the largest data of one event, encoded, in bytes; default
	// 256 KiB. MaxEvents is how many events one execution can emit; default
	// 1,000. An [Emit] beyond them fails.
	MaxEvent  int64
	MaxEvents int

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
	hinter  Hinter // the store, if it is one
	opts    Options
	log     *slog.Logger
	routes  map[string]*route // by operation
	invalid []error           // what is wrong with routes, for Start

	serving      atomic.Bool
	scopeWarning sync.Once
	flights      flights
	pumps        []*pump       // one for each publisher that Start has opened
	swept        chan struct{} // closed when the sweeper has ended

	mu        sync.Mutex // guards the rest
	started   bool
	closeOnce sync.Once
	closeErr  error
	stop      context.CancelFunc // ends what Start has begun; nil before
}

// The defaults of Options.
const (
	defaultMaxResponse   = 8 << 20
	defaultMaxEvent      = 256 << 10
	defaultMaxEvents     = 1000
	defaultSweepInterval = time.Minute
)

// Attach returns an App that registers its routes with mux and keeps records
// in store. It belongs to the App from then on: Close closes it. Nil options
// are the defaults.
func Attach(mux Mux, store Store, opts *Options) *App {
	a := &App{mux: mux, store: store, routes: make(map[string]*route), swept: make(chan struct{})}
	if opts != nil {
		a.opts = *opts
	}
	a.hinter, _ = store.(Hinter)
	a.log = a.opts.Logger
	if a.log == nil {
		a.log = slog.Default()
	}
	a.opts.fill()
	return a
}

// fill replaces what is not set by its default.
func (o *Options) fill() {
	o.SweepInterval = positive(o.SweepInterval, defaultSweepInterval)
	o.MaxResponse = positive(o.MaxResponse, defaultMaxResponse)
	o.MaxEvent = positive(o.MaxEvent, defaultMaxEvent)
	o.MaxEvents = positive(o.MaxEvents, defaultMaxEvents)
	o.ReuseStatus = cmp.Or(o.ReuseStatus, http.StatusConflict)
}

// positive returns the value, or the default when it is not positive.
func positive[T ~int | ~int64](value, byDefault T) T {
	if value > 0 {
		return value
	}
	return byDefault
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
// It fails with every [RouteError] there is, joined, with a [StoreError] when
// the store cannot be read or written, with what is wrong with a publisher, or
// with the error of a [Broadcaster] that cannot be opened; it may then be
// called again. The context bounds the checks only.
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
	if err := a.openPumps(ctx); err != nil {
		return fmt.Errorf("cnerium: start: %w", err)
	}
	a.stop = a.begin()
	a.started = true
	a.serving.Store(true)
	return nil
}

// begin starts what goes on in the background until the returned function is
// called.
func (a *App) begin() (stop context.CancelFunc) {
	background, stop := context.WithCancel(context.Background())
	for _, p := range a.pumps {
		go p.run(background)
	}
	go func() {
		defer close(a.swept)
		var watching sync.WaitGroup
		defer watching.Wait()
		watching.Go(func() { a.watch(background) })
		a.sweep(background)
	}()
	return stop
}

// watch has the pumps woken when other processes commit events, where the
// store can tell.
func (a *App) watch(ctx context.Context) {
	watcher, ok := a.store.(Watcher)
	if !ok || len(a.pumps) == 0 {
		return
	}
	err := guarded(func() error {
		watcher.Watch(ctx, a.committed)
		return nil
	})
	if err != nil {
		a.log.LogAttrs(ctx, slog.LevelError, "events of other processes are found by asking only", slog.String("error", errorText(err)))
	}
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
