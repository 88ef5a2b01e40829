package ws

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/http"
	"strings"

	"github.com/coder/websocket"

	cnerium "github.com/cnerium/cnerium-go/runtime"
	"github.com/cnerium/cnerium-go/runtime/feed"
)

// ServeHTTP turns the request into a WebSocket connection and serves it until
// it ends. Whatever refuses the request is answered before the handshake, as a
// problem document: 426 when it asks for no WebSocket, 403 for a foreign
// origin or a room that it may not join, what Authorize says, and 503 when too
// many clients are connected or the App is not running.
func (h *Hub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !asksForWebSocket(r.Header) {
		w.Header().Set("Connection", "Upgrade")
		w.Header().Set("Upgrade", "websocket")
		feed.Refuse(w, r, cnerium.Errorf(http.StatusUpgradeRequired, "this address is for WebSocket connections only"))
		return
	}
	sub, err := h.Subscribe(r)
	if err != nil {
		feed.Refuse(w, r, err)
		return
	}
	defer sub.Close()
	c := newClient(h, sub)
	if err := c.accept(w, r); err != nil {
		return // it has answered
	}
	c.serve()
}

// asksForWebSocket keeps requests that cannot succeed from being counted as
// subscribers. The handshake itself checks the rest.
func asksForWebSocket(h http.Header) bool {
	return hasToken(h["Connection"], "upgrade") && hasToken(h["Upgrade"], "websocket")
}

func hasToken(lines []string, token string) bool {
	for _, line := range lines {
		for one := range strings.SplitSeq(line, ",") {
			if strings.EqualFold(strings.TrimSpace(one), token) {
				return true
			}
		}
	}
	return false
}

// accept does the handshake, or answers why not.
func (c *client) accept(w http.ResponseWriter, r *http.Request) error {
	capture := &capture{ResponseWriter: w}
	if canHijack(w) {
		w = capture
	}
	conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{
		InsecureSkipVerify: true,                          // the feed has checked the origin already, for every carrier in the same way
		CompressionMode:    websocket.CompressionDisabled, // a window for each client is memory for each client
		OnPongReceived:     func(context.Context, []byte) { c.silence.Stop() },
	})
	if err != nil {
		return fmt.Errorf("accept: %w", err)
	}
	conn.SetReadLimit(-1) // receive has one
	c.conn, c.socket = conn, capture.socket
	c.socket.timeout = c.hub.writeTimeout
	return nil
}

// capture puts a socket below the library when the connection is hijacked
// through it.
type capture struct {
	http.ResponseWriter
	socket *socket
}

// Hijack takes the connection over from the server.
func (c *capture) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, rw, err := http.NewResponseController(c.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, fmt.Errorf("take over the connection: %w", err)
	}
	c.socket = &socket{Conn: conn}
	return c.socket, bufio.NewReadWriter(rw.Reader, bufio.NewWriterSize(c.socket, maxControlFrame)), nil
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
