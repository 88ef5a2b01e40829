package ws

import (
	"context"
	"time"

	"github.com/coder/websocket"
)

// write sends what is waiting. It returns whether the connection goes on.
func (c *client) write(ctx context.Context) bool {
	var batch [][]byte
	for ctx.Err() == nil {
		var end *ending
		batch, end = c.take(batch)
		if len(batch) == 0 {
			if end != nil {
				c.close(end)
			}
			return end == nil
		}
		for _, message := range batch {
			if c.dropped() {
				break
			}
			if err := c.send(ctx, message); err != nil {
				return false
			}
		}
	}
	return false
}

// send writes one message. The connection is closed when it takes too long.
func (c *client) send(ctx context.Context, message []byte) error {
	ctx, cancel := context.WithTimeout(ctx, c.opts.WriteTimeout)
	defer cancel()
	return c.conn.Write(ctx, websocket.MessageText, message)
}

// close ends the connection with a status and a reason. A timer on the socket
// bounds it: the library discards what the client still sends, however long
// that takes.
func (c *client) close(end *ending) {
	kill := time.AfterFunc(c.opts.WriteTimeout, c.cutOff)
	defer kill.Stop()
	_ = c.conn.Close(end.status, end.reason) // a client that is gone need not be told
}
