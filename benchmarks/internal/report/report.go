// Package report writes what was measured: RESULTS.md and its plots.
package report

import (
	"debug/buildinfo"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/cnerium/cnerium-go/benchmarks/internal/client"
	"github.com/cnerium/cnerium-go/benchmarks/internal/generators"
	"github.com/cnerium/cnerium-go/benchmarks/internal/machine"
	"github.com/cnerium/cnerium-go/benchmarks/internal/servers"
)

// Sample is one measurement of a server.
type Sample struct {
	Kind        string
	Connections int
	Round       int
	client.Result
}

// Report is all that a run has measured.
type Report struct {
	Command    string
	Begin, End time.Time
	Machine    machine.Machine
	LoadAfter  string
	Versions   []string // of what is compared
	Missing    []string // what could not be measured, and why

	Rounds         int
	WarmUp, Window time.Duration
	Connections    []int
	Kinds          []servers.Kind
	Samples        []Sample // none when servers were not measured

	Generators *generators.Result // nil when they were not measured
}

// VersionsOf returns the modules that matter of a program, with versions.
func VersionsOf(program string) ([]string, error) {
	info, err := buildinfo.ReadFile(program)
	if err != nil {
		return nil, fmt.Errorf("read the versions: %w", err)
	}
	matter := []string{"modernc.org/sqlite", "github.com/jackc/pgx/v5", "github.com/gofiber/fiber/v3", "github.com/valyala/fasthttp"}
	var versions []string
	for _, m := range info.Deps {
		if slices.Contains(matter, m.Path) {
			versions = append(versions, m.Path+" "+m.Version)
		}
	}
	return versions, nil
}

// Write writes RESULTS.md and plots/*.svg into the folder, which it makes when
// it is not there.
func (r Report) Write(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("make the folder of the report: %w", err)
	}
	var b strings.Builder
	r.head(&b)
	var plots error
	if len(r.Samples) > 0 {
		r.compared(&b)
		for _, w := range client.Workloads() {
			r.workload(&b, w)
		}
		plots = r.plots(filepath.Join(dir, "plots"))
	}
	if r.Generators != nil {
		r.generators(&b)
	}
	if err := os.WriteFile(filepath.Join(dir, "RESULTS.md"), []byte(b.String()), 0o644); err != nil {
		return errors.Join(fmt.Errorf("write the report: %w", err), plots)
	}
	return plots
}

// head says what was measured where.
func (r Report) head(b *strings.Builder) {
	b.WriteString("# Results\n\nWritten by `" + r.Command + "`; see [README.md](README.md) for how to run it and for what these numbers do not say.\n\n")
	m := r.Machine
	table(b, []string{"", ""}, [][]string{
		{"when", r.Begin.UTC().Format("2006-01-02 15:04") + " UTC, " + r.End.Sub(r.Begin).Round(time.Second).String()},
		{"project", orUnknown(m.Commit)},
		{"machine", fmt.Sprintf("%s, %d CPUs, %s of memory", orUnknown(m.CPU), m.CPUs, orUnknown(m.Memory))},
		{"system", fmt.Sprintf("%s, %s", orUnknown(m.System), m.Go)},
		{"disk", fmt.Sprintf("%s; write and sync of 4 KiB: median %s, p99 %s", orUnknown(m.Filesystem), micros(m.Sync), micros(m.SyncP99))},
		{"load average", fmt.Sprintf("%s before, %s after (this run included)", orUnknown(m.Load), orUnknown(r.LoadAfter))},
		{"versions", strings.Join(r.Versions, ", ")},
	})
	if load, err := strconv.ParseFloat(strings.TrimSpace(strings.SplitN(m.Load, " ", 2)[0]), 64); err == nil && load > float64(m.CPUs)/2 {
		b.WriteString("**The machine was busy with something else when the run began. These numbers say little: do not compare with them.**\n\n")
	}
	for _, missing := range r.Missing {
		fmt.Fprintf(b, "Not measured: %s.\n\n", missing)
	}
}

// compared says what the servers are.
func (r Report) compared(b *strings.Builder) {
	b.WriteString("## Servers\n\nThe same `POST /orders` behind each: 201 and about 120 bytes of JSON. ")
	fmt.Fprintf(b, "Medians of %d rounds, each over all servers in turn; %s of warm-up and %s of measurement for each number. "+
		"The least and the most of the rounds are in parentheses.\n\n", r.Rounds, r.WarmUp, r.Window)
	var rows [][]string
	for _, k := range r.Kinds {
		reuse := fmt.Sprintf("answers %d", k.Reuse)
		if k.Reuse == 201 {
			reuse = "not noticed"
		}
		rows = append(rows, []string{"`" + k.Name + "`", k.What, k.Durability, reuse, "`" + k.Base + "`"})
	}
	table(b, []string{"server", "what", "durability of an answer", "a key with another body", "ratio to"}, rows)
}

// workload writes the tables of one workload.
func (r Report) workload(b *strings.Builder, w client.Workload) {
	titles := map[client.Workload]string{
		client.New:      "New keys",
		client.Replay:   "Replays",
		client.Conflict: "Conflicts: a key that was used, with another body",
	}
	fmt.Fprintf(b, "## %s\n\nRatio of throughput to the bare handler of the same round:\n\n", titles[w])
	r.grid(b, func(k servers.Kind, connections int) string {
		s := spreadOf(r.ratios(k, connections, w))
		return fmt.Sprintf("**%.2f** (%.2f–%.2f)", s.median, s.low, s.high)
	})
	b.WriteString("Requests a second:\n\n")
	r.grid(b, func(k servers.Kind, connections int) string {
		s := spreadOf(r.values(k.Name, connections, w, client.Result.Rate))
		return fmt.Sprintf("**%s** (%s–%s)", count(s.median), count(s.low), count(s.high))
	})
	b.WriteString("Latency p50 / p99 / p99.9 in milliseconds (– where a round has fewer than 1,000 requests):\n\n")
	r.grid(b, func(k servers.Kind, connections int) string { return r.latency(k.Name, connections, w) })
	b.WriteString("CPU of the server process for each request, in microseconds; in parentheses that of the client:\n\n")
	r.grid(b, func(k servers.Kind, connections int) string {
		server := spreadOf(r.values(k.Name, connections, w, perRequest(func(s client.Result) time.Duration { return s.ServerCPU })))
		mine := spreadOf(r.values(k.Name, connections, w, perRequest(func(s client.Result) time.Duration { return s.ClientCPU })))
		return fmt.Sprintf("%.0f (%.0f)", server.median, mine.median)
	})
	if w == client.New {
		b.WriteString("Peak memory of the server process in MiB, which grows with the keys that it was given:\n\n")
		r.grid(b, func(k servers.Kind, connections int) string {
			s := spreadOf(r.values(k.Name, connections, w, func(s client.Result) float64 { return float64(s.ServerRSS) / (1 << 20) }))
			return fmt.Sprintf("%.0f", s.median)
		})
	}
	for _, p := range plotted {
		fmt.Fprintf(b, "![%s](plots/%s)\n", p.title(w), p.file(w))
	}
	b.WriteString("\n")
}

// grid writes a table of the servers over connections.
func (r Report) grid(b *strings.Builder, cell func(k servers.Kind, connections int) string) {
	head := []string{"server \\ connections"}
	for _, c := range r.Connections {
		head = append(head, fmt.Sprint(c))
	}
	var rows [][]string
	for _, k := range r.Kinds {
		row := []string{"`" + k.Name + "`"}
		for _, c := range r.Connections {
			row = append(row, cell(k, c))
		}
		rows = append(rows, row)
	}
	table(b, head, rows)
}

func (r Report) latency(kind string, connections int, w client.Workload) string {
	fewest := spreadOf(r.values(kind, connections, w, func(s client.Result) float64 { return float64(s.Requests) })).low
	texts := make([]string, 0, 3)
	for _, of := range []func(client.Result) time.Duration{p50, p99, p999} {
		s := spreadOf(r.values(kind, connections, w, millis(of)))
		texts = append(texts, fmt.Sprintf("%.3g", s.median))
	}
	if fewest < 1000 {
		texts[2] = "–"
	}
	return strings.Join(texts, " / ")
}
