// Package postgres starts a PostgreSQL for the time of a run: the throwaway
// cluster that the project's tests use, with everything that makes a commit
// durable switched on.
package postgres

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/cnerium/cnerium-go/internal/pgtest"
)

// Server is a PostgreSQL that is running.
type Server struct {
	URL     string
	Version string // as the server tells it
	host    *host
}

// Start starts a cluster. Close stops and removes it; so does the end of the
// process, however it comes. The error says why there is none, and what to
// install.
func Start(ctx context.Context) (*Server, error) {
	s := &Server{host: &host{ctx: ctx}}
	if err := s.host.try(func() { s.URL = pgtest.NewCluster(s.host).URL() }); err != nil {
		s.Close()
		return nil, err
	}
	version, err := ask(ctx, s.URL)
	if err != nil {
		s.Close()
		return nil, err
	}
	s.Version = version
	return s, nil
}

func ask(ctx context.Context, url string) (string, error) {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return "", fmt.Errorf("connect to the cluster: %w", err)
	}
	defer func() { _ = conn.Close(ctx) }() // nothing is under way
	var version string
	if err := conn.QueryRow(ctx, "SHOW server_version").Scan(&version); err != nil {
		return "", fmt.Errorf("ask for the version: %w", err)
	}
	return version, nil
}

// Close stops the server and removes its data.
func (s *Server) Close() { s.host.cleanUp() }

// host is what package pgtest takes for a test: something that it can end, and
// that cleans up at its own end. The methods that are not here are not used.
type host struct {
	testing.TB
	ctx     context.Context
	cleanup []func()
}

// ended is the panic by which the methods that end a test get out of it.
type ended struct{ reason string }

// try runs a function that may end the host's test.
func (h *host) try(f func()) (err error) {
	defer func() {
		switch e := recover().(type) {
		case nil:
		case ended:
			err = fmt.Errorf("start PostgreSQL: %s", e.reason)
		default:
			panic(e)
		}
	}()
	f()
	return nil
}

func (h *host) cleanUp() {
	for _, f := range slices.Backward(h.cleanup) {
		f()
	}
	h.cleanup = nil
}

// Helper is that of a test, and has no meaning here.
func (h *host) Helper() {}

// Cleanup keeps what is to be done by Close.
func (h *host) Cleanup(f func()) { h.cleanup = append(h.cleanup, f) }

// Context is that of Start.
func (h *host) Context() context.Context { return h.ctx }

// Skipf ends the start: there is no PostgreSQL.
func (h *host) Skipf(format string, args ...any) { panic(ended{fmt.Sprintf(format, args...)}) }

// Fatalf ends the start.
func (h *host) Fatalf(format string, args ...any) { panic(ended{fmt.Sprintf(format, args...)}) }

// Errorf ends the start: what follows an error is FailNow.
func (h *host) Errorf(format string, args ...any) { panic(ended{fmt.Sprintf(format, args...)}) }

// FailNow ends the start.
func (h *host) FailNow() { panic(ended{"it failed"}) }
