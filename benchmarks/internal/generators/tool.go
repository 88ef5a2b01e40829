package generators

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/cnerium/cnerium-go/benchmarks/internal/usage"
)

// patience bounds one measurement of one tool.
const patience = 3 * time.Minute

// tool is a generator at work.
type tool struct {
	bench    *bench
	install  string     // package and version; "" is the project's own
	module   string     // the folder it works in, below the bench's
	commands [][]string // which run one after the other
	outputs  string     // name of the files that it writes
	tidy     bool       // its module needs other modules
	cold     int        // in how many rounds it is measured with an empty build cache, too
	result   Tool
}

// everyRound is for what does not take long.
const everyRound = math.MaxInt

// tools returns all that are compared.
func (b *bench) tools() []*tool {
	each := func(format ...string) [][]string {
		var commands [][]string
		for p := range packages {
			var command []string
			for _, word := range format {
				command = append(command, strings.ReplaceAll(word, "PACKAGE", fmt.Sprintf("./domain%02d", p)))
			}
			commands = append(commands, command)
		}
		return commands
	}
	names := func(format string) []string {
		var list []string
		for i := range things {
			list = append(list, fmt.Sprintf(format, i))
		}
		return list
	}
	moq := append([]string{"moq", "-out", "PACKAGE/generated.go", "PACKAGE"}, names("Store%02d")...)
	return []*tool{
		{
			result: Tool{Name: "cneriumgen", How: "routes"},
			module: "synthetic/cnerium", outputs: "cnerium_gen.go", cold: everyRound,
			commands: [][]string{{"cneriumgen", "./..."}},
		},
		{
			result: Tool{Name: "goverter", How: "converters"},
			module: "synthetic/goverter", install: "github.com/jmattheis/goverter/cmd/goverter@v1.11.1", outputs: "generated.go", cold: 1,
			commands: [][]string{{"goverter", "gen", "./..."}},
		},
		{
			result: Tool{Name: "mockery", How: "mocks of interfaces, template matryer"},
			module: "mocks", install: "github.com/vektra/mockery/v3@v3.7.0", outputs: "generated.go",
			commands: [][]string{{"mockery"}},
		},
		{
			result: Tool{Name: "moq", How: "mocks of interfaces, one process for each package"},
			module: "mocks", install: "github.com/matryer/moq@v0.8.1", outputs: "generated.go",
			commands: each(moq...),
		},
		{
			result: Tool{Name: "wire", How: "injectors"},
			module: "wire", install: "github.com/google/wire/cmd/wire@v0.7.0", outputs: "wire_gen.go", tidy: true,
			commands: [][]string{{"wire", "./..."}},
		},
		{
			result: Tool{Name: "controller-gen", How: "deep copies"},
			module: "objects", install: "sigs.k8s.io/controller-tools/cmd/controller-gen@v0.23.0", outputs: "zz_generated.deepcopy.go",
			commands: [][]string{{"controller-gen", "object", "paths=./..."}},
		},
		{
			result: Tool{Name: "stringer", How: "names of constants, one process for each package"},
			module: "enums", install: "golang.org/x/tools/cmd/stringer@v0.52.0", outputs: "generated.go",
			commands: each("stringer", "-type="+strings.Join(names("Kind%02d"), ","), "-output", "PACKAGE/generated.go", "PACKAGE"),
		},
	}
}

// install builds the tools that can be had.
func (b *bench) install(ctx context.Context) []*tool {
	set := b.tools()
	for _, t := range set {
		t.bench, t.result.Runs = b, map[State][]Run{}
		_, t.result.Version, _ = strings.Cut(t.install, "@")
		if b.quick && len(t.commands) > 1 {
			t.result.Err = errors.New("left out of a quick run")
			continue
		}
		cmd := exec.CommandContext(ctx, "go", "install", t.install)
		if t.install == "" {
			cmd = exec.CommandContext(ctx, "go", "install", "./cmd/cneriumgen")
			cmd.Dir = b.project
			t.result.Version = "(this project)"
		}
		cmd.Env = append(os.Environ(), "GOBIN="+b.bin)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.result.Err = fmt.Errorf("install: %w: %s", err, out)
		}
		if t.tidy && t.result.Err == nil {
			t.result.Err = tidy(ctx, t.dir())
		}
		_, _ = fmt.Fprintf(b.progress, "generators: %s: installed\n", t.result.Name)
	}
	return set
}

func tidy(ctx context.Context, dir string) error {
	cmd := exec.CommandContext(ctx, "go", "mod", "tidy")
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("go mod tidy: %w: %s", err, out)
	}
	return nil
}

// warmUp runs the tool without measuring, so that the go command has compiled
// whatever the tool asks of it before there is output, and after.
func (t *tool) warmUp(ctx context.Context) error {
	if err := t.clean(); err != nil {
		return err
	}
	for range 2 {
		if _, err := t.measure(ctx, filepath.Join(t.bench.dir, "cache-"+t.result.Name), t.bench.goCache); err != nil {
			return fmt.Errorf("warm up: %w", err)
		}
	}
	return nil
}

// round measures the states that need a warm build cache.
func (t *tool) round(ctx context.Context, round int) error {
	cache := filepath.Join(t.bench.dir, fmt.Sprintf("cache-%s-%d", t.result.Name, round))
	original, err := os.ReadFile(t.shared())
	if err != nil {
		return fmt.Errorf("read the shared package: %w", err)
	}
	defer func() { _ = os.WriteFile(t.shared(), original, 0o644) }() // else the next edit fails
	steps := []struct {
		state   State
		prepare func() error
	}{
		{Nothing, t.clean},
		{Unchanged, func() error { return nil }},
		{Edited, func() error { return editShared(t.shared(), round) }},
	}
	for _, s := range steps {
		if err := s.prepare(); err != nil {
			return err
		}
		if err := settle(ctx); err != nil {
			return err
		}
		run, err := t.measure(ctx, cache, t.bench.goCache)
		if err != nil {
			return fmt.Errorf("%s: %w", s.state, err)
		}
		t.result.Runs[s.state] = append(t.result.Runs[s.state], run)
	}
	return nil
}

// settle lets some time pass after an edit: a tool that remembers results does
// not trust a file that was written in the moment before, and nobody is that
// fast.
func settle(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(500 * time.Millisecond):
		return nil
	}
}

// measureCold measures with empty caches.
func (t *tool) measureCold(ctx context.Context) error {
	if err := t.clean(); err != nil {
		return err
	}
	if err := settle(ctx); err != nil {
		return err
	}
	cache := filepath.Join(t.bench.dir, "cold-"+t.result.Name)
	defer func() { _ = os.RemoveAll(cache) }()
	run, err := t.measure(ctx, cache, filepath.Join(cache, "go-build"))
	if err != nil {
		return fmt.Errorf("%s: %w", Cold, err)
	}
	t.result.Runs[Cold] = append(t.result.Runs[Cold], run)
	return nil
}

func (t *tool) dir() string { return filepath.Join(t.bench.dir, filepath.FromSlash(t.module)) }

// shared is the file of the types that all packages use.
func (t *tool) shared() string { return filepath.Join(t.dir(), "shared", "shared.go") }

// clean removes what the tool has written.
func (t *tool) clean() error {
	return filepath.WalkDir(t.dir(), func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.Name() == t.outputs {
			return os.Remove(path)
		}
		return err
	})
}

// measure runs the tool with caches of its own and of the go command.
func (t *tool) measure(ctx context.Context, cache, goCache string) (Run, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var total Run
	for _, command := range t.commands {
		cmd := exec.CommandContext(ctx, filepath.Join(t.bench.bin, command[0]), command[1:]...)
		cmd.Dir = t.dir()
		cmd.Env = append(os.Environ(), "XDG_CACHE_HOME="+cache, "GOCACHE="+goCache, "GOWORK=off")
		begin := time.Now()
		out, err := cmd.CombinedOutput()
		total.Wall += time.Since(begin)
		if err != nil {
			return total, fmt.Errorf("%s: %w: %.2000s", command[0], err, out)
		}
		rusage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage)
		if !ok {
			return total, errors.New("this system does not tell what a process has used")
		}
		used := usage.FromRusage(rusage)
		total.CPU += used.CPU
		total.Peak = max(total.Peak, used.PeakRSS)
	}
	return total, t.check()
}

// check makes sure that the tool wrote what it is measured for.
func (t *tool) check() error {
	found, err := filepath.Glob(filepath.Join(t.dir(), "domain*", t.outputs))
	if err == nil && len(found) != packages {
		err = fmt.Errorf("%s wrote %d files instead of %d", t.result.Name, len(found), packages)
	}
	return err
}
