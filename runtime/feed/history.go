package feed

import (
	"context"
	"errors"
	"fmt"

	cnerium "github.com/cnerium/cnerium-go/runtime"
)

// pageSize is how many events are read from the history at once.
const pageSize = 100

// page is what was read from the history at once.
type page struct {
	messages []published
	total    int // how many events the feed had published before
}

// read reads the page behind the cursor.
func (f *Feed) read(ctx context.Context, after string) (*page, error) {
	select {
	case f.reading <- struct{}{}:
		defer func() { <-f.reading }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	f.mu.Lock()
	history, total := f.history, f.recent.total
	f.mu.Unlock()
	events, err := history.Events(ctx, after, pageSize)
	if err != nil {
		return nil, fmt.Errorf("feed: read history: %w", err)
	}
	messages, err := encode(f.bounded(events))
	return &page{messages: messages, total: total}, err
}

// bounded returns as many of the events as one subscriber may have waiting:
// whoever reads the history slowly has a page in memory for that long.
func (f *Feed) bounded(events []cnerium.Event) []cnerium.Event {
	size := 0
	for i := range events {
		size += len(events[i].Data)
		if i > 0 && size > f.opts.QueueBytes {
			return events[:i]
		}
	}
	return events
}

// catchUp returns the next messages from the history. When what comes after
// them is in memory, or the history is at its end, the subscriber leaves the
// history, so that nothing is left out between the two and nothing comes twice.
func (s *Subscriber) catchUp(ctx context.Context) ([]Message, error) {
	if batch, ok := s.rejoin(); ok {
		return batch, nil
	}
	next, err := s.nextPage(ctx)
	if errors.Is(err, cnerium.ErrCursor) {
		return nil, ErrTooSlow // it was removed while the subscriber was on its way
	}
	if err != nil {
		return nil, err
	}
	s.feed.mu.Lock()
	defer s.feed.mu.Unlock()
	batch := s.visible(nil, next.messages)
	if n := len(next.messages); n > 0 {
		s.place = next.messages[n-1].Cursor
		if len(batch) == 0 { // so that a client that is cut off need not begin anew
			batch = append(batch, notice{Notice: Position, Cursor: s.place}.message())
		}
	} else if !s.ended() && s.feed.recent.total == next.total {
		// The store has nothing after the place, and what is in memory
		// does not have the place: the feed has not come so far yet.
		s.behind = false
		s.feed.ahead[s] = struct{}{}
	}
	return batch, nil
}

// rejoin makes the subscriber live if what comes after its place is in memory,
// and returns what of that is for it.
func (s *Subscriber) rejoin() ([]Message, bool) {
	if s.page != nil {
		return nil, false // Subscribe has just looked
	}
	s.feed.mu.Lock()
	defer s.feed.mu.Unlock()
	missed, ok := s.feed.recent.after(s.place)
	if !ok || s.ended() {
		return nil, false
	}
	s.behind = false
	s.feed.attach(s)
	return s.visible(nil, missed), true
}

// nextPage returns the page that Subscribe has read, or reads the next.
func (s *Subscriber) nextPage(ctx context.Context) (*page, error) {
	if next := s.page; next != nil {
		s.page = nil
		return next, nil
	}
	return s.feed.read(ctx, s.place)
}
