package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/cnerium/cnerium-go/benchmarks/internal/client"
	"github.com/cnerium/cnerium-go/benchmarks/internal/servers"
)

// programs are the commands of this module, built.
type programs struct{ server, load string }

// build builds the commands into a folder. The working directory must be in
// this module.
func build(ctx context.Context, dir string) (programs, error) {
	const commands = "github.com/cnerium/cnerium-go/benchmarks/cmd/"
	p := programs{server: filepath.Join(dir, "server"), load: filepath.Join(dir, "load")}
	cmd := exec.CommandContext(ctx, "go", "build", "-o", dir+string(filepath.Separator), commands+"server", commands+"load")
	if out, err := cmd.CombinedOutput(); err != nil {
		return p, fmt.Errorf("build the commands: %w: %s", err, out)
	}
	return p, nil
}

// process is a server that is running.
type process struct {
	cmd    *exec.Cmd
	stderr bytes.Buffer

	Addr  string `json:"addr"`
	Usage string `json:"usage"`
}

// startServer starts a server and returns when it listens.
func startServer(ctx context.Context, program string, kind servers.Kind, cfg servers.Config, extra ...string) (*process, error) {
	args := append([]string{"-kind", kind.Name, "-dir", cfg.Dir}, extra...)
	if kind.NeedsPostgres {
		args = append(args, "-postgres", cfg.Postgres)
	}
	p := &process{cmd: exec.CommandContext(ctx, program, args...)}
	p.cmd.Stderr = &p.stderr
	p.cmd.Cancel = func() error { return p.cmd.Process.Signal(syscall.SIGTERM) }
	p.cmd.WaitDelay = 30 * time.Second
	stdout, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", kind.Name, err)
	}
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", kind.Name, err)
	}
	line, err := bufio.NewReader(stdout).ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(line, p)
	}
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", kind.Name, errors.Join(err, p.stop()))
	}
	return p, nil
}

// stop ends the server as an operator would, and reports what it complained
// about.
func (p *process) stop() error {
	_ = p.cmd.Process.Signal(syscall.SIGTERM) // it may have ended by itself
	if err := p.cmd.Wait(); err != nil {
		return fmt.Errorf("stop the server: %w: %s", err, p.stderr.String())
	}
	return nil
}

// cell measures one server with a number of connections, from an empty store.
func (r *runner) cell(ctx context.Context, kind servers.Kind, connections int) ([]client.Result, error) {
	dir, err := os.MkdirTemp(r.dir, kind.Name)
	if err != nil {
		return nil, fmt.Errorf("make a folder: %w", err)
	}
	defer func() { _ = os.RemoveAll(dir) }() // the run's folder goes, too
	server, err := startServer(ctx, r.programs.server, kind, servers.Config{Dir: dir, Postgres: r.postgres}, r.extra...)
	if err != nil {
		return nil, err
	}
	results, err := r.load(ctx, server, connections)
	if err != nil {
		err = fmt.Errorf("load %s over %d connections: %w", kind.Name, connections, err)
	}
	err = errors.Join(err, server.stop())
	if err == nil {
		err = verify(kind, results)
	}
	if err != nil && server.stderr.Len() > 0 {
		err = fmt.Errorf("%w\n%s", err, server.stderr.Bytes())
	}
	return results, err
}

// load runs the client, a process of its own.
func (r *runner) load(ctx context.Context, server *process, connections int) ([]client.Result, error) {
	cmd := exec.CommandContext(ctx, r.programs.load, "-addr", server.Addr, "-admin", server.Usage,
		"-connections", strconv.Itoa(connections), "-warm-up", r.size.warmUp.String(), "-window", r.size.window.String())
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("%w: %s", err, stderr.Bytes())
	}
	var results []client.Result
	if err := json.Unmarshal(stdout.Bytes(), &results); err != nil {
		return nil, fmt.Errorf("read the results: %w", err)
	}
	return results, nil
}

// verify makes sure that a server did what it is measured for.
func verify(kind servers.Kind, results []client.Result) error {
	for _, r := range results {
		want := 201
		if r.Workload == client.Conflict {
			want = kind.Reuse
		}
		for status, n := range r.Statuses {
			if status != want {
				return fmt.Errorf("%s answered %d requests of %q with %d instead of %d", kind.Name, n, r.Workload, status, want)
			}
		}
		if r.Workload == client.New && r.Replayed > 0 {
			return fmt.Errorf("%s replayed %d requests that were new", kind.Name, r.Replayed)
		}
		if r.Workload == client.Replay && kind.Reuse != 201 && r.Replayed == 0 {
			return fmt.Errorf("%s replayed no request", kind.Name)
		}
	}
	return nil
}
