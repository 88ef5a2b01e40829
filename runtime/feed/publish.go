package feed

import (
	"context"
	"fmt"

	cnerium "github.com/cnerium/cnerium-go/runtime"
)

// Publish hands the events to the subscribers that they are for, and returns
// without waiting for any of them. It fails after Close, and for an event whose
// data is not JSON; nothing is handed over then. The App calls it.
func (f *Feed) Publish(_ context.Context, events []cnerium.Event) error {
	messages, err := encode(events)
	if err != nil {
		return fmt.Errorf("feed: publish: %w", err)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return fmt.Errorf("feed: publish: %w", ErrClosed)
	}
	f.recent.add(messages)
	for len(messages) > 0 {
		n := run(messages)
		f.deliver(messages[0].room, messages[:n])
		messages = messages[n:]
	}
	f.await()
	return nil
}

// run returns how many messages at the beginning have one room.
func run(messages []published) int {
	n := 1
	for n < len(messages) && messages[n].room == messages[0].room {
		n++
	}
	return n
}

func (f *Feed) deliver(room string, messages []published) {
	for s := range f.rooms[room] {
		if !s.push(messages) {
			f.detach(s) // it is too slow
		}
	}
}

// await lets those go on that were ahead of the feed: now it may have come as
// far as they are. Where that is not sure, the history tells.
func (f *Feed) await() {
	for s := range f.ahead {
		delete(f.ahead, s)
		s.goOn()
	}
}

// attach makes a subscriber live: from here on events are pushed to it.
func (f *Feed) attach(s *Subscriber) {
	s.live = true
	for room := range s.rooms {
		f.enter(s, room)
	}
	f.enter(s, "")
}

// detach is the inverse of attach, also for who is ahead.
func (f *Feed) detach(s *Subscriber) {
	s.live = false
	for room := range s.rooms {
		f.exit(s, room)
	}
	f.exit(s, "")
	delete(f.ahead, s)
}

func (f *Feed) enter(s *Subscriber, room string) {
	if f.rooms[room] == nil {
		f.rooms[room] = make(map[*Subscriber]struct{})
	}
	f.rooms[room][s] = struct{}{}
}

func (f *Feed) exit(s *Subscriber, room string) {
	delete(f.rooms[room], s)
	if len(f.rooms[room]) == 0 {
		delete(f.rooms, room)
	}
}
