package cnerium_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	cnerium "github.com/cnerium/cnerium-go/runtime"
	"github.com/cnerium/cnerium-go/runtime/memstore"
)

// hall is a broadcaster that keeps what happens to it.
type hall struct {
	mu        sync.Mutex
	steps     []string // open and its cursor, the types of events, close
	history   cnerium.History
	failOpen  error
	failClose error
	panics    atomic.Int64  // how many times Publish does yet
	blocked   chan struct{} // keeps Publish, whatever its context says
	closing   func(ctx context.Context)
}

func (h *hall) step(s ...string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.steps = append(h.steps, s...)
}

func (h *hall) seen() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]string{}, h.steps...)
}

func (h *hall) last() string { return h.seen()[len(h.seen())-1] }

func (h *hall) Open(history cnerium.History, cursor string) error {
	h.step("open " + cursor)
	h.history = history
	return h.failOpen
}

func (h *hall) Publish(_ context.Context, events []cnerium.Event) error {
	if h.panics.Add(-1) >= 0 {
		panic("broadcaster fell over")
	}
	if h.blocked != nil {
		<-h.blocked
	}
	for _, e := range events {
		h.step(e.Type)
	}
	return nil
}

func (h *hall) Close(ctx context.Context) error {
	h.step("close")
	if h.closing != nil {
		h.closing(ctx)
	}
	return h.failClose
}

// head returns where the store's events end.
func head(t *testing.T, store cnerium.Store) string {
	t.Helper()
	cursor, err := store.Head(t.Context())
	require.NoError(t, err)
	require.NotEmpty(t, cursor)
	return cursor
}

func TestABroadcasterGetsWhatIsCommittedFromItsOpenToItsClose(t *testing.T) {
	t.Parallel()
	for _, row := range stores {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			store := row.open(t)
			empty := head(t, store)
			life := func(h *hall, product string) {
				opts := &cnerium.Options{}
				if h != nil {
					opts.Publisher = h
				}
				s := serve(t, unclosed{store}, opts, create(emitting))
				require.Equal(t, http.StatusNoContent, s.do(request{key: product, body: `{"product":"` + product + `"}`}).status)
				require.NoError(t, s.app.Close(t.Context()))
			}
			var kept []cnerium.Event
			first, second := &hall{}, &hall{}
			first.closing = func(ctx context.Context) {
				var err error
				kept, err = first.history.Events(ctx, empty, 10)
				require.NoError(t, err)
			}
			life(first, "p1")
			require.Equal(t, append(append([]string{"open " + empty}, types("p1")...), "close"), first.seen())
			require.Len(t, kept, 2, "the store closes after the broadcaster")

			life(nil, "p2") // nobody is there
			start := head(t, store)
			life(second, "p3")
			require.Equal(t, append(append([]string{"open " + start}, types("p3")...), "close"), second.seen())
			mark, err := store.Published(t.Context(), "")
			require.NoError(t, err)
			require.Empty(t, mark, "nothing is kept for it")
			require.NoError(t, store.Close())
		})
	}
}

func TestABroadcasterThatPanicsGetsItsEventsLater(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := &hall{}
		h.panics.Store(3)
		app, do := inBubble(t, &cnerium.Options{Publisher: h}, create(emitting))
		require.Equal(t, http.StatusNoContent, do("k1", `{"product":"p1"}`).Code)
		time.Sleep(time.Minute)
		require.Equal(t, types("p1"), h.seen()[1:])
		require.NoError(t, app.Close(t.Context()))
	})
}

func TestABroadcasterIsOpenedAgainWhenEventsWereRemovedBeforeItGotThem(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := memstore.New(&memstore.Options{EventRetention: time.Hour})
		h := &hall{blocked: make(chan struct{})}
		app, do := inBubbleWith(t, store, &cnerium.Options{Publisher: h}, create(emitting))
		require.Equal(t, http.StatusNoContent, do("k1", `{"product":"p1"}`).Code)
		synctest.Wait()
		require.Equal(t, http.StatusNoContent, do("k2", `{"product":"p2"}`).Code)
		time.Sleep(2 * time.Hour) // longer than events are kept
		again := head(t, store)
		close(h.blocked)
		time.Sleep(time.Minute)
		require.Equal(t, http.StatusNoContent, do("k3", `{"product":"p3"}`).Code)
		synctest.Wait()
		require.Equal(t, append(append(types("p1"), "open "+again), types("p3")...), h.seen()[1:])
		require.NoError(t, app.Close(t.Context()))
	})
}

func TestStartFailsWithABroadcasterThatCannotBeOpenedAndCanBeTriedAgain(t *testing.T) {
	t.Parallel()
	full := errors.New("the hall is full")
	a, b, marked := &hall{}, &hall{failOpen: full}, &recorder{}
	s := newService(t, memstore.New(nil), &cnerium.Options{
		Publishers: map[string]cnerium.Publisher{"a": a, "b": b, "c": marked},
	}, create(emitting))
	err := s.app.Start(t.Context())
	require.ErrorIs(t, err, full)
	require.ErrorContains(t, err, `open the publisher "b"`)
	s.do(request{key: "k", body: body}).problem(t, http.StatusServiceUnavailable, cnerium.ProblemUnavailable)
	b.failOpen = nil
	require.NoError(t, s.app.Start(t.Context()))
	require.Equal(t, http.StatusNoContent, s.do(request{key: "k", body: `{"product":"p1"}`}).status)
	require.NoError(t, s.app.Close(t.Context()))
	for _, h := range []*hall{a, b} {
		require.Equal(t, append(types("p1"), "close"), h.seen()[2:])
	}
	require.Equal(t, types("p1"), marked.types())
}

func TestCloseEndsABroadcasterThatAFailedStartHasOpened(t *testing.T) {
	t.Parallel()
	a, b := &hall{}, &hall{failOpen: errors.New("the hall is full")}
	store := memstore.New(nil)
	app := cnerium.Attach(http.NewServeMux(), store, &cnerium.Options{Publishers: map[string]cnerium.Publisher{"a": a, "b": b}})
	require.ErrorContains(t, app.Start(t.Context()), "the hall is full")
	require.NoError(t, app.Close(t.Context()))
	require.Equal(t, "close", a.last())
	require.True(t, strings.HasPrefix(b.last(), "open "), "it was never open")
	require.Error(t, store.Check(t.Context()), "the store is closed")
}

func TestABroadcasterThatFailsToCloseIsReportedAndTheStoreCloses(t *testing.T) {
	t.Parallel()
	for name, h := range map[string]*hall{
		"error": {failClose: errors.New("the door is stuck")},
		"panic": {closing: func(context.Context) { panic("the door is stuck") }},
	} {
		store := memstore.New(nil)
		app := cnerium.Attach(http.NewServeMux(), store, &cnerium.Options{Publishers: map[string]cnerium.Publisher{"hall": h}})
		require.NoError(t, app.Start(t.Context()))
		err := app.Close(t.Context())
		require.ErrorContains(t, err, `the publisher "hall": `, name)
		require.ErrorContains(t, err, "the door is stuck", name)
		require.Error(t, store.Check(t.Context()), "the store is closed")
	}
}

func TestABroadcasterThatDoesNotCloseInTimeIsAbandonedByName(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		h := &hall{closing: func(context.Context) { <-release }}
		other := &recorder{}
		app, do := inBubble(t, &cnerium.Options{Publisher: other, Publishers: map[string]cnerium.Publisher{"hall": h}}, create(emitting))
		require.Equal(t, http.StatusNoContent, do("k1", `{"product":"p1"}`).Code)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		err := app.Close(ctx)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.ErrorContains(t, err, `abandoned the publisher "hall", which`)
		require.Equal(t, types("p1"), other.types())
		close(release)
	})
}

func TestABroadcasterIsClosedInTimeEvenIfAnOperationRunsOn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		var left time.Duration
		h := &hall{closing: func(ctx context.Context) {
			deadline, _ := ctx.Deadline()
			left = time.Until(deadline)
		}}
		app, do := inBubble(t, &cnerium.Options{Publisher: h}, create(func(context.Context, order) (*cnerium.Response, error) {
			<-release
			return cnerium.NoContent(), nil
		}))
		go do("k1", body)
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		require.ErrorContains(t, app.Close(ctx), "abandoned orders.create (key hash ")
		require.Equal(t, "close", h.last())
		require.Zero(t, left, "its context says that the time is over")
		close(release)
	})
}
