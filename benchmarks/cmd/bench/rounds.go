package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/cnerium/cnerium-go/benchmarks/internal/report"
	"github.com/cnerium/cnerium-go/benchmarks/internal/servers"
)

// size is how much is measured.
type size struct {
	connections []int
	rounds      int
	warmUp      time.Duration
	window      time.Duration
	generators  int  // rounds of the generators
	quick       bool // leave out what takes minutes
}

var (
	full  = size{connections: []int{1, 16, 64, 256}, rounds: 5, warmUp: 300 * time.Millisecond, window: time.Second, generators: 5}
	short = size{connections: []int{1, 16, 64}, rounds: 3, warmUp: 100 * time.Millisecond, window: 300 * time.Millisecond, generators: 1, quick: true}
)

// runner measures servers.
type runner struct {
	dir      string
	programs programs
	postgres string // URL
	size     size
	progress io.Writer
	extra    []string // arguments of the servers
}

// rounds measures every server once in each round, and in each with a store
// that begins empty. So what disturbs the machine for a while disturbs all of
// them, and what is compared was measured within seconds.
func (r *runner) rounds(ctx context.Context, kinds []servers.Kind) ([]report.Sample, error) {
	var samples []report.Sample
	begin := time.Now()
	for round := range r.size.rounds {
		for _, connections := range r.size.connections {
			for i := range kinds {
				// Each round begins with another, so that nobody always
				// comes after the same.
				kind := kinds[(i+round)%len(kinds)]
				results, err := r.cell(ctx, kind, connections)
				if err != nil {
					return nil, err
				}
				for _, result := range results {
					samples = append(samples, report.Sample{Kind: kind.Name, Connections: connections, Round: round, Result: result})
				}
			}
			_, _ = fmt.Fprintf(r.progress, "%5.0fs round %d of %d, %d connections: done\n",
				time.Since(begin).Seconds(), round+1, r.size.rounds, connections)
		}
	}
	return samples, nil
}

// chosen returns the kinds with the names, and those that they are compared
// with. No names are all kinds.
func chosen(names string) ([]servers.Kind, error) {
	all := servers.All()
	if names == "" {
		return all, nil
	}
	want := map[string]bool{}
	for name := range strings.SplitSeq(names, ",") {
		kind, err := servers.Find(name)
		if err != nil {
			return nil, err
		}
		want[kind.Name], want[kind.Base] = true, true
	}
	return without(all, func(k servers.Kind) bool { return !want[k.Name] }), nil
}

func without(kinds []servers.Kind, unwanted func(servers.Kind) bool) []servers.Kind {
	return slices.DeleteFunc(kinds, unwanted)
}
