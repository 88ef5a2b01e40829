// Command bench measures this project beside others and writes RESULTS.md and
// its plots into the folder of the module:
//
//	go run ./cmd/bench          # about half an hour
//	go run ./cmd/bench -quick   # about three minutes
//
// Servers and the client are processes of their own. See README.md for what is
// compared, and for what the numbers do not say.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/cnerium/cnerium-go/benchmarks/internal/generators"
	"github.com/cnerium/cnerium-go/benchmarks/internal/machine"
	"github.com/cnerium/cnerium-go/benchmarks/internal/postgres"
	"github.com/cnerium/cnerium-go/benchmarks/internal/report"
	"github.com/cnerium/cnerium-go/benchmarks/internal/servers"
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

// options are what the command line says.
type options struct {
	out, dir, only, profile string
	size                    size
	servers                 bool
	generators              bool
	command                 string
}

// run is main with its surroundings as parameters. It returns the exit code.
func run(args []string, stdout, stderr io.Writer) int {
	var o options
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(stderr)
	quick := flags.Bool("quick", false, "a run of about three minutes, which is noisy")
	flags.StringVar(&o.out, "out", ".", "`folder` for RESULTS.md and plots/")
	flags.StringVar(&o.dir, "dir", os.TempDir(), "`folder` for the data, on the disk that is to be measured")
	flags.StringVar(&o.only, "only", "", "servers to measure, `names` with commas; the bare ones are measured always")
	flags.StringVar(&o.profile, "profile", "", "instead of all that, write profiles of the server of this `name` under load")
	flags.BoolVar(&o.servers, "servers", true, "measure the servers")
	flags.BoolVar(&o.generators, "generators", true, "measure the generators")
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		return 0
	} else if err != nil {
		return 2
	}
	o.size, o.command = full, strings.Join(append([]string{"go run ./cmd/bench"}, args...), " ")
	if *quick {
		o.size = short
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	do := bench
	if o.profile != "" {
		do = profile
	}
	if err := do(ctx, o, stdout); err != nil {
		_, _ = fmt.Fprintln(stderr, "bench:", err)
		return 1
	}
	return 0
}

// bench measures and writes the report.
func bench(ctx context.Context, o options, progress io.Writer) error {
	dir, err := os.MkdirTemp(o.dir, "cnerium-bench")
	if err != nil {
		return fmt.Errorf("make a folder: %w", err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	rep := report.Report{Command: o.command, Begin: time.Now(), Rounds: o.size.rounds, WarmUp: o.size.warmUp, Window: o.size.window}
	if rep.Machine, err = machine.Look(ctx, dir); err != nil {
		return err
	}
	if o.servers {
		if err := measureServers(ctx, o, dir, &rep, progress); err != nil {
			return err
		}
	}
	if o.generators {
		rep.Generators, err = generators.Measure(ctx, generators.Plan{
			Dir: filepath.Join(dir, "generators"), Rounds: o.size.generators, Quick: o.size.quick,
		}, progress)
		if err != nil {
			return err
		}
	}
	rep.End, rep.LoadAfter = time.Now(), machine.Load()
	return rep.Write(o.out)
}

// measureServers fills in the part of the servers.
func measureServers(ctx context.Context, o options, dir string, rep *report.Report, progress io.Writer) error {
	kinds, err := chosen(o.only)
	if err != nil {
		return err
	}
	r := &runner{dir: dir, size: o.size, progress: progress}
	if r.programs, err = build(ctx, dir); err != nil {
		return err
	}
	if rep.Versions, err = report.VersionsOf(r.programs.server); err != nil {
		return err
	}
	db, err := postgres.Start(ctx)
	if err != nil {
		rep.Missing = append(rep.Missing, "the servers on PostgreSQL: "+err.Error())
		kinds = without(kinds, func(k servers.Kind) bool { return k.NeedsPostgres })
	} else {
		defer db.Close()
		r.postgres = db.URL
		rep.Versions = append(rep.Versions, "PostgreSQL "+db.Version)
	}
	rep.Kinds, rep.Connections = kinds, o.size.connections
	rep.Samples, err = r.rounds(ctx, kinds)
	return err
}
