package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/cnerium/cnerium-go/benchmarks/internal/postgres"
	"github.com/cnerium/cnerium-go/benchmarks/internal/servers"
)

// profileSize is enough for a profile that says something.
var profileSize = size{connections: []int{64}, rounds: 1, warmUp: time.Second, window: 5 * time.Second}

// profile puts one server under load, all workloads after each other, and
// writes its profiles of CPU and allocations into the folder of the results.
func profile(ctx context.Context, o options, progress io.Writer) error {
	kind, err := servers.Find(o.profile)
	if err != nil {
		return err
	}
	out, err := filepath.Abs(o.out)
	if err != nil {
		return fmt.Errorf("find the folder of the profiles: %w", err)
	}
	dir, err := os.MkdirTemp(o.dir, "cnerium-profile")
	if err != nil {
		return fmt.Errorf("make a folder: %w", err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	r := &runner{dir: dir, size: profileSize, progress: progress}
	if r.programs, err = build(ctx, dir); err != nil {
		return err
	}
	if kind.NeedsPostgres {
		db, err := postgres.Start(ctx)
		if err != nil {
			return err
		}
		defer db.Close()
		r.postgres = db.URL
	}
	cpu, allocs := filepath.Join(out, kind.Name+".cpu.prof"), filepath.Join(out, kind.Name+".allocs.prof")
	r.extra = []string{"-cpuprofile", cpu, "-memprofile", allocs}
	if _, err := r.cell(ctx, kind, profileSize.connections[0]); err != nil {
		return err
	}
	_, err = fmt.Fprintf(progress, "go tool pprof -top %s\ngo tool pprof -top -sample_index=alloc_space %s\n", cpu, allocs)
	return err
}
