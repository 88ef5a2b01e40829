package feed

import (
	"context"
	"slices"
	"sync"
	"time"
)

// Subscriber is one subscription of a [Feed]. Next is for one goroutine at a
// time; the other methods are safe for concurrent use.
type Subscriber struct {
	feed    *Feed
	allowed Rooms
	closing sync.Once

	// Guarded by the feed's mu.
	rooms map[string]struct{}
	live  bool // events are pushed

	// Used by Subscribe, and then by Next alone.
	first  []Message // before all others
	spare  []Message // what Next returned last, to be used again
	behind bool      // what comes next is in the history
	place  string    // how far it has been read there
	page   *page     // the next one, if it was read already
	cursor string    // of the last message that was returned
	idle   *time.Timer

	mu    sync.Mutex // guards the rest; taken after the feed's
	queue []Message
	bytes int
	again bool // the feed has moved on: look into the history again
	end   error
	wake  chan struct{} // tells that one of these has changed
}

func newSubscriber(f *Feed, allowed Rooms, rooms []string) *Subscriber {
	s := &Subscriber{
		feed:    f,
		allowed: allowed,
		rooms:   make(map[string]struct{}, len(rooms)),
		wake:    make(chan struct{}, 1),
	}
	for _, room := range rooms {
		s.rooms[room] = struct{}{}
	}
	return s
}

// Next waits for messages and returns them, in order; the first of all is the
// notice "welcome". The slice is valid until the next call. When nothing came
// for the idle time, it returns the notice "position" if the feed has moved on
// without anything for the subscriber, so that its cursor does not grow old,
// and else nothing.
//
// The error is [ErrClosed] or [ErrTooSlow], the context's, or that of the
// store while something missed is read from it: the client may come back with
// its cursor after each of them.
func (s *Subscriber) Next(ctx context.Context, idle time.Duration) ([]Message, error) {
	for {
		batch, err := s.take()
		if len(batch) == 0 && err == nil && s.behind {
			batch, err = s.catchUp(ctx)
		}
		if err != nil {
			return nil, err
		}
		if len(batch) > 0 {
			s.advance(batch)
			return batch, nil
		}
		if s.behind {
			continue
		}
		if idled, err := s.wait(ctx, idle); idled || err != nil {
			return nil, err
		}
	}
}

// advance remembers where the subscriber is.
func (s *Subscriber) advance(batch []Message) {
	for _, m := range slices.Backward(batch) {
		if m.Cursor != "" {
			s.cursor = m.Cursor
			return
		}
	}
}

// wait waits for a signal. It returns true when none came in the idle time and
// there is nothing to tell either.
func (s *Subscriber) wait(ctx context.Context, idle time.Duration) (bool, error) {
	if s.idle == nil {
		s.idle = time.NewTimer(idle)
	} else {
		s.idle.Reset(idle)
	}
	select {
	case <-s.wake:
		return false, nil
	case <-s.idle.C:
		s.slim()
		return !s.tellPosition(), nil
	case <-ctx.Done():
		return false, ctx.Err()
	}
}

// tellPosition queues the notice "position", unless the subscriber is there
// already.
func (s *Subscriber) tellPosition() bool {
	s.feed.mu.Lock()
	defer s.feed.mu.Unlock()
	if !s.live || s.feed.recent.position() == s.cursor {
		return false
	}
	s.tell(notice{Notice: Position})
	return true
}

// Context ends when the feed was closed and the subscriber's time to leave is
// over: its connection is to be cut off then.
func (s *Subscriber) Context() context.Context { return s.feed.cutOff }

// Close ends the subscription, also for a Next that waits: it gets ErrClosed. A
// second Close does nothing.
func (s *Subscriber) Close() {
	s.closing.Do(func() {
		s.finish(ErrClosed) // a Next that reads the history must not make it live again
		s.feed.mu.Lock()
		defer s.feed.mu.Unlock()
		s.feed.detach(s)
		delete(s.feed.subscribers, s)
		s.feed.active.Done()
	})
}

// visible appends those of the messages that are for the subscriber. The
// caller holds the feed's mu.
func (s *Subscriber) visible(batch []Message, messages []published) []Message {
	for _, m := range messages {
		if _, ok := s.rooms[m.room]; ok || m.room == "" {
			batch = append(batch, m.Message)
		}
	}
	return batch
}
