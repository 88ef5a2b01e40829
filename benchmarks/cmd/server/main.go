// Command server runs one of the servers that are compared, until it gets
// SIGTERM. It writes where it listens to standard output, as JSON. Command
// bench starts it; alone it is there to be profiled:
//
//	go run ./cmd/server -kind sqlite-tx -dir "$(mktemp -d)" -cpuprofile cpu.prof
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/cnerium/cnerium-go/benchmarks/internal/servers"
	"github.com/cnerium/cnerium-go/benchmarks/internal/usage"
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

// run is main with its surroundings as parameters. It returns the exit code.
func run(args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("server", flag.ContinueOnError)
	flags.SetOutput(stderr)
	kind := flags.String("kind", servers.Bare, "`name` of the server")
	dir := flags.String("dir", "", "an empty `folder` for its data")
	postgres := flags.String("postgres", "", "`URL` of a database")
	addr := flags.String("addr", "127.0.0.1:0", "address to listen on")
	var prof profiles
	flags.StringVar(&prof.cpu, "cpuprofile", "", "write a CPU profile to this `file`")
	flags.StringVar(&prof.allocs, "memprofile", "", "write a profile of allocations to this `file`")
	if err := flags.Parse(args); err != nil {
		return 2
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := prof.during(func() error {
		return serve(ctx, *kind, *addr, servers.Config{Dir: *dir, Postgres: *postgres}, stdout)
	})
	if err != nil {
		_, _ = fmt.Fprintf(stderr, "server %s: %v\n", *kind, err)
		return 1
	}
	return 0
}

// listening is what the command writes when it is ready.
type listening struct {
	Addr  string `json:"addr"`
	Usage string `json:"usage"` // a URL
}

// serve runs the server until the context ends.
func serve(ctx context.Context, name, addr string, cfg servers.Config, stdout io.Writer) error {
	kind, err := servers.Find(name)
	if err != nil {
		return err
	}
	server, err := kind.Open(ctx, cfg)
	if err != nil {
		return err
	}
	admin, err := listenAdmin(ctx)
	if err != nil {
		return errors.Join(err, closeAll(server))
	}
	defer func() { _ = admin.Close() }()
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", addr)
	if err != nil {
		return errors.Join(fmt.Errorf("listen: %w", err), closeAll(server))
	}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(l) }()
	err = json.NewEncoder(stdout).Encode(listening{Addr: l.Addr().String(), Usage: "http://" + admin.Addr().String()})
	if err == nil {
		select {
		case err = <-failed:
		case <-ctx.Done():
		}
	}
	return errors.Join(err, closeAll(server))
}

func closeAll(s *servers.Server) error {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	return s.Close(ctx)
}

// listenAdmin answers what this process has used, at an address of its own.
func listenAdmin(ctx context.Context) (net.Listener, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen: %w", err)
	}
	handler := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		u, err := usage.Self()
		if err == nil {
			err = json.NewEncoder(w).Encode(u)
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
		}
	})
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = server.Serve(l) }() // ends with the process
	return l, nil
}
