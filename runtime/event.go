package cnerium

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"
)

// ErrNoOperation is returned by [Emit] when its context is not that of a
// running durable handler.
var ErrNoOperation = errors.New("not inside a durable handler")

// Event is a fact that a handler announced with [Emit]. It is stored in the
// same commit as the handler's response and published after it.
type Event struct {
	ID        string          // stable and unique in its store; "" before the commit
	Cursor    string          // opaque position in the order of commits; "" before the commit
	Operation string          // whose handler emitted it
	Room      string          // "" for everybody
	Type      string          // such as order.created
	Time      time.Time       // when it was emitted
	Data      json.RawMessage // always valid JSON
}

// MarshalJSON returns the event as it goes over the wire: a CloudEvents 1.0
// object in the JSON event format, with the extension attributes cursor and,
// for an event with a room, room.
func (e Event) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		SpecVersion     string          `json:"specversion"`
		ID              string          `json:"id"`
		Source          string          `json:"source"`
		Type            string          `json:"type"`
		Time            time.Time       `json:"time"`
		DataContentType string          `json:"datacontenttype"`
		Room            string          `json:"room,omitempty"`
		Cursor          string          `json:"cursor"`
		Data            json.RawMessage `json:"data"`
	}{
		SpecVersion:     "1.0",
		ID:              e.ID,
		Source:          "urn:cnerium:operation:" + e.Operation,
		Type:            e.Type,
		Time:            e.Time.UTC(),
		DataContentType: "application/json",
		Room:            e.Room,
		Cursor:          e.Cursor,
		Data:            e.Data,
	})
}

// Publisher carries committed events to whoever listens.
type Publisher interface {
	// Publish hands over events in the order of their commits. It is called
	// by one goroutine at a time. After an error the same events come again,
	// so each event is handed over at least once; its ID tells a repetition.
	Publish(ctx context.Context, events []Event) error
}

// Emit announces an event to everybody who listens. See [EmitTo].
func Emit(ctx context.Context, eventType string, data any) error {
	return EmitTo(ctx, "", eventType, data)
}

// EmitTo announces an event to those who listen to the room; "" is everybody.
// The context must be the one that the durable handler was given, or one made
// from it. The data is encoded with encoding/json at once. Nothing leaves
// before the handler has returned and its response is stored; if the handler
// fails, or its response is a replay, there is no event.
//
// An error is also remembered: if the handler ignores it and returns a
// response all the same, its execution fails with that error, because a fact
// that the handler meant to announce must not be missing silently.
//
// EmitTo is safe for concurrent use.
func EmitTo(ctx context.Context, room, eventType string, data any) error {
	req := FromContext(ctx)
	if req == nil {
		return fmt.Errorf("emit %s: %w", eventType, ErrNoOperation)
	}
	return req.events.add(req.operation, room, eventType, data)
}

// collector gathers the events of one execution until it ends.
type collector struct {
	mu     sync.Mutex
	events []Event
	err    error
	closed bool
}

func (c *collector) add(operation, room, eventType string, data any) error {
	encoded, err := json.Marshal(data)
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.closed:
		return fmt.Errorf("emit %s: the handler has returned: %w", eventType, ErrNoOperation)
	case eventType == "":
		err = errors.New("emit: empty event type")
	case err != nil:
		err = fmt.Errorf("emit %s: %w", eventType, err)
	}
	if err != nil {
		c.err = errors.Join(c.err, err)
		return err
	}
	c.events = append(c.events, Event{
		Operation: operation,
		Room:      room,
		Type:      eventType,
		Time:      time.Now().Truncate(time.Millisecond),
		Data:      encoded,
	})
	return nil
}

// close ends the collection and returns what was gathered, or the first
// reason why something could not be.
func (c *collector) close() ([]Event, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	return c.events, c.err
}
