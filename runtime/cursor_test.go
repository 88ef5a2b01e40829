package cnerium_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	cnerium "github.com/cnerium/cnerium-go/runtime"
)

// cursor returns the one cursor that the reply carries.
func (r reply) cursor(t *testing.T) string {
	t.Helper()
	require.Len(t, r.header.Values("Event-Cursor"), 1, r.body)
	return r.header.Get("Event-Cursor")
}

// after returns the types of the events behind a cursor.
func after(t *testing.T, store cnerium.Store, cursor string) []string {
	t.Helper()
	events, err := store.Events(t.Context(), cursor, 100)
	require.NoError(t, err)
	types := []string{}
	for _, e := range events {
		types = append(types, e.Type)
	}
	return types
}

func testEventCursor(t *testing.T, store cnerium.Store) {
	shared := unclosed{store}
	s := serve(t, shared, nil, create(emitting))
	a := request{key: "a", body: `{"product":"a"}`}
	first := s.do(a)
	require.Empty(t, after(t, store, first.cursor(t)), "the cursor is that of the last event")
	second := s.do(request{key: "b", body: `{"product":"b"}`})
	conflict := s.do(request{key: "c", body: `{"product":"conflict"}`})
	require.Equal(t, http.StatusConflict, conflict.status)
	require.Equal(t, []string{"b.one", "b.two", "conflict.one", "conflict.two"}, after(t, store, first.cursor(t)))
	require.Equal(t, []string{"conflict.one", "conflict.two"}, after(t, store, second.cursor(t)))
	require.Empty(t, after(t, store, conflict.cursor(t)))
	s.do(a).replayed(t, first)

	another := serve(t, shared, nil, create(emitting)) // as another process would
	another.do(a).replayed(t, first)
	require.NoError(t, s.app.Close(t.Context()))
	require.NoError(t, another.app.Close(t.Context()))
	require.NoError(t, store.Close())
}

func testNoEventCursor(t *testing.T, store cnerium.Store) {
	s := serve(t, store, nil, create(emitting), cnerium.Route{
		Pattern: "POST /quiet", Operation: "quiet.create",
		Handler: func(*cnerium.Request) (*cnerium.Response, error) {
			resp := cnerium.NoContent()
			resp.Header = http.Header{"event-cursor": {"forged"}, "Event-Cursor": {"forged"}}
			return resp, nil
		},
	})
	for range 2 {
		require.Empty(t, s.do(request{key: "k", path: "/quiet"}).header.Values("Event-Cursor"))
	}
	for _, product := range []string{"error", "notfound", "busy", "panic", "unencodable"} {
		for range 2 {
			got := s.do(request{key: product, body: `{"product":"` + product + `"}`})
			require.GreaterOrEqual(t, got.status, 400)
			require.Empty(t, got.header.Values("Event-Cursor"), product)
		}
	}
	require.Empty(t, after(t, store, ""))
}

func testTxEventCursor(t *testing.T, open open) {
	b := open(t, nil, sold(created))
	first := b.do(request{key: "k", body: body})
	b.do(request{key: "k", body: body}).replayed(t, first)
	second := b.do(request{key: "l", body: body})
	require.NoError(t, b.app.Close(t.Context()))
	require.Len(t, b.published.events, 2)
	require.Equal(t, b.published.events[0].Cursor, first.cursor(t))
	require.Equal(t, b.published.events[1].Cursor, second.cursor(t))
}

func TestADuplicateThatWaitsForTheFirstGetsItsCursor(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		app, do := inBubble(t, &cnerium.Options{}, create(func(ctx context.Context, in order) (*cnerium.Response, error) {
			time.Sleep(time.Second) // of the bubble's clock
			return emitting(ctx, in)
		}))
		answers := make(chan *httptest.ResponseRecorder, 8)
		for range cap(answers) {
			go func() { answers <- do("k", body) }()
		}
		replayed := 0
		cursors := map[string]bool{}
		for range cap(answers) {
			header := (<-answers).Header()
			cursors[header.Get("Event-Cursor")] = true
			if header.Get("Idempotency-Replayed") != "" {
				replayed++
			}
		}
		require.Equal(t, cap(answers)-1, replayed)
		require.Len(t, cursors, 1)
		require.NotContains(t, cursors, "")
		require.NoError(t, app.Close(t.Context()))
	})
}
