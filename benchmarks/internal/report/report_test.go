package report_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cnerium/cnerium-go/benchmarks/internal/client"
	"github.com/cnerium/cnerium-go/benchmarks/internal/generators"
	"github.com/cnerium/cnerium-go/benchmarks/internal/report"
	"github.com/cnerium/cnerium-go/benchmarks/internal/servers"
)

func TestTheReportHasMediansSpreadAndRatiosOfTheSameRound(t *testing.T) {
	t.Parallel()
	rep := report.Report{Command: "go run ./cmd/bench", Rounds: 3, Connections: []int{16}}
	for _, name := range []string{servers.Bare, "sqlite-tx"} {
		kind, err := servers.Find(name)
		require.NoError(t, err)
		rep.Kinds = append(rep.Kinds, kind)
	}
	bare, durable := []int{10_000, 20_000, 40_000}, []int{5_000, 8_000, 10_000} // half, four tenths, a quarter
	for round := range 3 {
		for _, w := range client.Workloads() {
			rep.Samples = append(rep.Samples, sample(servers.Bare, round, w, bare[round]), sample("sqlite-tx", round, w, durable[round]))
		}
	}
	dir := t.TempDir()
	require.NoError(t, rep.Write(dir))
	text, err := os.ReadFile(filepath.Join(dir, "RESULTS.md"))
	require.NoError(t, err)
	require.Contains(t, string(text), "| `sqlite-tx` | **0.40** (0.25–0.50) |")
	require.Contains(t, string(text), "| `sqlite-tx` | **8,000** (5,000–10,000) |")
	require.Contains(t, string(text), "| `bare` | **1.00** (1.00–1.00) |")
	require.Contains(t, string(text), "| `sqlite-tx` | 1 / 2 / 3 |")
	require.Contains(t, string(text), "| `sqlite-tx` | 10 (5) |")
	for _, w := range client.Workloads() {
		for _, what := range []string{"throughput", "p50", "p99"} {
			name := "plots/" + string(w) + "-" + what + ".svg"
			require.Contains(t, string(text), "]("+name+")")
			require.FileExists(t, filepath.Join(dir, name))
		}
	}
}

func TestAPercentileOfTooFewRequestsIsNotReported(t *testing.T) {
	t.Parallel()
	bare, err := servers.Find(servers.Bare)
	require.NoError(t, err)
	rep := report.Report{Connections: []int{16}, Kinds: []servers.Kind{bare}}
	for _, w := range client.Workloads() {
		rep.Samples = append(rep.Samples, sample(servers.Bare, 0, w, 999))
	}
	dir := filepath.Join(t.TempDir(), "is not there yet")
	require.NoError(t, rep.Write(dir))
	text, err := os.ReadFile(filepath.Join(dir, "RESULTS.md"))
	require.NoError(t, err)
	require.Contains(t, string(text), "| `bare` | 1 / 2 / – |")
}

func TestAGeneratorThatCouldNotBeHadIsNamed(t *testing.T) {
	t.Parallel()
	run := generators.Run{Wall: 200 * time.Millisecond, CPU: 300 * time.Millisecond, Peak: 64 << 20}
	rep := report.Report{Generators: &generators.Result{
		Packages: 100, Things: 20, Lines: 100_000, Rounds: 1, Yardstick: []time.Duration{100 * time.Millisecond},
		ColdYardstick: []time.Duration{400 * time.Millisecond},
		Tools: []generators.Tool{
			{Name: "cneriumgen", Runs: map[generators.State][]generators.Run{generators.Nothing: {run}, generators.Cold: {run}}},
			{Name: "other", Err: errors.New("the proxy refuses it")},
		},
	}}
	dir := t.TempDir()
	require.NoError(t, rep.Write(dir))
	text, err := os.ReadFile(filepath.Join(dir, "RESULTS.md"))
	require.NoError(t, err)
	require.Contains(t, string(text), "| **0.2** (0.2–0.2; CPU 0.3) | 2.00 |")
	require.Contains(t, string(text), "| **0.2** (0.2–0.2; CPU 0.3) | 0.50 |", "beside go list with an empty cache, too")
	require.Contains(t, string(text), "64 MiB")
	require.Contains(t, string(text), "other: not measured: the proxy refuses it")
}

// sample is a measurement of one second, with latencies of 1, 2 and 3
// milliseconds and 10 microseconds of CPU for each request.
func sample(kind string, round int, w client.Workload, requests int) report.Sample {
	return report.Sample{Kind: kind, Connections: 16, Round: round, Result: client.Result{
		Workload: w, Requests: requests, Elapsed: time.Second,
		P50: time.Millisecond, P99: 2 * time.Millisecond, P999: 3 * time.Millisecond,
		ServerCPU: time.Duration(requests) * 10 * time.Microsecond, ClientCPU: time.Duration(requests) * 5 * time.Microsecond,
	}}
}
