package feed

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"time"

	cnerium "github.com/cnerium/cnerium-go/runtime"
)

// Subscribe begins a subscription as the request asks for it: with the rooms
// of its parameters "room", behind the cursor of its header Last-Event-ID or
// else of its parameter last_event_id, or now when it has none. The error is
// for [Refuse]. The caller closes the subscriber in the end; the request's
// context bounds the call only.
func (f *Feed) Subscribe(r *http.Request) (*Subscriber, error) {
	if !f.OriginAllowed(r) {
		return nil, cnerium.Forbidden("pages of this origin may not listen")
	}
	var allowed Rooms
	if f.opts.Authorize != nil {
		var err error
		if allowed, err = f.opts.Authorize(r); err != nil {
			return nil, err
		}
	}
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil { // what cannot be read may be a cursor: without it there would be a silent gap
		return nil, cnerium.BadRequest("the query of the address is malformed").WithCause(err)
	}
	rooms := query["room"]
	if err := allowed.check(rooms); err != nil {
		return nil, err
	}
	s := newSubscriber(f, allowed, rooms)
	if err := f.admit(s); err != nil {
		return nil, err
	}
	begun := false
	defer func() {
		if !begun { // also when the store panics
			s.Close()
		}
	}()
	// A browser sends the header when it connects again by itself, with the
	// address of the first time.
	cursor := cmp.Or(r.Header.Get("Last-Event-ID"), query.Get("last_event_id"))
	if err := s.begin(r.Context(), cursor); err != nil {
		return nil, cnerium.ServiceUnavailable("what was missed cannot be read now; try again", time.Second).WithCause(err)
	}
	begun = true
	return s, nil
}

// admit counts the subscriber in, or tells why it cannot come in. One that was
// counted in leaves in the end.
func (f *Feed) admit(s *Subscriber) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case f.closed || f.history == nil:
		return cnerium.ServiceUnavailable("the server is starting or stopping; connect again", time.Second)
	case len(f.subscribers) >= f.opts.MaxSubscribers:
		return cnerium.ServiceUnavailable("too many subscribers are connected; try again later", 10*time.Second)
	}
	f.active.Add(1)
	f.subscribers[s] = struct{}{}
	return nil
}

// begin finds out where the subscriber begins, and welcomes it.
func (s *Subscriber) begin(ctx context.Context, cursor string) error {
	if cursor == "" {
		s.beginNow(nil)
		return nil
	}
	if s.resume(cursor) {
		return nil
	}
	page, err := s.feed.read(ctx, cursor)
	lost := errors.Is(err, cnerium.ErrCursor)
	if err != nil && !lost {
		return err
	}
	if lost {
		s.beginNow(new(bool))
		return nil
	}
	s.place, s.page, s.behind = cursor, page, true
	s.welcome(cursor, newTrue())
	return nil
}

// beginNow makes the subscriber live without a past.
func (s *Subscriber) beginNow(recovered *bool) {
	s.feed.mu.Lock()
	defer s.feed.mu.Unlock()
	s.feed.attach(s)
	s.welcome(s.feed.recent.position(), recovered)
}

// resume makes the subscriber live behind the cursor, if what came after it is
// in memory.
func (s *Subscriber) resume(cursor string) bool {
	s.feed.mu.Lock()
	defer s.feed.mu.Unlock()
	missed, ok := s.feed.recent.after(cursor)
	if !ok {
		return false
	}
	s.feed.attach(s)
	s.welcome(cursor, newTrue())
	s.first = s.visible(s.first, missed)
	return true
}

// welcome makes the notice that the subscriber gets first.
func (s *Subscriber) welcome(cursor string, recovered *bool) {
	n := notice{Notice: Welcome, Cursor: cursor, Recovered: recovered}
	for room := range s.rooms {
		n.Rooms = append(n.Rooms, room)
	}
	slices.Sort(n.Rooms)
	s.first = append(s.first, n.message())
}

func newTrue() *bool {
	yes := true
	return &yes
}
