package sse

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	cnerium "github.com/cnerium/cnerium-go/runtime"
	"github.com/cnerium/cnerium-go/runtime/feed"
)

// Options configure a [Handler]. The zero value, and nil, are the defaults; so
// is a duration that is not positive.
type Options struct {
	// Heartbeat is the longest time without a byte, so that neither a proxy
	// nor the browser takes the connection for dead. Default 15 seconds.
	Heartbeat time.Duration

	// WriteTimeout is how long the client may take for one write, which is
	// all that waits for it, or 256 KiB when that is more; then its connection
	// is cut off. It stands in place of the server's own WriteTimeout. It has
	// no effect where the writer does not support deadlines. Default 10
	// seconds.
	WriteTimeout time.Duration

	// Retry is how long the browser waits before it connects again, in whole
	// milliseconds. Default 1 second.
	Retry time.Duration
}

// The defaults of Options.
const (
	defaultHeartbeat    = 15 * time.Second
	defaultWriteTimeout = 10 * time.Second
	defaultRetry        = time.Second
)

// Handler returns a handler that streams the events of the feed to each client
// that asks for them, until the client leaves or the feed closes. It answers
// GET and HEAD. A writer that cannot flush is answered with 500. Nil options
// are the defaults.
func Handler(f *feed.Feed, opts *Options) http.Handler {
	h := &handler{feed: f}
	if opts != nil {
		h.opts = *opts
	}
	setDefault(&h.opts.Heartbeat, defaultHeartbeat)
	setDefault(&h.opts.WriteTimeout, defaultWriteTimeout)
	setDefault(&h.opts.Retry, defaultRetry)
	return h
}

func setDefault(field *time.Duration, value time.Duration) {
	if *field <= 0 {
		*field = value
	}
}

type handler struct {
	feed *feed.Feed
	opts Options
}

// ServeHTTP answers with the stream, and returns when it has ended.
func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	h.allowOrigin(header, r)
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		header.Set("Allow", "GET, HEAD")
		cnerium.Errorf(http.StatusMethodNotAllowed, "events are read with GET").ServeHTTP(w, r)
		return
	}
	subscriber, err := h.feed.Subscribe(r)
	if err != nil {
		feed.Refuse(w, r, err)
		return
	}
	defer subscriber.Close()
	header.Set("Content-Type", "text/event-stream")
	header.Set("Cache-Control", "no-store")
	header.Set("X-Accel-Buffering", "no") // nginx and others hold a response back otherwise
	if r.Method == http.MethodHead {
		return
	}
	s := &stream{opts: &h.opts, subscriber: subscriber, w: w, control: http.NewResponseController(w)}
	s.serve(r)
}

// allowOrigin lets a page of another host read the answer, even a refusal, if
// its origin is allowed.
func (h *handler) allowOrigin(header http.Header, r *http.Request) {
	header.Add("Vary", "Origin")
	origin := r.Header.Get("Origin")
	if origin == "" || sameHost(origin, r) || !h.feed.OriginAllowed(r) {
		return
	}
	header.Set("Access-Control-Allow-Origin", origin)
	header.Set("Access-Control-Allow-Credentials", "true")
	header.Set("Access-Control-Expose-Headers", "Retry-After") // of a refusal; scripts see few headers otherwise
}

// sameHost reports whether the origin is of the host that the request names.
func sameHost(origin string, r *http.Request) bool {
	u, err := url.Parse(origin)
	return err == nil && strings.EqualFold(u.Host, r.Host)
}
