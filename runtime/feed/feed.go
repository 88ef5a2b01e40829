package feed

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"

	cnerium "github.com/cnerium/cnerium-go/runtime"
)

var _ cnerium.Broadcaster = (*Feed)(nil)

// ErrClosed ends a subscription whose feed is closed, after everything that
// waited for it was returned. Publish and Open return it after Close.
var ErrClosed = errors.New("feed is closed")

// ErrTooSlow ends a subscription that has fallen too far behind, or whose
// place in the history is no longer kept. Its client should come back with its
// cursor: it is then told whether anything is lost.
var ErrTooSlow = errors.New("too far behind: come back with the cursor")

// Options configure a [Feed]. The zero value, and nil, are the defaults.
type Options struct {
	// AllowedOrigins are patterns of the origins, besides the host that the
	// request itself names, whose pages may subscribe: "example.com",
	// "*.example.com" or, with a scheme, "https://example.com:8443". They are
	// matched as path.Match does, without regard to case. Default: none, so
	// that only pages of the same host subscribe. A request without an Origin
	// header does not come from a page of another host and passes. A proxy in
	// front has to pass on the Host header that the browser sent; where it does
	// not, name the public host here.
	AllowedOrigins []string

	// Authorize decides whether a request may subscribe, and to which rooms.
	// An error refuses it: with the status and detail of a *cnerium.Error,
	// else with 403 and no detail. It is called once for each connection and
	// must be safe for concurrent use, like the Rooms that it returns, which
	// are asked each time the subscriber joins a room. Default: everybody may
	// subscribe, and nobody may join a room.
	Authorize func(r *http.Request) (Rooms, error)

	// MaxSubscribers is how many there may be at once; one more is refused
	// with 503. Default 10,000.
	MaxSubscribers int

	// QueueSize is how many messages may wait for one subscriber, and
	// QueueBytes how large they may be together. A subscriber that is further
	// behind is ended with ErrTooSlow. Default 1,024, and 1 MiB. What is
	// published at once for one that has nothing waiting may be larger.
	// QueueBytes also bounds how much is read from the history for one at
	// once.
	QueueSize  int
	QueueBytes int

	// Recent is how many of the last events are kept in memory, at most 4 MiB
	// of them, for subscribers that were away for a moment only; who was away
	// longer reads from the store. Default 1,024.
	Recent int
}

// The defaults of Options.
const (
	defaultMaxSubscribers = 10_000
	defaultQueueSize      = 1024
	defaultQueueBytes     = 1 << 20
	defaultRecent         = 1024
)

// Feed is a [cnerium.Broadcaster] for any number of subscribers. Make one with
// [New]. All methods are safe for concurrent use.
type Feed struct {
	opts    Options
	reading chan struct{} // holds one for each page of the history that is being read

	cutOff context.Context // ends when the time of Close is over
	cut    context.CancelFunc

	mu          sync.Mutex // guards the rest
	history     cnerium.History
	closed      bool
	recent      recent
	subscribers map[*Subscriber]struct{}
	rooms       map[string]map[*Subscriber]struct{} // who is live, by room; all of them are in ""
	ahead       map[*Subscriber]struct{}            // who is further than the feed and waits for it
	active      sync.WaitGroup                      // has one for each subscriber
}

// maxReading is how many pages of the history are read at once: a thousand
// subscribers that come back must not take the store away from the requests.
const maxReading = 4

// New returns a feed without subscribers. Nil options are the defaults; so is a
// number that is not positive. Until the App has started, subscribers are
// refused with 503.
func New(opts *Options) *Feed {
	f := &Feed{
		reading:     make(chan struct{}, maxReading),
		subscribers: make(map[*Subscriber]struct{}),
		rooms:       make(map[string]map[*Subscriber]struct{}),
		ahead:       make(map[*Subscriber]struct{}),
	}
	f.cutOff, f.cut = context.WithCancel(context.Background())
	if opts != nil {
		f.opts = *opts
	}
	setDefault(&f.opts.MaxSubscribers, defaultMaxSubscribers)
	setDefault(&f.opts.QueueSize, defaultQueueSize)
	setDefault(&f.opts.QueueBytes, defaultQueueBytes)
	setDefault(&f.opts.Recent, defaultRecent)
	return f
}

func setDefault(field *int, value int) {
	if *field <= 0 {
		*field = value
	}
}

// Open begins the feed at the cursor. The App calls it; see
// [cnerium.Broadcaster]. When it is called again, events were missed: every
// subscription ends with [ErrTooSlow]. A pattern of AllowedOrigins that can
// never match is an error.
func (f *Feed) Open(history cnerium.History, cursor string) error {
	if err := checkOrigins(f.opts.AllowedOrigins); err != nil {
		return fmt.Errorf("feed: open: %w", err)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return fmt.Errorf("feed: open: %w", ErrClosed)
	}
	for s := range f.subscribers {
		s.finish(ErrTooSlow)
		f.detach(s)
	}
	f.history = history
	f.recent = recent{limit: f.opts.Recent, before: cursor}
	return nil
}

// Close lets every subscriber have what waits for it, ends the subscriptions
// with [ErrClosed], and refuses new ones with 503. It returns when all are
// closed. When the context ends first, their own contexts end and its error is
// returned. The App calls it.
func (f *Feed) Close(ctx context.Context) error {
	f.mu.Lock()
	f.closed = true
	for s := range f.subscribers {
		s.finish(ErrClosed)
	}
	f.mu.Unlock()
	done := make(chan struct{})
	go func() {
		f.active.Wait()
		close(done)
	}()
	defer f.cut()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
	}
	if n := f.count(); n > 0 {
		return fmt.Errorf("feed: close: %d subscribers cut off: %w", n, ctx.Err())
	}
	return nil
}

func (f *Feed) count() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.subscribers)
}
