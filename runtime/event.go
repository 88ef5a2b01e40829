package cnerium

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"
	"unicode/utf8"
)

// ErrNoOperation is returned by [Emit] when its context is not that of a
// running durable handler.
var ErrNoOperation = errors.New("not inside a durable handler")

// Emit announces an event to everybody who listens. See [EmitTo].
func Emit(ctx context.Context, eventType string, data any) error {
	return emit(ctx, "", eventType, data, nil)
}

// EmitTo announces an event to those who listen to the room. An empty room is
// an error, and not everybody: that is [Emit]. The context must be the one
// that the durable handler was given, or one made from it. The data is encoded
// with encoding/json at once. If it has a method EventSubject() string, what
// that returns is the event's subject. Nothing leaves before the handler has
// returned and its response is stored; if the handler fails, or its response
// is a replay, there is no event.
//
// The answer to the request, and every replay of it, has the cursor of the last
// event in the header Event-Cursor: who subscribes with it gets all that was
// committed after it.
//
// Room, type and subject are texts of at most 255 bytes of UTF-8, without
// control characters and without what Unicode calls noncharacters; the type is
// not empty. Options.MaxEvent bounds the data, which is nested at most 1,000
// deep, and Options.MaxEvents the number.
//
// An error is also remembered: if the handler ignores it and returns a
// response all the same, its execution fails with that error, because a fact
// that the handler meant to announce must not be missing silently.
//
// EmitTo is safe for concurrent use.
func EmitTo(ctx context.Context, room, eventType string, data any) error {
	var fault error
	if room == "" {
		fault = errors.New("the room is empty; Emit is for everybody")
	}
	return emit(ctx, room, eventType, data, fault)
}

func emit(ctx context.Context, room, eventType string, data any, fault error) error {
	req := FromContext(ctx)
	if req == nil {
		return fmt.Errorf("emit %.300q: %w", eventType, ErrNoOperation)
	}
	e := Event{
		Operation: req.operation,
		Room:      room,
		Type:      eventType,
		Time:      time.Now().Truncate(time.Millisecond),
	}
	if s, ok := data.(interface{ EventSubject() string }); ok {
		e.Subject = s.EventSubject()
	}
	encoded, err := json.Marshal(data)
	err = cmp.Or(fault, err)
	e.Data = inUTF8(encoded)
	return req.events.add(e, err)
}

// inUTF8 replaces what is not UTF-8, as encoding/json does in strings of Go.
// In a json.RawMessage it lets that pass, and a browser would end its
// WebSocket for it, and end it again each time that it comes back.
func inUTF8(data []byte) []byte {
	if utf8.Valid(data) {
		return data
	}
	return bytes.ToValidUTF8(data, []byte("\ufffd"))
}

// collector gathers the events of one execution until it ends.
type collector struct {
	maxData   int64 // bytes of one event
	maxEvents int

	mu     sync.Mutex
	events []Event
	err    error // the first reason why something could not be
	closed bool
}

// limit says how much is gathered, at most. Nothing is before.
func (c *collector) limit(opts *Options) {
	c.maxData, c.maxEvents = opts.MaxEvent, opts.MaxEvents
}

// add keeps the event, or remembers why it cannot be kept.
func (c *collector) add(e Event, err error) error {
	if err == nil {
		err = e.fault(c.maxData)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.closed:
		return fmt.Errorf("emit %.300q: the handler has returned: %w", e.Type, ErrNoOperation)
	case err == nil && len(c.events) >= c.maxEvents:
		err = fmt.Errorf("the handler has emitted %d events, as many as Options.MaxEvents allows", c.maxEvents)
	}
	if err != nil {
		err = fmt.Errorf("emit %.300q: %w", e.Type, err)
		c.err = cmp.Or(c.err, err)
		return err
	}
	c.events = append(c.events, e)
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
