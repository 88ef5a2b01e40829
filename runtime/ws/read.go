package ws

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/coder/websocket"
)

// maxMessage is how many bytes a message of a client may have. A hundred rooms
// with the longest names fit.
const maxMessage = 32 << 10

// misuse is the end of a connection that a message of the client deserves.
type misuse websocket.CloseError

// Error is that of websocket.CloseError.
func (m misuse) Error() string { return websocket.CloseError(m).Error() }

// read does what the client asks for, and lets the library answer its control
// frames, until the connection ends.
func (c *client) read() {
	var flood flood
	for {
		err := c.receive(&flood)
		if end, ok := errors.AsType[misuse](err); ok {
			c.close(websocket.CloseError(end))
		}
		if err != nil {
			return
		}
	}
}

// receive does what the next message asks for. The error is a misuse, or the
// connection has ended.
func (c *client) receive(flood *flood) error {
	// The context has no end: the library would have to watch it, for each
	// frame. Who ends the connection closes the socket.
	kind, body, err := c.conn.Reader(context.Background())
	if err != nil {
		return fmt.Errorf("read: %w", err)
	}
	if kind != websocket.MessageText {
		return misuse{Code: websocket.StatusUnsupportedData, Reason: "a message has to be text"}
	}
	if flood.add() {
		return misuse{Code: websocket.StatusPolicyViolation, Reason: "too many messages in a short time"}
	}
	text, err := io.ReadAll(io.LimitReader(body, maxMessage+1))
	if err != nil {
		return fmt.Errorf("read: %w", err)
	}
	if len(text) > maxMessage {
		return misuse{Code: websocket.StatusMessageTooBig, Reason: fmt.Sprintf("a message has at most %d bytes", maxMessage)}
	}
	w, err := parse(text)
	if err != nil {
		return err
	}
	c.grant(w)
	return nil
}
