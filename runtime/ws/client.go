package ws

import (
	"context"
	"fmt"
	"math"
	"runtime/debug"
	"time"

	"github.com/coder/websocket"

	"github.com/cnerium/cnerium-go/runtime/feed"
)

// client is one connection and its subscription.
type client struct {
	hub     *Hub
	sub     *feed.Subscriber
	conn    *websocket.Conn // set by accept
	socket  *socket         // below conn; set by accept
	silence *time.Timer     // cuts off a client that does not answer a ping
}

func newClient(h *Hub, sub *feed.Subscriber) *client {
	c := &client{hub: h, sub: sub}
	c.silence = time.AfterFunc(math.MaxInt64, func() { c.socket.cutOff() })
	c.silence.Stop()
	return c
}

// serve runs the connection until one side ends it, or it breaks. The calling
// goroutine reads, because net/http survives a panic of the application's code
// there; one more goroutine writes, and hands its panic over.
func (c *client) serve() {
	ctx, cancel := context.WithCancel(c.sub.Context())
	context.AfterFunc(ctx, c.socket.cutOff)
	panicked := make(chan string, 1)
	go func() {
		defer func() { panicked <- c.panicText(recover()) }()
		c.write(ctx)
	}()
	defer func() {
		cancel()
		_ = c.conn.CloseNow() // in most cases it is closed already
		c.silence.Stop()
		if text := <-panicked; text != "" {
			panic(text)
		}
	}()
	c.read()
}

// panicText returns what the log should have of a panic of the goroutine that
// writes, which ends the connection, and "" for none.
func (c *client) panicText(reason any) string {
	if reason == nil {
		return ""
	}
	c.socket.cutOff()
	return fmt.Sprintf("%v\n\n%s", reason, debug.Stack())
}
