package cnerium_test

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	cnerium "github.com/cnerium/cnerium-go/runtime"
	"github.com/cnerium/cnerium-go/runtime/memstore"
)

// inBubble is an application inside a synctest bubble, whose clock is the
// bubble's; requests are served without a network.
func inBubble(t *testing.T, opts *cnerium.Options, routes ...cnerium.Route) (*cnerium.App, func(key, body string) *httptest.ResponseRecorder) {
	return inBubbleWith(t, memstore.New(nil), opts, routes...)
}

// bubble is a *testing.T or a *rapid.T.
type bubble interface {
	require.TestingT
	Helper()
}

func inBubbleWith(t bubble, store cnerium.Store, opts *cnerium.Options, routes ...cnerium.Route) (*cnerium.App, func(key, body string) *httptest.ResponseRecorder) {
	t.Helper()
	if opts.Logger == nil {
		opts.Logger = slog.New(slog.DiscardHandler)
	}
	mux := http.NewServeMux()
	app := cnerium.Attach(mux, store, opts)
	for _, route := range routes {
		app.Handle(route)
	}
	require.NoError(t, app.Start(context.Background()))
	return app, func(key, body string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(http.MethodPost, "/orders", strings.NewReader(body))
		r.Header.Set("Idempotency-Key", key)
		return asClient(mux, r)
	}
}

// asClient returns the answer as soon as a client has all of it.
func asClient(h http.Handler, r *http.Request) *httptest.ResponseRecorder {
	w := &flushed{ResponseRecorder: httptest.NewRecorder(), whole: make(chan struct{})}
	go func() {
		h.ServeHTTP(w, r)
		w.Flush()
	}()
	<-w.whole
	return w.ResponseRecorder
}

// flushed tells when everything is written.
type flushed struct {
	*httptest.ResponseRecorder
	whole chan struct{}
	once  sync.Once
}

func (w *flushed) Flush() { w.once.Do(func() { close(w.whole) }) }

func TestTheLeaseIsRenewedWhileTheHandlerRuns(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := memstore.New(nil)
		route := create(func(context.Context, order) (*cnerium.Response, error) {
			time.Sleep(time.Hour)
			return cnerium.Text(http.StatusOK, "at last"), nil
		})
		route.Lease, route.Timeout, route.Recover = time.Second, 2*time.Hour, cnerium.Rerun
		app, do := inBubbleWith(t, store, &cnerium.Options{}, route)
		done := make(chan string)
		go func() { done <- do("k", body).Body.String() }()
		id := cnerium.ID{Operation: "orders.create", Key: "k"}
		for range 100 {
			time.Sleep(30 * time.Second)
			rec, err := store.Lookup(t.Context(), id)
			require.NoError(t, err)
			require.Equal(t, cnerium.StateReserved, rec.State)
		}
		require.Equal(t, "at last", <-done)
		require.NoError(t, app.Close(t.Context()))
	})
}

func TestADuplicateWaitsAsLongAsTheRouteSays(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		route := create(func(context.Context, order) (*cnerium.Response, error) {
			time.Sleep(10 * time.Second)
			return cnerium.Text(http.StatusOK, "done"), nil
		})
		route.Wait = 3 * time.Second
		app, do := inBubble(t, &cnerium.Options{}, route)
		go do("k", body)
		synctest.Wait()
		start := time.Now()
		require.Equal(t, http.StatusConflict, do("k", body).Code)
		require.Equal(t, 3*time.Second, time.Since(start))
		time.Sleep(5 * time.Second)
		late := do("k", body)
		require.Equal(t, "done", late.Body.String())
		require.Equal(t, 10*time.Second, time.Since(start))
		require.NoError(t, app.Close(t.Context()))
	})
}

// TestADuplicateOfAnotherProcess has a store that another process has
// reserved a record in.
func TestADuplicateOfAnotherProcess(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := memstore.New(nil)
		route := create(accept())
		app, do := inBubbleWith(t, store, &cnerium.Options{}, route)
		first := do("k", body) // teaches us the fingerprint
		rec, err := store.Lookup(t.Context(), cnerium.ID{Operation: "orders.create", Key: "k"})
		require.NoError(t, err)

		reserve := func(key string) *cnerium.Lease {
			_, lease, err := store.Reserve(t.Context(), cnerium.Claim{
				ID: cnerium.ID{Operation: "orders.create", Key: key}, Fingerprint: rec.Fingerprint, Lease: time.Minute,
			})
			require.NoError(t, err)
			return lease
		}
		lease := reserve("waits")
		time.AfterFunc(2*time.Second, func() {
			outcome := cnerium.Outcome{Response: cnerium.Text(http.StatusOK, "theirs").Stored(), Retention: time.Hour}
			_, err := store.Commit(t.Context(), lease, outcome)
			require.NoError(t, err)
		})
		got := do("waits", body)
		require.Equal(t, "theirs", got.Body.String())
		require.Equal(t, "true", got.Header().Get("Idempotency-Replayed"))

		lease = reserve("frees")
		time.AfterFunc(2*time.Second, func() { require.NoError(t, store.Release(t.Context(), lease)) })
		require.Equal(t, first.Code, do("frees", body).Code)

		reserve("dies")
		got = do("dies", body)
		require.Equal(t, http.StatusConflict, got.Code)
		require.Contains(t, got.Body.String(), cnerium.ProblemInFlight)
		time.Sleep(time.Minute)
		got = do("dies", body)
		require.Equal(t, http.StatusConflict, got.Code)
		require.Contains(t, got.Body.String(), cnerium.ProblemOutcomeUnknown)
		require.NoError(t, app.Close(t.Context()))
	})
}

func TestAStoredResponseIsForgottenAfterItsRetention(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		route := create(accept())
		route.Retention = time.Hour
		app, do := inBubble(t, &cnerium.Options{}, route)
		first := do("k", body)
		time.Sleep(59 * time.Minute)
		again := do("k", body)
		require.Equal(t, first.Body.String(), again.Body.String())
		time.Sleep(2 * time.Minute) // the replay has not extended it
		fresh := do("k", body)
		require.NotEqual(t, first.Body.String(), fresh.Body.String())
		require.Empty(t, fresh.Header().Get("Idempotency-Replayed"))
		require.NoError(t, app.Close(t.Context()))
	})
}

func TestALostLeaseEndsTheHandlersContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := &losing{Store: memstore.New(nil)}
		route := create(func(ctx context.Context, _ order) (*cnerium.Response, error) {
			<-ctx.Done()
			return nil, context.Cause(ctx)
		})
		route.Lease = 3 * time.Second
		app, do := inBubbleWith(t, store, &cnerium.Options{}, route)
		start := time.Now()
		require.Equal(t, http.StatusInternalServerError, do("k", body).Code)
		require.Equal(t, time.Second, time.Since(start))
		require.NoError(t, app.Close(t.Context()))
	})
}

// losing is a store in which somebody else took every record over.
type losing struct{ cnerium.Store }

func (*losing) Renew(context.Context, *cnerium.Lease, time.Duration) error {
	return cnerium.ErrLeaseLost
}
