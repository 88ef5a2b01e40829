// Package generators measures cneriumgen beside other code generators for Go,
// each on a module of the same size.
package generators

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// State is what a generator finds when it starts.
type State string

// The states, in the order in which they are measured.
const (
	Nothing   State = "from nothing"
	Unchanged State = "unchanged"
	Edited    State = "after an edit"
	Cold      State = "cold"
)

// States returns them all.
func States() []State { return []State{Nothing, Unchanged, Edited, Cold} }

// Run is one measurement.
type Run struct {
	Wall, CPU time.Duration
	Peak      int64 // bytes of the largest process
}

// Tool is a generator and what was measured of it.
type Tool struct {
	Name, Version, How string
	Runs               map[State][]Run
	Err                error // why it was not measured; nil
}

// Result is what was measured.
type Result struct {
	Packages, Things, Lines int
	Rounds                  int
	Yardstick               []time.Duration // go list -deps, of each round
	ColdYardstick           []time.Duration // the same with an empty cache; none when Cold is not measured
	Tools                   []Tool
}

// What the modules are made of.
const (
	packages = 100
	things   = 20 // in each package
)

// Plan says what to measure.
type Plan struct {
	Dir    string // a folder to be made, for tools and modules
	Rounds int

	// Quick leaves out what takes minutes: the tools that are started for
	// each package, and empty build caches.
	Quick bool
}

// Measure measures all tools. One that cannot be had is in the result with its
// error.
func Measure(ctx context.Context, plan Plan, progress io.Writer) (*Result, error) {
	b := &bench{dir: plan.Dir, bin: filepath.Join(plan.Dir, "bin"), quick: plan.Quick, progress: progress}
	if err := b.prepare(ctx); err != nil {
		return nil, err
	}
	r := &Result{Packages: packages, Things: things, Lines: b.lines, Rounds: plan.Rounds}
	set := b.install(ctx)
	for _, t := range set {
		if t.result.Err == nil {
			t.result.Err = t.warmUp(ctx)
		}
	}
	for round := range plan.Rounds {
		if err := b.yardsticks(ctx, r); err != nil {
			return nil, err
		}
		for _, t := range set {
			if t.result.Err != nil {
				continue
			}
			if t.result.Err = t.round(ctx, round); t.result.Err != nil {
				_, _ = fmt.Fprintf(progress, "generators: %s: %v\n", t.result.Name, t.result.Err)
			}
		}
		_, _ = fmt.Fprintf(progress, "generators: round %d of %d: done\n", round+1, plan.Rounds)
	}
	for _, t := range set {
		for range min(t.cold, plan.Rounds) {
			if t.result.Err == nil && !b.quick {
				t.result.Err = t.measureCold(ctx)
			}
		}
		r.Tools = append(r.Tools, t.result)
	}
	return r, nil
}

// bench is where the tools and the modules are.
type bench struct {
	dir, bin string
	project  string // folder of the module that is measured
	goCache  string
	lines    int
	quick    bool
	progress io.Writer
}

// prepare writes the modules.
func (b *bench) prepare(ctx context.Context) error {
	if err := os.MkdirAll(b.bin, 0o755); err != nil {
		return fmt.Errorf("make a folder: %w", err)
	}
	var err error
	if b.project, err = output(ctx, "go", "list", "-m", "-f", "{{.Dir}}", "github.com/cnerium/cnerium-go"); err != nil {
		return fmt.Errorf("find the project: %w", err)
	}
	if b.goCache, err = output(ctx, "go", "env", "GOCACHE"); err != nil {
		return fmt.Errorf("find the build cache: %w", err)
	}
	synthetic := filepath.Join(b.dir, "synthetic")
	cmd := exec.CommandContext(ctx, "go", "test", "./generator", "-count=1", "-run", "^TestSyntheticModule$", "-synthetic="+synthetic)
	cmd.Dir = b.project
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("write the synthetic module: %w: %s", err, out)
	}
	b.lines, err = countLines(filepath.Join(synthetic, "cnerium"))
	return errors.Join(err, writeModules(b.dir))
}

// yardsticks measures go list -deps on the module of cneriumgen.
func (b *bench) yardsticks(ctx context.Context, r *Result) error {
	warm, err := b.yardstick(ctx, func() (string, error) { return b.goCache, nil })
	if err != nil {
		return err
	}
	r.Yardstick = append(r.Yardstick, warm)
	if b.quick {
		return nil
	}
	empty := filepath.Join(b.dir, "cold-list")
	cold, err := b.yardstick(ctx, func() (string, error) { return empty, os.RemoveAll(empty) })
	r.ColdYardstick = append(r.ColdYardstick, cold)
	return errors.Join(err, os.RemoveAll(empty))
}

// yardstick is the time of go list -deps with the caches that it is given.
func (b *bench) yardstick(ctx context.Context, goCache func() (string, error)) (time.Duration, error) {
	best := time.Hour
	for range 3 { // it is short, and what is compared with it should not be lucky
		cache, err := goCache()
		if err != nil {
			return 0, fmt.Errorf("go list -deps: %w", err)
		}
		cmd := exec.CommandContext(ctx, "go", "list", "-deps", "./...")
		cmd.Dir = filepath.Join(b.dir, "synthetic", "cnerium")
		cmd.Env = append(os.Environ(), "GOCACHE="+cache, "GOWORK=off")
		begin := time.Now()
		if err := cmd.Run(); err != nil {
			return 0, fmt.Errorf("go list -deps: %w", err)
		}
		best = min(best, time.Since(begin))
	}
	return best, nil
}

func output(ctx context.Context, name string, args ...string) (string, error) {
	out, err := exec.CommandContext(ctx, name, args...).Output()
	return strings.TrimSpace(string(out)), err
}

// countLines counts the lines of Go in a folder.
func countLines(dir string) (int, error) {
	n := 0
	err := filepath.WalkDir(dir, func(path string, _ os.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".go") {
			return err
		}
		text, err := os.ReadFile(path)
		n += strings.Count(string(text), "\n")
		return err
	})
	return n, err
}
