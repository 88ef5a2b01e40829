package report

import (
	"fmt"
	"strings"
	"time"

	"github.com/cnerium/cnerium-go/benchmarks/internal/client"
	"github.com/cnerium/cnerium-go/benchmarks/internal/servers"
)

// values returns a number of each round.
func (r Report) values(kind string, connections int, w client.Workload, of func(client.Result) float64) []float64 {
	var values []float64
	for _, s := range r.Samples {
		if s.Kind == kind && s.Connections == connections && s.Workload == w {
			values = append(values, of(s.Result))
		}
	}
	return values
}

// ratios returns, for each round, the throughput as a part of what the bare
// handler on the same HTTP stack had in that round.
func (r Report) ratios(k servers.Kind, connections int, w client.Workload) []float64 {
	base := map[int]float64{}
	for _, s := range r.Samples {
		if s.Kind == k.Base && s.Connections == connections && s.Workload == w {
			base[s.Round] = s.Rate()
		}
	}
	var ratios []float64
	for _, s := range r.Samples {
		if s.Kind == k.Name && s.Connections == connections && s.Workload == w && base[s.Round] > 0 {
			ratios = append(ratios, s.Rate()/base[s.Round])
		}
	}
	return ratios
}

func p50(s client.Result) time.Duration  { return s.P50 }
func p99(s client.Result) time.Duration  { return s.P99 }
func p999(s client.Result) time.Duration { return s.P999 }

func millis(of func(client.Result) time.Duration) func(client.Result) float64 {
	return func(s client.Result) float64 { return float64(of(s)) / float64(time.Millisecond) }
}

// perRequest is in microseconds.
func perRequest(of func(client.Result) time.Duration) func(client.Result) float64 {
	return func(s client.Result) float64 { return float64(of(s)) / float64(time.Microsecond) / float64(s.Requests) }
}

// table writes a table of Markdown and an empty line.
func table(b *strings.Builder, head []string, rows [][]string) {
	fmt.Fprintf(b, "| %s |\n|%s\n", strings.Join(head, " | "), strings.Repeat(" --- |", len(head)))
	for _, row := range rows {
		for i, cell := range row {
			row[i] = strings.ReplaceAll(cell, "|", "\\|")
		}
		fmt.Fprintf(b, "| %s |\n", strings.Join(row, " | "))
	}
	b.WriteString("\n")
}

// count prints a whole number with commas.
func count(v float64) string {
	digits := fmt.Sprintf("%.0f", v)
	var b strings.Builder
	for i, d := range digits {
		if i > 0 && (len(digits)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteRune(d)
	}
	return b.String()
}

func micros(d time.Duration) string {
	return fmt.Sprintf("%.0f µs", float64(d)/float64(time.Microsecond))
}

func orUnknown(s string) string {
	if s == "" {
		return "unknown"
	}
	return s
}
