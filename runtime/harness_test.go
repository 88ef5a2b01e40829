package cnerium_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	cnerium "github.com/cnerium/cnerium-go/runtime"
	"github.com/cnerium/cnerium-go/runtime/memstore"
	"github.com/cnerium/cnerium-go/runtime/sqlitestore"
)

// stores are those that the contract is tested with.
var stores = []struct {
	name string
	open func(t *testing.T) cnerium.Store
}{
	{"memstore", func(*testing.T) cnerium.Store { return memstore.New(nil) }},
	{"memstore, writer not flushable", func(*testing.T) cnerium.Store { return unflushed{memstore.New(nil)} }},
	{"sqlitestore file", func(t *testing.T) cnerium.Store { return openSQLite(t, filepath.Join(t.TempDir(), "test.db")) }},
	{"memstore, hints wrong", func(*testing.T) cnerium.Store { return misled{memstore.New(nil)} }},
	{"sqlitestore file, hints wrong", func(t *testing.T) cnerium.Store {
		return misled{openSQLite(t, filepath.Join(t.TempDir(), "test.db"))}
	}},
	{"sqlitestore memory", func(t *testing.T) cnerium.Store { return openSQLite(t, ":memory:") }},
}

// unflushed is a store whose service has a middleware that hides that its
// writer can be flushed, so that handlers have goroutines of their own.
type unflushed struct{ cnerium.Store }

// misled is a store that takes every record for absent, as one does that does
// not know what others have stored.
type misled struct{ cnerium.Store }

func (misled) LikelyAbsent(cnerium.ID) bool { return true }

func openSQLite(t *testing.T, path string) cnerium.Store {
	store, err := sqlitestore.Open(t.Context(), path, nil)
	require.NoError(t, err)
	return store
}

// service is an application on a real server.
type service struct {
	t     *testing.T
	app   *cnerium.App
	mux   *http.ServeMux
	store *spy
	url   string
	runs  atomic.Int64 // of handlers made by the method handle
}

// serve starts an application with the routes.
func serve(t *testing.T, store cnerium.Store, opts *cnerium.Options, routes ...cnerium.Route) *service {
	t.Helper()
	s := newService(t, store, opts, routes...)
	require.NoError(t, s.app.Start(t.Context()))
	return s
}

// newService is serve without the start.
func newService(t *testing.T, store cnerium.Store, opts *cnerium.Options, routes ...cnerium.Route) *service {
	t.Helper()
	s := &service{t: t, store: &spy{Store: store}}
	if opts == nil {
		opts = &cnerium.Options{}
	}
	if opts.Logger == nil {
		opts.Logger = slog.New(slog.DiscardHandler)
	}
	s.mux = http.NewServeMux()
	s.app = cnerium.Attach(s.mux, s.store, opts)
	for _, route := range routes {
		s.app.Handle(s.counted(route))
	}
	handler := http.Handler(s.mux)
	if _, ok := store.(unflushed); ok {
		handler = withoutFlush(handler)
	}
	server := httptest.NewServer(handler)
	s.url = server.URL
	t.Cleanup(func() {
		require.NoError(t, s.app.Close(context.Background()))
		server.Close()
	})
	return s
}

// counted counts the executions of a route.
func (s *service) counted(route cnerium.Route) cnerium.Route {
	if handler := route.Handler; handler != nil {
		route.Handler = func(req *cnerium.Request) (*cnerium.Response, error) {
			s.runs.Add(1)
			return handler(req)
		}
	}
	if bind := route.Bind; bind != nil {
		route.Bind = func(req *cnerium.Request) (cnerium.Call, error) {
			call, err := bind(req)
			if err != nil || call == nil {
				return nil, err
			}
			return func(ctx context.Context) (*cnerium.Response, error) {
				s.runs.Add(1)
				return call(ctx)
			}, nil
		}
	}
	return route
}

// request is what a client sends; the zero values are POST /orders, no key
// and no body.
type request struct {
	method, path, key, body string
	header                  http.Header
	chunked                 bool
	ctx                     context.Context
}

// reply is what it gets.
type reply struct {
	status int
	header http.Header
	body   string
}

func (s *service) try(r request) (reply, error) {
	if r.method == "" {
		r.method = http.MethodPost
	}
	if r.path == "" {
		r.path = "/orders"
	}
	if r.ctx == nil {
		r.ctx = context.Background()
	}
	var body io.Reader = bytes.NewReader([]byte(r.body))
	if r.chunked {
		body = struct{ io.Reader }{body}
	}
	req, err := http.NewRequestWithContext(r.ctx, r.method, s.url+r.path, body)
	if err != nil {
		return reply{}, err
	}
	if r.header != nil {
		req.Header = r.header
	}
	if r.key != "" {
		req.Header.Set("Idempotency-Key", r.key)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return reply{}, err
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	return reply{resp.StatusCode, resp.Header, string(got)}, err
}

func (s *service) do(r request) reply {
	s.t.Helper()
	got, err := s.try(r)
	require.NoError(s.t, err)
	return got
}

// problem checks that the reply is a problem document and returns its detail.
func (r reply) problem(t *testing.T, status int, problemType string) string {
	t.Helper()
	require.Equal(t, status, r.status, r.body)
	require.Equal(t, "application/problem+json", r.header.Get("Content-Type"))
	var doc struct {
		Type, Title, Detail string
		Status              int
	}
	require.NoError(t, json.Unmarshal([]byte(r.body), &doc))
	require.Equal(t, problemType, doc.Type)
	require.Equal(t, http.StatusText(status), doc.Title)
	require.Equal(t, status, doc.Status)
	return doc.Detail
}

// created checks a first answer, and replayed a repeated one.
func (r reply) replayed(t *testing.T, first reply) {
	t.Helper()
	require.Equal(t, first.status, r.status, r.body)
	require.Equal(t, first.body, r.body)
	require.Equal(t, first.header.Values("Content-Type"), r.header.Values("Content-Type"))
	require.Equal(t, first.header.Values("Event-Cursor"), r.header.Values("Event-Cursor"))
	require.Equal(t, []string{"true"}, r.header.Values("Idempotency-Replayed"))
	require.Empty(t, first.header.Values("Idempotency-Replayed"))
}

// spy is a store that counts writes and fails where it is told to.
type spy struct {
	cnerium.Store
	writes                              atomic.Int64
	failLookup, failReserve, failCommit atomic.Bool
	failRelease, failCheck              atomic.Bool
}

var errDisk = errors.New("the disk is on fire")

func (s *spy) LikelyAbsent(id cnerium.ID) bool {
	hinter, ok := s.Store.(cnerium.Hinter)
	return ok && hinter.LikelyAbsent(id)
}

func (s *spy) Lookup(ctx context.Context, id cnerium.ID) (cnerium.Record, error) {
	if s.failLookup.Load() {
		return cnerium.Record{}, errDisk
	}
	return s.Store.Lookup(ctx, id)
}

func (s *spy) Reserve(ctx context.Context, claim cnerium.Claim) (cnerium.Record, *cnerium.Lease, error) {
	s.writes.Add(1)
	if s.failReserve.Load() {
		return cnerium.Record{}, nil, errDisk
	}
	return s.Store.Reserve(ctx, claim)
}

func (s *spy) Commit(ctx context.Context, lease *cnerium.Lease, outcome cnerium.Outcome) (string, error) {
	s.writes.Add(1)
	if s.failCommit.Load() {
		return "", errDisk
	}
	return s.Store.Commit(ctx, lease, outcome)
}

func (s *spy) Release(ctx context.Context, lease *cnerium.Lease) error {
	s.writes.Add(1)
	if s.failRelease.Load() {
		return errDisk
	}
	return s.Store.Release(ctx, lease)
}

func (s *spy) Check(ctx context.Context) error {
	if s.failCheck.Load() {
		return errDisk
	}
	return s.Store.Check(ctx)
}
