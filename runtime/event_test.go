package cnerium_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	cnerium "github.com/cnerium/cnerium-go/runtime"
	"github.com/cnerium/cnerium-go/runtime/memstore"
)

// recorder is a publisher that keeps what it gets.
type recorder struct {
	mu     sync.Mutex
	events []cnerium.Event
	fail   bool
}

func (r *recorder) Publish(_ context.Context, events []cnerium.Event) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.fail {
		return errors.New("carrier is down")
	}
	r.events = append(r.events, events...)
	return nil
}

func (r *recorder) types() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var types []string
	for _, e := range r.events {
		types = append(types, e.Type)
	}
	return types
}

// emitting is a handler that emits two events and then does as the product
// says.
func emitting(ctx context.Context, in order) (*cnerium.Response, error) {
	if err := cnerium.Emit(ctx, in.Product+".one", in); err != nil {
		return nil, err
	}
	if err := cnerium.EmitTo(ctx, "room", in.Product+".two", in); err != nil {
		return nil, err
	}
	switch in.Product {
	case "error":
		return nil, errors.New("failed")
	case "notfound":
		return nil, cnerium.NotFound("no such product")
	case "conflict":
		return cnerium.Text(http.StatusConflict, "sold out"), nil
	case "busy":
		return nil, cnerium.ServiceUnavailable("busy", time.Second)
	case "panic":
		panic("failed")
	case "unencodable":
		_ = cnerium.Emit(ctx, "bad", func() {})
	}
	return cnerium.NoContent(), nil
}

func TestEventsOfCommittedOperationsOnlyInOrderAndOnce(t *testing.T) {
	t.Parallel()
	for _, store := range stores {
		t.Run(store.name, func(t *testing.T) {
			t.Parallel()
			published := &recorder{}
			s := serve(t, store.open(t), &cnerium.Options{Publisher: published}, create(emitting))
			want := []string{}
			for i := range 20 {
				for _, product := range []string{"error", "notfound", "busy", "panic", "unencodable"} {
					s.do(request{key: fmt.Sprint(product, i), body: `{"product":"` + product + `"}`})
				}
				product := fmt.Sprint("p", i)
				for range 3 {
					got := s.do(request{key: product, body: `{"product":"` + product + `"}`})
					require.Equal(t, http.StatusNoContent, got.status)
				}
				want = append(want, product+".one", product+".two")
				got := s.do(request{key: fmt.Sprint("conflict", i), body: `{"product":"conflict"}`})
				require.Equal(t, http.StatusConflict, got.status)
				want = append(want, "conflict.one", "conflict.two") // a response is an outcome
			}
			require.NoError(t, s.app.Close(t.Context()), "Close publishes what is left")
			require.Equal(t, want, published.types())

			seen := map[string]bool{}
			for i, e := range published.events {
				require.False(t, seen[e.ID], "each event has an id of its own")
				seen[e.ID] = true
				require.Equal(t, "orders.create", e.Operation)
				require.Equal(t, map[int]string{0: "", 1: "room"}[i%2], e.Room)
			}
		})
	}
}

func TestAnIgnoredEmitErrorFailsTheOperation(t *testing.T) {
	t.Parallel()
	s := serve(t, memstore.New(nil), nil, create(emitting))
	s.do(request{key: "k", body: `{"product":"unencodable"}`}).problem(t, http.StatusInternalServerError, cnerium.ProblemOutcomeUnknown)
	s.do(request{key: "k", body: `{"product":"unencodable"}`}).problem(t, http.StatusConflict, cnerium.ProblemOutcomeUnknown)
	require.EqualValues(t, 1, s.runs.Load(), "the handler has done its work")
}

func TestEmitOutsideOfAHandlerFails(t *testing.T) {
	t.Parallel()
	require.ErrorIs(t, cnerium.Emit(t.Context(), "order.created", 1), cnerium.ErrNoOperation)
	require.Nil(t, cnerium.FromContext(t.Context()))

	kept := make(chan context.Context, 1)
	s := serve(t, memstore.New(nil), nil, create(func(ctx context.Context, _ order) (*cnerium.Response, error) {
		kept <- ctx
		if err := cnerium.Emit(ctx, "", 1); err == nil {
			return nil, errors.New("an empty type passed")
		}
		return cnerium.NoContent(), nil
	}))
	s.do(request{key: "k", body: body}).problem(t, http.StatusInternalServerError, cnerium.ProblemOutcomeUnknown)
	require.ErrorIs(t, cnerium.Emit(<-kept, "order.created", 1), cnerium.ErrNoOperation)
}

func TestAPublisherThatFailsGetsItsEventsLater(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		published := &recorder{fail: true}
		app, do := inBubble(t, &cnerium.Options{Publisher: published}, create(emitting))
		require.Equal(t, http.StatusNoContent, do("k1", `{"product":"a"}`).Code)
		require.Equal(t, http.StatusNoContent, do("k2", `{"product":"b"}`).Code)
		synctest.Wait()
		require.Empty(t, published.types())
		published.mu.Lock()
		published.fail = false
		published.mu.Unlock()
		time.Sleep(time.Minute) // of the bubble's clock
		require.Equal(t, []string{"a.one", "a.two", "b.one", "b.two"}, published.types())
		require.NoError(t, app.Close(t.Context()))
	})
}

func TestPublishingGoesOnAfterARestartWhereItStopped(t *testing.T) {
	t.Parallel()
	for _, store := range stores {
		t.Run(store.name, func(t *testing.T) {
			t.Parallel()
			shared := unclosed{store.open(t)}
			first := &recorder{}
			s := serve(t, shared, &cnerium.Options{Publisher: first}, create(emitting))
			s.do(request{key: "k1", body: `{"product":"a"}`})
			require.NoError(t, s.app.Close(t.Context()))

			down := &recorder{fail: true}
			s = serve(t, shared, &cnerium.Options{Publisher: down}, create(emitting))
			s.do(request{key: "k2", body: `{"product":"b"}`})
			require.NoError(t, s.app.Close(t.Context()))

			second := &recorder{}
			s = serve(t, shared, &cnerium.Options{Publisher: second}, create(emitting))
			s.do(request{key: "k3", body: `{"product":"c"}`})
			require.NoError(t, s.app.Close(t.Context()))
			require.Equal(t, []string{"a.one", "a.two"}, first.types())
			require.Equal(t, []string{"b.one", "b.two", "c.one", "c.two"}, second.types())
			require.NoError(t, shared.Store.Close())
		})
	}
}

// stubborn is a publisher that panics, or blocks whatever its context says.
type stubborn struct {
	recorder
	panics  atomic.Int64 // how many times yet
	blocked chan struct{}
}

func (s *stubborn) Publish(ctx context.Context, events []cnerium.Event) error {
	if s.panics.Add(-1) >= 0 {
		panic("carrier fell over")
	}
	if s.blocked != nil {
		<-s.blocked
	}
	return s.recorder.Publish(ctx, events)
}

func TestAPublisherThatPanicsGetsItsEventsLater(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		published := &stubborn{}
		published.panics.Store(3)
		app, do := inBubble(t, &cnerium.Options{Publisher: published}, create(emitting))
		require.Equal(t, http.StatusNoContent, do("k1", `{"product":"a"}`).Code)
		time.Sleep(time.Minute) // of the bubble's clock
		require.Equal(t, []string{"a.one", "a.two"}, published.types())
		require.NoError(t, app.Close(t.Context()))
	})
}

func TestCloseDoesNotWaitForEverForAPublisher(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		published := &stubborn{blocked: make(chan struct{})}
		app, do := inBubble(t, &cnerium.Options{Publisher: published}, create(emitting))
		require.Equal(t, http.StatusNoContent, do("k1", `{"product":"a"}`).Code)
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		err := app.Close(ctx)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.ErrorContains(t, err, "abandoned the publisher")
		close(published.blocked)
	})
}
