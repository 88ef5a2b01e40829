package client_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cnerium/cnerium-go/benchmarks/internal/client"
	"github.com/cnerium/cnerium-go/benchmarks/internal/shop"
	"github.com/cnerium/cnerium-go/benchmarks/internal/usage"
)

// TestASlowServerIsMeasuredForLonger answers each request later than the
// window lasts.
func TestASlowServerIsMeasuredForLonger(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		time.Sleep(30 * time.Millisecond) // this is what is tested
		w.WriteHeader(http.StatusCreated)
		_, _ = io.WriteString(w, r.Header.Get(shop.KeyHeader))
	}))
	t.Cleanup(server.Close)
	results, err := client.Run(t.Context(), plan(server, 10*time.Millisecond))
	require.NoError(t, err)
	for _, r := range results {
		require.GreaterOrEqual(t, r.Requests, 2, r.Workload)
	}
}

func TestAServerThatGoesAwayIsAnError(t *testing.T) {
	t.Parallel()
	var answered atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if answered.Add(1) > 10 {
			panic(http.ErrAbortHandler)
		}
		w.WriteHeader(http.StatusCreated)
		_, _ = io.WriteString(w, r.Header.Get(shop.KeyHeader))
	}))
	t.Cleanup(server.Close)
	_, err := client.Run(t.Context(), plan(server, 10*time.Millisecond))
	require.ErrorContains(t, err, "new: connection")
}

func plan(server *httptest.Server, window time.Duration) client.Plan {
	return client.Plan{
		Addr: strings.TrimPrefix(server.URL, "http://"), Connections: 2, WarmUp: time.Millisecond, Window: window,
		Server: func(context.Context) (usage.Usage, error) { return usage.Self() },
	}
}
