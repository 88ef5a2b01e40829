// Command orders is a small shop whose write routes are safe to retry: send
// the same POST with the same Idempotency-Key again, and the stored answer
// comes back, also after a restart.
//
//	go run ./examples/orders -addr 127.0.0.1:8080 -data data
//
// Then open http://127.0.0.1:8080, whose page also shows the events, goes on
// when the server was killed and is started again, and keeps an order that it
// could not send. Or
//
//	curl -i -X POST http://127.0.0.1:8080/orders -H 'Idempotency-Key: k1' \
//		-H 'Content-Type: application/json' -d '{"product_id":"p1","quantity":2}'
//
// With -store it runs on PostgreSQL, as one of any number of nodes:
//
//	go run ./examples/orders -addr 127.0.0.1:8081 -store postgres://localhost/shop
//
// Read orders.go first: a durable route is a typed function and one comment.
// Orders are placed inside the transaction that stores their answer; payments.go
// calls another system, and operator.go settles what a crash leaves in doubt
// there. The file cnerium_gen.go is made from the comments, and server.go ties
// it all together.
//
// From the same comments come openapi.yaml and asyncapi.yaml, the Go client in
// ordersclient, with which placeorder orders from another program, and the
// TypeScript client in page/client, with which the page does.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"
)

//go:generate go tool cneriumgen

//cnerium:package openapi=openapi.yaml client=ordersclient ts=page/client

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

// run is main with its surroundings as parameters. It returns the exit code.
func run(args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("orders", flag.ContinueOnError)
	flags.SetOutput(stderr)
	addr := flags.String("addr", "127.0.0.1:8080", "address to listen on; port 0 picks a free one")
	data := flags.String("data", "data", "folder of the embedded database; created if needed")
	store := flags.String("store", "", "`URL` of a PostgreSQL to use instead, such as postgres://localhost/shop")
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		return 0
	} else if err != nil {
		return 2
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends the process at once

	cfg := config{data: *data, store: *store, provider: &fakeProvider{}, log: slog.New(slog.NewTextHandler(stderr, nil))}
	if err := serve(ctx, *addr, cfg, stdout); err != nil {
		cfg.log.Error("orders failed", slog.String("error", err.Error()))
		return 1
	}
	return 0
}

// stopTimeout bounds each step of stopping.
const stopTimeout = 10 * time.Second

// serve runs the application until the context ends, and then lets what is
// under way come to its end.
func serve(ctx context.Context, addr string, cfg config, stdout io.Writer) error {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", addr)
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	a, err := newApplication(ctx, cfg)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	server := &http.Server{Handler: a, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	if _, err = fmt.Fprintf(stdout, "listening on http://%s\n", listener.Addr()); err == nil {
		select {
		case err = <-failed:
		case <-ctx.Done():
		}
	}
	return errors.Join(err, a.close(server.Shutdown))
}

// bounded calls a step of stopping that must not take forever.
func bounded(step func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(context.Background(), stopTimeout)
	defer cancel()
	return step(ctx)
}
