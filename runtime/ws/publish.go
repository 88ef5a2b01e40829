package ws

import (
	"context"
	"encoding/json"
	"fmt"

	cnerium "github.com/cnerium/cnerium-go/runtime"
)

// Publish queues the events for the clients that they are for, and returns
// without waiting for any of them. It fails after Close, and for an event whose
// data is not JSON; the events before that one are queued then.
func (h *Hub) Publish(_ context.Context, events []cnerium.Event) error {
	for i := range events {
		if err := h.broadcast(&events[i]); err != nil {
			return fmt.Errorf("ws: publish event %s: %w", events[i].ID, err)
		}
	}
	return nil
}

// broadcast queues one event for everybody in its room. It is encoded once:
// all queues share its bytes.
func (h *Hub) broadcast(event *cnerium.Event) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return ErrClosed
	}
	members := h.rooms[event.Room]
	if len(members) == 0 {
		return nil
	}
	message, err := json.Marshal(event)
	if err != nil {
		return fmt.Errorf("encode: %w", err)
	}
	for c := range members {
		if !c.push(message) {
			c.finish(tooSlow)
		}
	}
	return nil
}
