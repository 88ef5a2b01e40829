package ws

import (
	"bytes"
	"encoding/json"
	"errors"
	"time"
	"unicode/utf8"

	"github.com/coder/websocket"

	cnerium "github.com/cnerium/cnerium-go/runtime"
)

// wish is a message of a client.
type wish struct {
	Action string   `json:"action"`
	Rooms  []string `json:"rooms"`
}

// The actions of a wish.
const (
	subscribe   = "subscribe"
	unsubscribe = "unsubscribe"
)

// parse returns the wish, or a misuse.
func parse(text []byte) (wish, error) {
	if !utf8.Valid(text) || !json.Valid(text) {
		return wish{}, misuse{
			Code:   websocket.StatusInvalidFramePayloadData,
			Reason: "a message has to be a JSON object in UTF-8",
		}
	}
	var w wish
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	err := decoder.Decode(&w)
	if err != nil || w.Action != subscribe && w.Action != unsubscribe {
		return wish{}, misuse{
			Code:   websocket.StatusPolicyViolation,
			Reason: `expected {"action":"subscribe","rooms":["…"]} or the same with "unsubscribe"`,
		}
	}
	return w, nil
}

// grant does what the client wishes, or tells it why not.
func (c *client) grant(w wish) {
	switch {
	case len(w.Rooms) == 0:
		c.sub.Fail("a message has to name at least one room")
	case w.Action == unsubscribe:
		c.sub.Leave(w.Rooms...)
	default:
		if err := c.sub.Join(w.Rooms...); err != nil {
			c.sub.Fail(detail(err))
		}
	}
}

// detail returns what the client may know of an error.
func detail(err error) string {
	if e, ok := errors.AsType[*cnerium.Error](err); ok {
		return e.Detail
	}
	return "refused"
}

// flood counts messages, so that no client can keep the hub busy with nothing
// else. The zero value is ready.
type flood struct {
	count float64 // of messages, less what time has forgiven
	last  time.Time
}

const (
	maxBurst  = 200 // messages at once
	perSecond = 20  // messages, in the long run
)

// add counts a message and reports whether it is one too many.
func (f *flood) add() bool {
	now := time.Now()
	f.count = max(0, f.count-perSecond*now.Sub(f.last).Seconds()) + 1
	f.last = now
	return f.count > maxBurst
}
