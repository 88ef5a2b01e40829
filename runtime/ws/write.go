package ws

import (
	"context"
	"encoding/binary"
	"errors"
	"math"
	"net"
	"sync"
	"time"

	"github.com/cnerium/cnerium-go/runtime/feed"
)

// write sends what is for the client, and pings it, until the subscription or
// the connection ends. It leaves no connection open that cannot be written to.
func (c *client) write(ctx context.Context) {
	pingAt := time.Now().Add(c.hub.pingInterval)
	for {
		batch, err := c.sub.Next(ctx, time.Until(pingAt))
		if err != nil {
			if ctx.Err() == nil {
				c.close(ending(err))
			}
			return
		}
		if err := c.send(batch); err != nil {
			c.giveUp(err)
			return
		}
		if now := time.Now(); !now.Before(pingAt) {
			if err := c.ping(); err != nil {
				c.giveUp(err)
				return
			}
			pingAt = now.Add(c.hub.pingInterval)
		}
	}
}

// giveUp cuts the client off after a failed write, unless whoever reads is
// about to say goodbye to it.
func (c *client) giveUp(err error) {
	if !errors.Is(err, net.ErrClosed) {
		c.socket.cutOff()
	}
}

// ping asks the client for a sign of life. No wait for one is longer than the
// time to the next ping.
func (c *client) ping() error {
	c.silence.Reset(min(c.hub.writeTimeout, c.hub.pingInterval))
	return c.socket.send([]byte{final | opPing, 0})
}

const (
	bufferSize = 16 << 10 // as much as one record of TLS
	maxHeader  = 10       // of a frame that is not masked
)

// buffers are shared by all connections: one that is idle needs none.
var buffers = sync.Pool{New: func() any { return new([bufferSize]byte) }}

// send writes the messages, as many as fit into a buffer at once. One that
// does not fit is written from where it is.
func (c *client) send(batch []feed.Message) error {
	if len(batch) == 0 {
		return nil
	}
	buffer := buffers.Get().(*[bufferSize]byte)
	defer buffers.Put(buffer)
	frames := buffer[:0]
	for i := range batch {
		data := batch[i].Data
		if len(frames) > 0 && len(frames)+maxHeader+len(data) > bufferSize {
			if err := c.socket.send(frames); err != nil {
				return err
			}
			frames = buffer[:0]
		}
		frames = appendHeader(frames, len(data))
		if len(frames)+len(data) > bufferSize {
			if err := c.socket.send(frames, data); err != nil {
				return err
			}
			frames = buffer[:0]
			continue
		}
		frames = append(frames, data...)
	}
	if len(frames) == 0 {
		return nil
	}
	return c.socket.send(frames)
}

// appendHeader appends the header of a text message in one frame. What a
// server sends is not masked, so there is nothing in it that the library has
// to do.
func appendHeader(b []byte, size int) []byte {
	b = append(b, final|opText)
	switch {
	case size <= 125:
		return append(b, byte(size))
	case size <= math.MaxUint16:
		return binary.BigEndian.AppendUint16(append(b, 126), uint16(size))
	default:
		return binary.BigEndian.AppendUint64(append(b, 127), uint64(size))
	}
}
