package ws

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/coder/websocket"

	cnerium "github.com/cnerium/cnerium-go/runtime"
)

// ServeHTTP turns the request into a WebSocket connection and serves it until
// it ends. The client gets every event that is published after the handshake
// was answered. A request that asks for no WebSocket is answered with 426, one
// from a foreign origin or for a room that it may not join with 403, and any
// with 503 when too many clients are connected or the hub is closed.
func (h *Hub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	rooms, err := h.authorize(r)
	if err != nil {
		refuse(w, err)
		return
	}
	c := newClient(rooms, &h.opts)
	if err := h.join(c); err != nil {
		refuse(w, err)
		return
	}
	defer h.leave(c)
	if err := c.accept(w, r); err != nil {
		return // it has answered
	}
	c.serve()
}

// accept does the handshake, or answers why not.
func (c *client) accept(w http.ResponseWriter, r *http.Request) error {
	capture := &capture{ResponseWriter: w}
	if canHijack(w) {
		w = capture
	}
	conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{
		OriginPatterns:  c.opts.AllowedOrigins,
		CompressionMode: websocket.CompressionDisabled, // a window for each client is memory for each client
	})
	if err != nil {
		return fmt.Errorf("accept: %w", err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.conn, c.socket = conn, capture.conn
	return nil
}

// refuse answers with an error that came before the handshake.
func refuse(w http.ResponseWriter, err error) {
	e, ok := errors.AsType[*cnerium.Error](err)
	if !ok {
		e = cnerium.Forbidden("")
	}
	if e.RetryAfter > 0 {
		seconds := (e.RetryAfter + time.Second - 1) / time.Second
		w.Header().Set("Retry-After", strconv.FormatInt(int64(seconds), 10))
	}
	status := e.Status
	if status < 400 || status > 599 {
		status = http.StatusInternalServerError
	}
	http.Error(w, cmp.Or(e.Detail, http.StatusText(status)), status)
}

// capture remembers the connection that is hijacked through it.
type capture struct {
	http.ResponseWriter
	conn net.Conn
}

// Hijack takes the connection over from the server.
func (c *capture) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, rw, err := http.NewResponseController(c.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, fmt.Errorf("take over the connection: %w", err)
	}
	c.conn = conn
	return conn, rw, nil
}

// WriteHeaderNow is what the handshake calls where a router delays headers, as
// Gin does.
func (c *capture) WriteHeaderNow() {
	if w, ok := c.ResponseWriter.(interface{ WriteHeaderNow() }); ok {
		w.WriteHeaderNow()
	}
}

// canHijack reports whether the writer, or one that it wraps, can give its
// connection away. HTTP/2 cannot.
func canHijack(w http.ResponseWriter) bool {
	for {
		switch inner := w.(type) {
		case http.Hijacker:
			return true
		case interface{ Unwrap() http.ResponseWriter }:
			w = inner.Unwrap()
		default:
			return false
		}
	}
}
