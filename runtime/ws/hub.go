package ws

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	cnerium "github.com/cnerium/cnerium-go/runtime"
)

var (
	_ cnerium.Publisher = (*Hub)(nil)
	_ http.Handler      = (*Hub)(nil)
)

// ErrClosed is returned by Publish after Close.
var ErrClosed = errors.New("hub is closed")

// Options configure a [Hub]. The zero value, and nil, are the defaults.
type Options struct {
	// AllowedOrigins are patterns of the origins, besides the host that the
	// request itself names, whose pages may connect: "example.com",
	// "*.example.com" or, with a scheme, "https://example.com:8443". They are
	// matched as path.Match does, without regard to case. Default: none, so
	// that only pages of the same host connect. A request without an Origin
	// header does not come from a browser's page and passes.
	AllowedOrigins []string

	// Authorize decides whether a request may connect and join the rooms that
	// it names; there may be none. An error refuses the request: with the
	// status and detail of a *cnerium.Error, else with 403 and no detail. It
	// is called before the origin is checked, so it should change nothing,
	// and must be safe for concurrent use. Default: everybody may connect,
	// and a request that names a room is refused with 403.
	Authorize func(r *http.Request, rooms []string) error

	// MaxClients is how many clients may be connected at once; one more is
	// refused with 503. Default 10,000.
	MaxClients int

	// QueueSize is how many events may wait for one client. A client that is
	// further behind is closed with status 1013. Default 1,024.
	QueueSize int

	// PingInterval is the time between pings to a client. Default 30s.
	PingInterval time.Duration

	// WriteTimeout is the time that a client has to take one message, to
	// answer a ping, and to answer when the hub closes its connection. A
	// client that does not is cut off. Default 10s.
	WriteTimeout time.Duration
}

// The defaults of Options.
const (
	defaultMaxClients   = 10_000
	defaultQueueSize    = 1024
	defaultPingInterval = 30 * time.Second
	defaultWriteTimeout = 10 * time.Second
)

// Hub sends committed events to the clients that are connected to it. Make one
// with [NewHub]. All methods are safe for concurrent use.
type Hub struct {
	opts Options

	mu      sync.Mutex // guards the rest
	closed  bool
	clients map[*client]struct{}
	rooms   map[string]map[*client]struct{} // the same by room; all are in ""
	active  sync.WaitGroup                  // has one for each client
}

// NewHub returns a hub without clients. Nil options are the defaults; so is a
// number or a duration that is not positive.
func NewHub(opts *Options) *Hub {
	h := &Hub{clients: make(map[*client]struct{}), rooms: make(map[string]map[*client]struct{})}
	if opts != nil {
		h.opts = *opts
	}
	setDefault(&h.opts.MaxClients, defaultMaxClients)
	setDefault(&h.opts.QueueSize, defaultQueueSize)
	setDefault(&h.opts.PingInterval, defaultPingInterval)
	setDefault(&h.opts.WriteTimeout, defaultWriteTimeout)
	return h
}

func setDefault[T ~int | ~int64](field *T, value T) {
	if *field <= 0 {
		*field = value
	}
}

// Close sends what is still waiting, ends every connection with status 1001
// (going away), and refuses new ones with 503. When the context ends first,
// the connections that are left are cut off and its error is returned.
//
// Close the App first: it publishes the last events while it closes.
func (h *Hub) Close(ctx context.Context) error {
	h.mu.Lock()
	h.closed = true
	for c := range h.clients {
		c.finish(goingAway)
	}
	h.mu.Unlock()
	done := make(chan struct{})
	go func() {
		h.active.Wait()
		close(done)
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("ws: close: %d connections cut off: %w", h.cutOff(), ctx.Err())
	}
}

// cutOff ends the connections that are left without a word, and counts them.
func (h *Hub) cutOff() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	for c := range h.clients {
		c.cutOff()
	}
	return len(h.clients)
}
