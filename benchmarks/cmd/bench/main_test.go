package main

import (
	"bytes"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cnerium/cnerium-go/benchmarks/internal/client"
	"github.com/cnerium/cnerium-go/benchmarks/internal/report"
	"github.com/cnerium/cnerium-go/benchmarks/internal/servers"
)

// TestARunOfProcessesWritesTheReport measures two servers for a moment.
func TestARunOfProcessesWritesTheReport(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	r := &runner{dir: dir, progress: t.Output(), size: size{
		connections: []int{1, 4}, rounds: 2, warmUp: time.Millisecond, window: 30 * time.Millisecond,
	}}
	var err error
	r.programs, err = build(t.Context(), dir)
	require.NoError(t, err)
	kinds, err := chosen("memstore")
	require.NoError(t, err)
	require.Len(t, kinds, 2)
	rep := report.Report{Kinds: kinds, Connections: r.size.connections, Rounds: 2}
	rep.Samples, err = r.rounds(t.Context(), kinds)
	require.NoError(t, err)
	require.Len(t, rep.Samples, 2*2*2*len(client.Workloads()))
	rep.Versions, err = report.VersionsOf(r.programs.server)
	require.NoError(t, err)
	require.Len(t, rep.Versions, 4)
	require.NoError(t, rep.Write(dir))
	text, err := os.ReadFile(filepath.Join(dir, "RESULTS.md"))
	require.NoError(t, err)
	require.Contains(t, string(text), "| `memstore` | **")
	require.NotContains(t, string(text), "NaN")
}

func TestAServerThatAnswersWrongIsNotMeasured(t *testing.T) {
	t.Parallel()
	kind, err := servers.Find("memstore")
	require.NoError(t, err)
	for name, wrong := range map[string]client.Result{
		"a new key fails":         {Workload: client.New, Statuses: map[int]int{http.StatusCreated: 9, http.StatusServiceUnavailable: 1}},
		"a new key is replayed":   {Workload: client.New, Statuses: map[int]int{http.StatusCreated: 9}, Replayed: 1},
		"no replay":               {Workload: client.Replay, Statuses: map[int]int{http.StatusCreated: 9}},
		"a conflict is not found": {Workload: client.Conflict, Statuses: map[int]int{http.StatusCreated: 9}},
	} {
		require.Error(t, verify(kind, []client.Result{wrong}), name)
	}
	require.NoError(t, verify(kind, []client.Result{
		{Workload: client.New, Statuses: map[int]int{http.StatusCreated: 9}},
		{Workload: client.Replay, Statuses: map[int]int{http.StatusCreated: 9}, Replayed: 9},
		{Workload: client.Conflict, Statuses: map[int]int{http.StatusConflict: 9}},
	}))
}

func TestUnknownServersAndFlagsAreRefused(t *testing.T) {
	t.Parallel()
	for want, args := range map[int][]string{2: {"-nonsense"}, 1: {"-profile", "nobody"}} {
		var stdout, stderr bytes.Buffer
		require.Equal(t, want, run(args, &stdout, &stderr))
		require.NotEmpty(t, stderr.String())
	}
	_, err := chosen("nobody")
	require.ErrorContains(t, err, `no server "nobody"`)
}
