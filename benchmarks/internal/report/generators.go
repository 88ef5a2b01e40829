package report

import (
	"fmt"
	"strings"
	"time"

	"github.com/cnerium/cnerium-go/benchmarks/internal/generators"
)

// generators writes the part of the generators.
func (r Report) generators(b *strings.Builder) {
	g := r.Generators
	fmt.Fprintf(b, "## Generators\n\nEach on a module of %d packages with %d things to generate for in each, "+
		"all of which use types of one shared package (for cneriumgen %s lines of Go). Medians of %d rounds, each over all tools in turn.\n\n",
		g.Packages, g.Things, count(float64(g.Lines)), g.Rounds)
	b.WriteString("- *from nothing*: no output, and nothing in a cache of the tool; the cache of the go command is warm.\n" +
		"- *unchanged*: once more.\n- *after an edit*: a type of the shared package has one more field.\n" +
		"- *cold*: no output, and the cache of the go command is empty, too, also for the `go list -deps` of the ratio. Of two tools only, and of goverter once, because it compiles the standard library.\n\n")
	head := []string{"tool"}
	for _, s := range generators.States() {
		head = append(head, string(s), "to `go list -deps`")
	}
	head = append(head, "peak memory")
	var rows [][]string
	for _, t := range g.Tools {
		rows = append(rows, toolRow(g, t))
	}
	table(b, head, rows)
	b.WriteString("Seconds; in parentheses the least and the most, and CPU seconds. The ratio is to `go list -deps ./...` on the module of cneriumgen in the same round, the best of three. " +
		"Peak memory is that of the largest process, the go command's included.\n\n")
	for _, t := range g.Tools {
		if t.Err != nil {
			fmt.Fprintf(b, "%s: not measured: %v\n\n", t.Name, t.Err)
		}
	}
}

// toolRow is one tool of the table.
func toolRow(g *generators.Result, t generators.Tool) []string {
	row := []string{fmt.Sprintf("`%s` %s, %s", t.Name, t.Version, t.How)}
	var peak int64
	for _, state := range generators.States() {
		yardstick := g.Yardstick
		if state == generators.Cold {
			yardstick = g.ColdYardstick
		}
		var wall, cpu, ratio []float64
		for round, run := range t.Runs[state] {
			wall, cpu = append(wall, run.Wall.Seconds()), append(cpu, run.CPU.Seconds())
			if round < len(yardstick) {
				ratio = append(ratio, float64(run.Wall)/float64(yardstick[round]))
			}
			peak = max(peak, run.Peak)
		}
		if len(wall) == 0 {
			row = append(row, "–", "–")
			continue
		}
		s := spreadOf(wall)
		row = append(row, fmt.Sprintf("**%s** (%s–%s; CPU %s)", seconds(s.median), seconds(s.low), seconds(s.high), seconds(spreadOf(cpu).median)),
			fmt.Sprintf("%.2f", spreadOf(ratio).median))
	}
	if peak == 0 {
		return append(row, "–")
	}
	return append(row, fmt.Sprintf("%d MiB", peak>>20))
}

func seconds(s float64) string {
	return fmt.Sprintf("%.3g", time.Duration(s*float64(time.Second)).Round(time.Millisecond).Seconds())
}
