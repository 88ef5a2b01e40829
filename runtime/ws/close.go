package ws

import (
	"errors"
	"time"

	"github.com/coder/websocket"

	"github.com/cnerium/cnerium-go/runtime/feed"
)

// ending returns how the connection ends when the subscription does.
func ending(err error) websocket.CloseError {
	switch {
	case errors.Is(err, feed.ErrClosed):
		return websocket.CloseError{
			Code:   websocket.StatusGoingAway,
			Reason: "the server is going away; connect again with your cursor",
		}
	case errors.Is(err, feed.ErrTooSlow):
		return websocket.CloseError{
			Code:   websocket.StatusTryAgainLater,
			Reason: "too far behind; come back with your cursor",
		}
	default:
		return websocket.CloseError{
			Code:   websocket.StatusInternalError,
			Reason: "what was missed cannot be read now; come back with your cursor",
		}
	}
}

// close ends the connection with a status and a reason. A timer on the socket
// bounds it: the library discards what the client still sends, however long
// that takes.
func (c *client) close(end websocket.CloseError) {
	kill := time.AfterFunc(c.hub.writeTimeout, c.socket.cutOff)
	defer kill.Stop()
	_ = c.conn.Close(end.Code, end.Reason) // a client that is gone need not be told
}
