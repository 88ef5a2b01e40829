package storetest_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	cnerium "github.com/cnerium/cnerium-go/runtime"
	"github.com/cnerium/cnerium-go/runtime/memstore"
	"github.com/cnerium/cnerium-go/runtime/storetest"
)

// options are those that a store under test is opened with.
func options(now func() time.Time) *memstore.Options {
	return &memstore.Options{
		Now:                  now,
		EventRetention:       storetest.EventRetention,
		UnpublishedRetention: storetest.UnpublishedRetention,
		MaxEvents:            storetest.MaxEvents,
	}
}

// limitMutants keep events longer or shorter than they should.
var limitMutants = map[string]struct {
	caught string
	spoil  func(opts *memstore.Options)
}{
	"keeps published events too long":     {"Sweep", func(o *memstore.Options) { o.EventRetention += time.Millisecond }},
	"keeps published events too short":    {"Sweep", func(o *memstore.Options) { o.EventRetention -= time.Millisecond }},
	"holds events for publishers forever": {"Sweep", func(o *memstore.Options) { o.UnpublishedRetention += time.Hour }},
	"holds events for no publisher":       {"Sweep", func(o *memstore.Options) { o.UnpublishedRetention = -1 }},
	"keeps one event too many":            {"Sweep", func(o *memstore.Options) { o.MaxEvents++ }},
	"keeps one event too few":             {"Sweep", func(o *memstore.Options) { o.MaxEvents-- }},
	"keeps any number of events":          {"Sweep", func(o *memstore.Options) { o.MaxEvents = -1 }},
}

type gullible struct{ cnerium.Store }

func (s *gullible) Events(ctx context.Context, after string, limit int) ([]cnerium.Event, error) {
	events, err := s.Store.Events(ctx, after, limit)
	if err != nil && ctx.Err() == nil {
		return s.Store.Events(ctx, "", limit)
	}
	return events, err
}

type credulous struct{ cnerium.Store }

func (s *credulous) MarkPublished(ctx context.Context, publisher, cursor string) error {
	if err := s.Store.MarkPublished(ctx, publisher, cursor); err != nil {
		return ctx.Err()
	}
	return nil
}

type headless struct{ cnerium.Store }

func (s *headless) Head(ctx context.Context) (string, error) {
	if events, err := s.Events(ctx, "", 1); err != nil || len(events) == 0 {
		return "", err
	}
	return s.Store.Head(ctx)
}

// late tells of a head only when it is asked again.
type late struct {
	cnerium.Store
	mu   sync.Mutex
	last string
}

func (s *late) Head(ctx context.Context) (string, error) {
	head, err := s.Store.Head(ctx)
	s.mu.Lock()
	defer s.mu.Unlock()
	last := s.last
	if s.last = head; last == "" {
		return head, err
	}
	return last, err
}

type vague struct{ cnerium.Store }

func (s *vague) Commit(ctx context.Context, lease *cnerium.Lease, outcome cnerium.Outcome) (string, error) {
	outcome.Events = append([]cnerium.Event(nil), outcome.Events...)
	for i := range outcome.Events {
		outcome.Events[i].Subject = ""
	}
	return s.Store.Commit(ctx, lease, outcome)
}

type mute struct{ cnerium.Store }

func (s *mute) Commit(ctx context.Context, lease *cnerium.Lease, outcome cnerium.Outcome) (string, error) {
	_, err := s.Store.Commit(ctx, lease, outcome)
	return "", err
}

type hasty struct{ cnerium.Store }

func (s *hasty) Commit(ctx context.Context, lease *cnerium.Lease, outcome cnerium.Outcome) (string, error) {
	cursor, err := s.Store.Commit(ctx, lease, outcome)
	if err != nil || cursor == "" {
		return cursor, err
	}
	events, err := s.Events(ctx, "", 1000)
	return events[len(events)-len(outcome.Events)].Cursor, err
}

type forgetful struct{ cnerium.Store }

func (s *forgetful) Published(ctx context.Context, publisher string) (string, error) {
	_, err := s.Store.Published(ctx, publisher)
	return "", err
}

type lumping struct{ cnerium.Store }

func (s *lumping) Published(ctx context.Context, _ string) (string, error) {
	return s.Store.Published(ctx, "")
}

func (s *lumping) MarkPublished(ctx context.Context, _, cursor string) error {
	return s.Store.MarkPublished(ctx, "", cursor)
}

type folding struct{ cnerium.Store }

func (s *folding) Published(ctx context.Context, publisher string) (string, error) {
	return s.Store.Published(ctx, strings.ToLower(publisher))
}

func (s *folding) MarkPublished(ctx context.Context, publisher, cursor string) error {
	return s.Store.MarkPublished(ctx, strings.ToLower(publisher), cursor)
}

type cutting struct{ cnerium.Store }

func (s *cutting) MarkPublished(ctx context.Context, publisher, cursor string) error {
	return s.Store.MarkPublished(ctx, publisher[:min(len(publisher), 255)], cursor)
}

// restless keeps marks beside the store, so that no event is held for them,
// and the last one counts.
type restless struct {
	cnerium.Store
	mu    sync.Mutex
	marks map[string]string
}

func newRestless(good cnerium.Store) *restless {
	return &restless{Store: good, marks: map[string]string{}}
}

func (s *restless) Published(ctx context.Context, publisher string) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.Check(ctx); err != nil {
		return "", err
	}
	return s.marks[publisher], nil
}

func (s *restless) MarkPublished(ctx context.Context, publisher, cursor string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, err := s.Events(ctx, cursor, 0); err != nil {
		return err
	}
	s.marks[publisher] = cursor
	return nil
}

// mediumMutants keep in one process what belongs to the medium.
var mediumMutants = map[string]func(good cnerium.Store) cnerium.Store{
	"keeps marks in the process": func(good cnerium.Store) cnerium.Store { return newRestless(good) },
	"keeps the head in the process": func(good cnerium.Store) cnerium.Store {
		head, err := good.Head(context.Background())
		return &stuck{Store: good, head: head, err: err}
	},
}

// stuck does not see what others commit.
type stuck struct {
	cnerium.Store
	head string
	err  error
}

func (s *stuck) Head(context.Context) (string, error) { return s.head, s.err }

func (s *stuck) Commit(ctx context.Context, lease *cnerium.Lease, outcome cnerium.Outcome) (string, error) {
	cursor, err := s.Store.Commit(ctx, lease, outcome)
	if cursor != "" {
		s.head = cursor
	}
	return cursor, err
}

// joined is how to test a store of which a process has only a part: the rest
// outlives it, and is shared with others.
func joined(breaks func(good cnerium.Store) cnerium.Store) storetest.Config {
	type process struct {
		cnerium.Store
		medium cnerium.Store
	}
	enter := func(medium cnerium.Store) cnerium.Store {
		return process{Store: breaks(medium), medium: medium}
	}
	return storetest.Config{
		Open: func(_ *testing.T, now func() time.Time) cnerium.Store {
			return enter(lasting{memstore.New(options(now))})
		},
		Join: func(_ *testing.T, store cnerium.Store, _ func() time.Time) cnerium.Store {
			return enter(store.(process).medium)
		},
	}
}

// lasting is a store that no process closes.
type lasting struct{ cnerium.Store }

func (lasting) Close() error { return nil }
