// Command load puts a server of command server under load and writes what it
// has measured to standard output, as JSON. Command bench starts it.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"slices"
	"time"

	"github.com/cnerium/cnerium-go/benchmarks/internal/client"
	"github.com/cnerium/cnerium-go/benchmarks/internal/usage"
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

// run is main with its surroundings as parameters. It returns the exit code.
func run(args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("load", flag.ContinueOnError)
	flags.SetOutput(stderr)
	addr := flags.String("addr", "", "`host:port` of the server")
	admin := flags.String("admin", "", "`URL` that tells what the server process uses")
	connections := flags.Int("connections", 1, "connections, each with one request at a time")
	warmUp := flags.Duration("warm-up", 500*time.Millisecond, "time before each measurement")
	window := flags.Duration("window", 2*time.Second, "time of each measurement")
	var workloads []client.Workload
	flags.Func("workload", "only this `one`, new; with several flags, these in their order", func(name string) error {
		if !slices.Contains(client.Workloads(), client.Workload(name)) {
			return fmt.Errorf("there are %v", client.Workloads())
		}
		workloads = append(workloads, client.Workload(name))
		return nil
	})
	if err := flags.Parse(args); err != nil {
		return 2
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	results, err := client.Run(ctx, client.Plan{
		Addr: *addr, Connections: *connections, Workloads: workloads, WarmUp: *warmUp, Window: *window,
		Server: func(ctx context.Context) (usage.Usage, error) { return ask(ctx, *admin) },
	})
	if err == nil {
		err = json.NewEncoder(stdout).Encode(results)
	}
	if err != nil {
		_, _ = fmt.Fprintln(stderr, "load:", err)
		return 1
	}
	return 0
}

// ask gets the usage of the server process.
func ask(ctx context.Context, url string) (usage.Usage, error) {
	var u usage.Usage
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return u, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return u, err
	}
	defer func() { _ = resp.Body.Close() }()
	return u, json.NewDecoder(resp.Body).Decode(&u)
}
