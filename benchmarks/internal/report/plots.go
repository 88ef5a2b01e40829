package report

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/cnerium/cnerium-go/benchmarks/internal/client"
	"github.com/cnerium/cnerium-go/benchmarks/internal/plot"
	"github.com/cnerium/cnerium-go/benchmarks/internal/servers"
)

// quantity is what is drawn of each workload.
type quantity struct {
	name string // of the file
	axis string
	of   func(client.Result) float64
}

var plotted = []quantity{
	{"throughput", "requests a second", client.Result.Rate},
	{"p50", "median latency in milliseconds", millis(p50)},
	{"p99", "99th percentile of latency in milliseconds", millis(p99)},
}

func (q quantity) file(w client.Workload) string  { return fmt.Sprintf("%s-%s.svg", w, q.name) }
func (q quantity) title(w client.Workload) string { return fmt.Sprintf("%s: %s", w, q.axis) }

// plots draws everything into the folder.
func (r Report) plots(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("make the folder of the plots: %w", err)
	}
	for _, w := range client.Workloads() {
		for _, q := range plotted {
			if err := r.plot(filepath.Join(dir, q.file(w)), w, q); err != nil {
				return err
			}
		}
	}
	return nil
}

func (r Report) plot(path string, w client.Workload, q quantity) error {
	chart := plot.Chart{Title: q.title(w), XName: "connections", YName: q.axis}
	for _, c := range r.Connections {
		chart.Steps = append(chart.Steps, fmt.Sprint(c))
	}
	for _, k := range r.Kinds {
		line := plot.Line{Name: k.Name, Dashed: k.Name == servers.Bare || k.Name == servers.FiberBare}
		for _, c := range r.Connections {
			line.Values = append(line.Values, spreadOf(r.values(k.Name, c, w, q.of)).median)
		}
		chart.Lines = append(chart.Lines, line)
	}
	file, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("create a plot: %w", err)
	}
	return errors.Join(chart.WriteSVG(file), file.Close())
}
