package servers_test

import (
	"context"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cnerium/cnerium-go/benchmarks/internal/client"
	"github.com/cnerium/cnerium-go/benchmarks/internal/servers"
	"github.com/cnerium/cnerium-go/benchmarks/internal/usage"
	"github.com/cnerium/cnerium-go/internal/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// TestEveryServerDoesWhatItIsMeasuredFor runs the workloads for a moment, with
// the client that measures.
func TestEveryServerDoesWhatItIsMeasuredFor(t *testing.T) {
	t.Parallel()
	for _, kind := range servers.All() {
		t.Run(kind.Name, func(t *testing.T) {
			t.Parallel()
			cfg := servers.Config{Dir: t.TempDir()}
			if kind.NeedsPostgres {
				cfg.Postgres = pgtest.Start(t).URL()
			}
			server, err := kind.Open(t.Context(), cfg)
			require.NoError(t, err)
			l, err := net.Listen("tcp", "127.0.0.1:0")
			require.NoError(t, err)
			served := make(chan error, 1)
			go func() { served <- server.Serve(l) }()
			results, err := client.Run(t.Context(), client.Plan{
				Addr: l.Addr().String(), Connections: 3, WarmUp: 10 * time.Millisecond, Window: 150 * time.Millisecond,
				Server: func(context.Context) (usage.Usage, error) { return usage.Self() },
			})
			require.NoError(t, err)
			require.NoError(t, server.Close(context.WithoutCancel(t.Context())))
			require.NoError(t, <-served)
			check(t, kind, results)
		})
	}
}

// check expects each answer of each workload.
func check(t *testing.T, kind servers.Kind, results []client.Result) {
	t.Helper()
	require.Len(t, results, len(client.Workloads()))
	for i, r := range results {
		require.Equal(t, client.Workloads()[i], r.Workload)
		want := http.StatusCreated
		if r.Workload == client.Conflict {
			want = kind.Reuse
		}
		require.Len(t, r.Statuses, 1, "%s: %v", r.Workload, r.Statuses)
		require.GreaterOrEqual(t, r.Statuses[want], r.Requests, "%s: %v", r.Workload, r.Statuses)
		require.Positive(t, r.Requests)
		require.LessOrEqual(t, r.P50, r.P99)
		require.LessOrEqual(t, r.P99, r.Max)
		if kind.Reuse == http.StatusConflict { // these say so when they replay
			require.Equal(t, r.Workload == client.Replay, r.Replayed == r.Statuses[want], "%s: %d replayed", r.Workload, r.Replayed)
		}
	}
}
