package cnerium_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	cnerium "github.com/cnerium/cnerium-go/runtime"
)

// The rows of the contract in which a handler, a client or a store fails, and
// those that several applications share a store for.

func testStoredError(t *testing.T, store cnerium.Store) {
	s := serve(t, store, nil, create(func(context.Context, order) (*cnerium.Response, error) {
		return nil, fmt.Errorf("wrapped: %w", cnerium.NotFound("no such product"))
	}))
	first := s.do(request{key: "k", body: body})
	require.Equal(t, "no such product", first.problem(t, http.StatusNotFound, "about:blank"))
	s.do(request{key: "k", body: body}).replayed(t, first)
	require.EqualValues(t, 1, s.runs.Load())
}

func testInnerError(t *testing.T, store cnerium.Store) {
	s := serve(t, store, nil, create(func(context.Context, order) (*cnerium.Response, error) {
		return nil, errors.New("password of the database is hunter2")
	}))
	for range 2 {
		got := s.do(request{key: "k", body: body})
		require.NotContains(t, got.problem(t, http.StatusInternalServerError, "about:blank"), "hunter2")
	}
	require.EqualValues(t, 2, s.runs.Load(), "the key was free again")
}

func testNotStored(t *testing.T, store cnerium.Store) {
	var i, status int
	s := serve(t, store, nil, create(func(context.Context, order) (*cnerium.Response, error) {
		if status%2 == 0 {
			return nil, &cnerium.Error{Status: status, Detail: "later", RetryAfter: 1500 * time.Millisecond}
		}
		return cnerium.Text(status, "later"), nil
	}))
	for i, status = range []int{408, 425, 429, 500, 503} {
		got := s.do(request{key: "k", body: body})
		require.Equal(t, status, got.status)
		if status%2 == 0 {
			require.Equal(t, "2", got.header.Get("Retry-After"))
		}
		require.EqualValues(t, i+1, s.runs.Load())
	}
}

func testPanic(t *testing.T, store cnerium.Store) {
	s := serve(t, store, nil, create(func(context.Context, order) (*cnerium.Response, error) {
		panic("out of paper")
	}))
	for _, key := range []string{"k1", "k2"} {
		got := s.do(request{key: key, body: body})
		require.NotContains(t, got.problem(t, http.StatusInternalServerError, cnerium.ProblemOutcomeUnknown), "paper")
		got = s.do(request{key: key, body: body})
		require.Contains(t, got.problem(t, http.StatusConflict, cnerium.ProblemOutcomeUnknown), "unknown")
		require.Empty(t, got.header.Get("Retry-After"))
	}
	require.EqualValues(t, 2, s.runs.Load())

	records, err := s.app.Unknown(t.Context(), 10)
	require.NoError(t, err)
	require.Len(t, records, 2)
	require.NoError(t, s.app.Resolve(t.Context(), records[0].ID, cnerium.Text(200, "was done")))
	require.NoError(t, s.app.Resolve(t.Context(), records[1].ID, nil))
	require.ErrorIs(t, s.app.Resolve(t.Context(), records[0].ID, nil), cnerium.ErrNotUnknown)
	require.ErrorIs(t, s.app.Resolve(t.Context(), records[1].ID, nil), cnerium.ErrNotUnknown)
	got := s.do(request{key: records[0].ID.Key, body: body})
	require.Equal(t, "was done", got.body)
	require.Equal(t, "true", got.header.Get("Idempotency-Replayed"))
	s.do(request{key: records[1].ID.Key, body: body})
	require.EqualValues(t, 3, s.runs.Load(), "a released key runs again")
}

func testRerun(t *testing.T, store cnerium.Store) {
	route := create(func(ctx context.Context, _ order) (*cnerium.Response, error) {
		if attempt := cnerium.FromContext(ctx).Attempt(); attempt < 3 {
			panic(fmt.Sprint("attempt ", attempt))
		}
		return cnerium.OK(cnerium.FromContext(ctx).Attempt())
	})
	route.Recover = cnerium.Rerun
	s := serve(t, store, nil, route)
	require.Equal(t, http.StatusInternalServerError, s.do(request{key: "k", body: body}).status)
	require.Equal(t, http.StatusInternalServerError, s.do(request{key: "k", body: body}).status)
	s.do(request{key: "k", body: `{}`}).problem(t, http.StatusConflict, cnerium.ProblemKeyReused)
	third := s.do(request{key: "k", body: body})
	require.Equal(t, "3", third.body)
	s.do(request{key: "k", body: body}).replayed(t, third)
}

func testTimeout(t *testing.T, store cnerium.Store) {
	release := make(chan struct{})
	route := create(func(ctx context.Context, _ order) (*cnerium.Response, error) {
		<-ctx.Done()
		<-release
		return cnerium.Text(http.StatusOK, "late"), nil
	})
	route.Timeout = 10 * time.Millisecond
	s := serve(t, store, nil, route)
	s.do(request{key: "k", body: body}).problem(t, http.StatusGatewayTimeout, "about:blank")
	close(release)
	got := s.do(request{key: "k", body: body})
	require.Equal(t, "late", got.body)
	require.Equal(t, "true", got.header.Get("Idempotency-Replayed"))
	require.EqualValues(t, 1, s.runs.Load())
}

func testTimeoutGivesUp(t *testing.T, store cnerium.Store) {
	route := create(func(ctx context.Context, _ order) (*cnerium.Response, error) {
		<-ctx.Done()
		return nil, fmt.Errorf("call the bank: %w", ctx.Err())
	})
	route.Timeout = 10 * time.Millisecond
	s := serve(t, store, nil, route)
	for range 2 {
		s.do(request{key: "k", body: body}).problem(t, http.StatusGatewayTimeout, "about:blank")
	}
	// The answer can be quicker than the handler's first line.
	require.NoError(t, s.app.Close(t.Context()))
	require.EqualValues(t, 2, s.runs.Load())
}

func testDisconnect(t *testing.T, store cnerium.Store) {
	ctx, hangUp := context.WithCancel(t.Context())
	gone := make(chan struct{})
	handler := accept()
	s := serve(t, store, nil, create(func(ctx context.Context, in order) (*cnerium.Response, error) {
		hangUp()
		<-gone
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		return handler(ctx, in)
	}))
	_, err := s.try(request{key: "k", body: body, ctx: ctx})
	require.ErrorIs(t, err, context.Canceled)
	close(gone)
	got := s.do(request{key: "k", body: body})
	require.Equal(t, `{"number":1,"product":"p1"}`, got.body)
	require.EqualValues(t, 1, s.runs.Load())
}

func testScope(t *testing.T, store cnerium.Store) {
	scope := func(r *http.Request) (string, error) {
		switch user := r.Header.Get("X-User"); user {
		case "":
			return "", errors.New("no user")
		case "banned":
			return "", cnerium.Forbidden("banned")
		default:
			return user, nil
		}
	}
	s := serve(t, store, &cnerium.Options{Scope: scope}, create(accept()))
	as := func(user, sent string) reply {
		return s.do(request{key: "k", body: sent, header: http.Header{"X-User": {user}}})
	}
	ada := as("ada", body)
	bob := as("bob", `{"product":"other"}`)
	require.Equal(t, `{"number":2,"product":"other"}`, bob.body)
	as("ada", body).replayed(t, ada)
	as("bob", `{"product":"other"}`).replayed(t, bob)
	as("banned", body).problem(t, http.StatusForbidden, "about:blank")
	s.do(request{key: "k", body: body}).problem(t, http.StatusUnauthorized, "about:blank")
}

func testStoreFails(t *testing.T, store cnerium.Store) {
	s := serve(t, store, nil, create(accept()))
	fails := func(call *atomic.Bool, sent string) {
		call.Store(true)
		got := s.do(request{key: "k", body: sent})
		require.NotContains(t, got.problem(t, http.StatusServiceUnavailable, cnerium.ProblemUnavailable), "fire")
		require.Equal(t, "1", got.header.Get("Retry-After"))
		call.Store(false)
	}
	looked := body
	if s.store.LikelyAbsent(cnerium.ID{Operation: "orders.create", Key: "k"}) {
		looked = "no JSON" // is looked up before it is refused
	}
	fails(&s.store.failLookup, looked)
	fails(&s.store.failReserve, body)
	require.Zero(t, s.runs.Load())
	require.Equal(t, http.StatusCreated, s.do(request{key: "k", body: body}).status)
	fails(&s.store.failLookup, looked)
	require.EqualValues(t, 1, s.runs.Load())
}

func testCommitFails(t *testing.T, store cnerium.Store) {
	s := serve(t, store, nil, create(accept()))
	s.store.failCommit.Store(true)
	s.do(request{key: "k", body: body}).problem(t, http.StatusInternalServerError, cnerium.ProblemOutcomeUnknown)
	s.store.failCommit.Store(false)
	s.do(request{key: "k", body: body}).problem(t, http.StatusConflict, cnerium.ProblemOutcomeUnknown)
	require.EqualValues(t, 1, s.runs.Load())
}

func testManyKeys(t *testing.T, store cnerium.Store) {
	s := serve(t, store, nil, create(func(_ context.Context, in order) (*cnerium.Response, error) {
		return cnerium.Text(http.StatusOK, in.Product), nil
	}))
	const clients, each = 16, 20
	var wg sync.WaitGroup
	wrong := make(chan string, clients*each*2)
	for client := range clients {
		wg.Go(func() {
			for i := range each * 2 { // every key twice
				product := fmt.Sprintf("p-%d-%d", client, i%each)
				got, err := s.try(request{key: product, body: `{"product":"` + product + `"}`})
				if err != nil || got.body != product {
					wrong <- fmt.Sprint(product, got, err)
				}
			}
		})
	}
	wg.Wait()
	close(wrong)
	require.Empty(t, wrong, <-wrong)
	require.EqualValues(t, clients*each, s.runs.Load())
}

func testLargeResponse(t *testing.T, store cnerium.Store) {
	s := serve(t, store, nil, create(func(context.Context, order) (*cnerium.Response, error) {
		return cnerium.Text(http.StatusOK, strings.Repeat("x", 2<<20)), nil
	}))
	first := s.do(request{key: "k", body: body})
	require.Len(t, first.body, 2<<20)
	s.do(request{key: "k", body: body}).replayed(t, first)
	require.EqualValues(t, 1, s.runs.Load())
}

func testRenamedRoute(t *testing.T, store cnerium.Store) {
	route := cnerium.Route{Operation: "orders.cancel", Handler: func(req *cnerium.Request) (*cnerium.Response, error) {
		return cnerium.Text(http.StatusOK, req.URL.Path), nil
	}}
	shared := unclosed{store}
	route.Pattern = "POST /orders/{id}/cancel"
	before := serve(t, shared, nil, route)
	first := before.do(request{key: "k", path: "/orders/7/cancel"})
	route.Pattern = "POST /v2/orders/{order}/cancellation"
	after := serve(t, shared, nil, route)
	after.do(request{key: "k", path: "/v2/orders/7/cancellation"}).replayed(t, first)
	after.do(request{key: "k", path: "/v2/orders/8/cancellation"}).problem(t, 409, cnerium.ProblemKeyReused)
	require.NoError(t, store.Close())
}

func testRestart(t *testing.T, store cnerium.Store) {
	shared := unclosed{store}
	before := serve(t, shared, nil, create(accept()))
	first := before.do(request{key: "k", body: body})
	require.NoError(t, before.app.Close(t.Context()))
	before.do(request{key: "k", body: body}).problem(t, http.StatusServiceUnavailable, cnerium.ProblemUnavailable)
	after := serve(t, shared, nil, create(accept()))
	after.do(request{key: "k", body: body}).replayed(t, first)
	require.Zero(t, after.runs.Load())
	require.NoError(t, store.Close())
}

// unclosed is a store that outlives its App.
type unclosed struct{ cnerium.Store }

func (unclosed) Close() error { return nil }

func ok(*cnerium.Request) (*cnerium.Response, error) { return cnerium.Text(http.StatusOK, "ok"), nil }
