package client_test

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	cnerium "github.com/cnerium/cnerium-go/runtime"
	"github.com/cnerium/cnerium-go/runtime/client"
	"github.com/cnerium/cnerium-go/runtime/memstore"
)

// newServer starts the runtime with one route.
func newServer(t *testing.T, route cnerium.Route) string {
	t.Helper()
	mux := http.NewServeMux()
	app := cnerium.Attach(mux, memstore.New(nil), &cnerium.Options{Logger: slog.New(slog.DiscardHandler)})
	route.Pattern, route.Operation = "POST /orders", "orders.create"
	app.Handle(route)
	require.NoError(t, app.Start(t.Context()))
	server := httptest.NewServer(mux)
	t.Cleanup(func() {
		server.Close()
		require.NoError(t, app.Close(context.Background()))
	})
	return server.URL
}

func TestRuntimeAndClientMeanTheSameKey(t *testing.T) {
	t.Parallel()
	var keys []string
	url := newServer(t, cnerium.Route{Handler: func(r *cnerium.Request) (*cnerium.Response, error) {
		keys = append(keys, r.Key())
		return cnerium.JSON(http.StatusCreated, order{ID: r.Key()})
	}})
	c := newClient(t, url, nil)
	for _, key := range []string{client.NewKey(), `"`, `"quoted"`, `a"b`, `\`, `"\"`, "a,b;c=d", strings.Repeat("k", 255)} {
		got, meta, err := call(t.Context(), c, &client.Call{Key: key})
		require.NoError(t, err, key)
		require.Equal(t, key, got.ID)
		require.False(t, meta.Replayed)
		again, meta, err := call(t.Context(), c, &client.Call{Key: key})
		require.NoError(t, err)
		require.Equal(t, got, again)
		require.True(t, meta.Replayed)
	}
	require.Len(t, keys, 8)
}

func TestClientKnowsTheProblemsOfTheRuntime(t *testing.T) {
	t.Parallel()
	started, release := make(chan struct{}), make(chan struct{})
	var runs atomic.Int32
	url := newServer(t, cnerium.Route{Wait: cnerium.NoWait, Handler: func(*cnerium.Request) (*cnerium.Response, error) {
		if runs.Add(1) > 1 {
			panic("dies")
		}
		close(started)
		<-release
		return cnerium.JSON(http.StatusCreated, order{})
	}})
	c := newClient(t, url, nil)
	once := &client.Retry{MaxAttempts: 1}
	first := make(chan error)
	go func() {
		_, _, err := call(context.Background(), c, &client.Call{Key: "k1"})
		first <- err
	}()
	<-started
	_, _, err := call(t.Context(), c, &client.Call{Key: "k1", Retry: once})
	require.ErrorIs(t, err, client.ErrInFlight)
	require.Positive(t, failure(t, err).RetryAfter)
	close(release)
	require.NoError(t, <-first)

	other := client.NewRequest("orders.create", http.MethodPost, "/orders")
	other.JSON("another")
	_, _, err = c.Do(t.Context(), other, &client.Call{Key: "k1"})
	require.ErrorIs(t, err, client.ErrKeyReused)

	_, _, err = call(t.Context(), c, &client.Call{Key: "k2"})
	require.Equal(t, 500, failure(t, err).Status)
	_, _, err = call(t.Context(), c, &client.Call{Key: "k2"})
	require.ErrorIs(t, err, client.ErrOutcomeUnknown)
	require.EqualValues(t, 2, runs.Load())
}

func TestKeyHashIsThatOfTheServersLog(t *testing.T) {
	t.Parallel()
	var text strings.Builder
	mux := http.NewServeMux()
	app := cnerium.Attach(mux, memstore.New(nil), &cnerium.Options{Logger: slog.New(slog.NewTextHandler(&text, &slog.HandlerOptions{Level: slog.LevelDebug}))})
	app.Handle(cnerium.Route{Pattern: "POST /orders", Operation: "o", Handler: func(*cnerium.Request) (*cnerium.Response, error) { return cnerium.NoContent(), nil }})
	require.NoError(t, app.Start(t.Context()))
	server := httptest.NewServer(mux)
	_, _, err := newClient(t, server.URL, nil).Do(t.Context(), create(), &client.Call{Key: "k1"})
	require.NoError(t, err)
	server.Close()
	require.NoError(t, app.Close(t.Context()))
	require.Contains(t, text.String(), "key_hash="+client.KeyHash("k1"))
}
