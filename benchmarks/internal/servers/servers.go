// Package servers has what is compared: one handler, POST /orders of package
// shop, behind everything that keeps a retry from running it twice.
package servers

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"
)

// Config says where a server keeps its data.
type Config struct {
	Dir      string // an empty folder
	Postgres string // URL of a database; "" when there is none
}

// Kind is one of the servers that are compared.
type Kind struct {
	Name       string
	What       string // in a few words
	Durability string // of what it has answered

	NeedsPostgres bool

	// Reuse is how a key is answered that comes with another body. 201 is
	// the answer of servers that do not notice.
	Reuse int

	// Base is the kind without idempotency on the same HTTP stack.
	Base string

	open func(ctx context.Context, cfg Config) (*Server, error)
}

// Open makes a server of the kind. The context bounds the call only.
func (k Kind) Open(ctx context.Context, cfg Config) (*Server, error) {
	s, err := k.open(ctx, cfg)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", k.Name, err)
	}
	return s, nil
}

// Server answers POST /orders until it is closed.
type Server struct {
	serve func(l net.Listener) error
	close []func(ctx context.Context) error // in order
}

// Serve answers on the listener. It returns nil when the server was closed.
func (s *Server) Serve(l net.Listener) error { return s.serve(l) }

// Close ends the server, and then what it works with.
func (s *Server) Close(ctx context.Context) error {
	var errs []error
	for _, step := range s.close {
		errs = append(errs, step(ctx))
	}
	return errors.Join(errs...)
}

// overHTTP serves a handler with net/http.
func overHTTP(handler http.Handler, closers ...func(ctx context.Context) error) *Server {
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	return &Server{
		serve: func(l net.Listener) error {
			if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
				return fmt.Errorf("serve: %w", err)
			}
			return nil
		},
		close: append([]func(ctx context.Context) error{server.Shutdown}, closers...),
	}
}

// closing makes a step of Close from a method that takes no context.
func closing(f func() error) func(context.Context) error {
	return func(context.Context) error { return f() }
}

// Find returns the kind of that name.
func Find(name string) (Kind, error) {
	for _, k := range All() {
		if k.Name == name {
			return k, nil
		}
	}
	return Kind{}, fmt.Errorf("there is no server %q", name)
}

// The kinds that others are measured by.
const (
	Bare      = "bare"
	FiberBare = "fiber-bare"
)

// All returns the kinds, in the order of the tables. Bare is the first.
func All() []Kind {
	const (
		none = "none: lost with the process"
		full = "synchronous=FULL, WAL"
		pg   = "fsync=on, synchronous_commit=on"
	)
	return []Kind{
		{Name: Bare, What: "the handler on net/http, which stores nothing", Durability: "nothing stored", Reuse: http.StatusCreated, Base: Bare, open: openBare},
		{Name: "memstore", What: "cnerium, in memory", Durability: none, Reuse: http.StatusConflict, Base: Bare, open: openMemory},
		{Name: "sqlite-plain", What: "cnerium, sqlitestore: reservation synced, handler, response synced", Durability: full, Reuse: http.StatusConflict, Base: Bare, open: openSQLitePlain},
		{Name: "sqlite-tx", What: "cnerium, sqlitestore: order row, event row and record in one commit", Durability: full, Reuse: http.StatusConflict, Base: Bare, open: openSQLiteTx},
		{Name: "postgres-plain", What: "cnerium, pgstore: reservation synced, handler, response synced", Durability: pg, NeedsPostgres: true, Reuse: http.StatusConflict, Base: Bare, open: openPostgresPlain},
		{Name: "postgres-tx", What: "cnerium, pgstore: order row, event row and record in one commit", Durability: pg, NeedsPostgres: true, Reuse: http.StatusConflict, Base: Bare, open: openPostgresTx},
		{Name: "naive-sqlite", What: "a middleware as people write it: reservation and response in a transaction each", Durability: full, Reuse: http.StatusConflict, Base: Bare, open: openNaiveSQLite},
		{Name: "naive-postgres", What: "the same with pgx: two statements, each committed on its own", Durability: pg, NeedsPostgres: true, Reuse: http.StatusConflict, Base: Bare, open: openNaivePostgres},
		{Name: FiberBare, What: "the handler on fiber v3 (fasthttp), which stores nothing", Durability: "nothing stored", Reuse: http.StatusCreated, Base: FiberBare, open: openFiberBare},
		{Name: "fiber", What: "fiber v3, middleware/idempotency", Durability: none, Reuse: http.StatusCreated, Base: FiberBare, open: openFiber},
	}
}
