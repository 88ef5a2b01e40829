package ws

import (
	"context"
	"net"
	"sync"
	"time"

	"github.com/coder/websocket"
)

// client is one connection, and what waits to be sent over it.
type client struct {
	rooms []string        // the ones it is in, "" among them
	opts  *Options        // the hub's
	conn  *websocket.Conn // set before serve

	mu      sync.Mutex // guards the rest
	socket  net.Conn   // below conn: can be closed whatever that is waiting for; nil before the handshake
	waiting [][]byte
	end     *ending       // why the hub ends the connection; nil while it lives
	wake    chan struct{} // tells that waiting or end has changed
}

// ending says how the hub ends a connection.
type ending struct {
	status websocket.StatusCode
	reason string
	drop   bool // what waits is not sent any more
}

var (
	goingAway = &ending{status: websocket.StatusGoingAway, reason: "the server is going away; connect again"}
	tooSlow   = &ending{status: websocket.StatusTryAgainLater, reason: "too far behind; connect again", drop: true}
	noMessage = &ending{status: websocket.StatusPolicyViolation, reason: "this server takes no messages", drop: true}
)

func newClient(rooms []string, opts *Options) *client {
	return &client{
		rooms: append([]string{""}, rooms...),
		opts:  opts,
		wake:  make(chan struct{}, 1),
	}
}

// push queues a message, unless the connection is about to end. It returns
// false, and queues nothing, when too many are waiting.
func (c *client) push(message []byte) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.end != nil {
		return true
	}
	if len(c.waiting) >= c.opts.QueueSize {
		return false
	}
	c.waiting = append(c.waiting, message)
	c.signal()
	return true
}

// finish asks for the end of the connection. The first ending stands.
func (c *client) finish(end *ending) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.end != nil {
		return
	}
	c.end = end
	if end.drop {
		c.waiting = nil
	}
	c.signal()
}

// signal wakes the goroutine that sends. The caller holds mu.
func (c *client) signal() {
	select {
	case c.wake <- struct{}{}:
	default: // it has something to look at already
	}
}

// take returns what is waiting, and the ending if there is one. It reuses the
// batch that was sent before.
func (c *client) take(sent [][]byte) ([][]byte, *ending) {
	clear(sent)
	c.mu.Lock()
	defer c.mu.Unlock()
	batch := c.waiting
	c.waiting = sent[:0]
	return batch, c.end
}

// dropped reports whether what is left of a batch is not wanted any more.
func (c *client) dropped() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.end != nil && c.end.drop
}

// cutOff ends the connection without a word.
func (c *client) cutOff() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.socket != nil {
		_ = c.socket.Close() // it was going to end anyway
	}
}

// serve runs the connection until one side ends it, or it breaks.
func (c *client) serve() {
	ctx, cancel := context.WithCancel(context.Background())
	var others sync.WaitGroup
	others.Go(func() {
		defer cancel()
		c.read(ctx)
	})
	pings := time.NewTicker(c.opts.PingInterval)
	defer pings.Stop()
	for c.write(ctx) {
		select {
		case <-ctx.Done():
		case <-c.wake:
		case <-pings.C:
			others.Go(func() { c.ping(ctx, cancel) })
		}
	}
	cancel()
	_ = c.conn.CloseNow() // in most cases it is closed already
	others.Wait()
}
