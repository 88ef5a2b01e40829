package cnerium_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"

	"github.com/go-chi/chi/v5"
	"github.com/stretchr/testify/require"

	cnerium "github.com/cnerium/cnerium-go/runtime"
	"github.com/cnerium/cnerium-go/runtime/memstore"
)

func TestStartReportsEveryUnusableRoute(t *testing.T) {
	t.Parallel()
	app := cnerium.Attach(http.NewServeMux(), memstore.New(nil), nil)
	bind := create(accept()).Bind
	for _, route := range []cnerium.Route{
		{Pattern: "POST /a", Operation: "a.create", Handler: ok},
		{Pattern: "POST /b", Operation: "a.create", Handler: ok},
		{Pattern: "POST /c", Handler: ok},
		{Pattern: "POST /d", Operation: "d.create"},
		{Pattern: "POST /e", Operation: "e.create", Handler: ok, Bind: bind},
		{Pattern: "GET /f", Operation: "f.get", Handler: ok},
		{Pattern: "/g", Operation: "g.create", Handler: ok},
		{Pattern: "POST /h", Operation: "h.create", Handler: ok, Lease: 1},
		{Pattern: "POST /i", Operation: "i.create", Handler: ok, Timeout: -1},
		{Pattern: "POST /j", Operation: "j.create", Handler: ok, Recover: 7},
	} {
		app.Handle(route)
	}
	err := app.Start(t.Context())
	for _, text := range []string{
		`route "POST /b" (a.create) has the operation of POST /a`,
		`route "POST /c" () has no operation`,
		`route "POST /d" (d.create) has neither Bind nor Handler`,
		`route "POST /e" (e.create) has both`,
		`route "GET /f" (f.get) needs a pattern that begins with POST, PUT, PATCH or DELETE`,
		`route "/g" (g.create) needs a pattern`,
		`route "POST /h" (h.create) has a Lease below one second`,
		`route "POST /i" (i.create) has a negative`,
		`route "POST /j" (j.create) has an unknown Recover`,
	} {
		require.ErrorContains(t, err, text)
	}
	var routeErr *cnerium.RouteError
	require.ErrorAs(t, err, &routeErr)
	require.Equal(t, "POST /b", routeErr.Pattern)
}

func TestStartReportsAStoreThatFailsAndCanBeTriedAgain(t *testing.T) {
	t.Parallel()
	s := newService(t, memstore.New(nil), nil, create(accept()))
	s.store.failCheck.Store(true)
	err := s.app.Start(t.Context())
	var storeErr *cnerium.StoreError
	require.ErrorAs(t, err, &storeErr)
	require.ErrorIs(t, err, errDisk)
	got := s.do(request{key: "k", body: body})
	got.problem(t, http.StatusServiceUnavailable, cnerium.ProblemUnavailable)
	require.Equal(t, "1", got.header.Get("Retry-After"))

	s.store.failCheck.Store(false)
	require.NoError(t, s.app.Start(t.Context()))
	require.ErrorIs(t, s.app.Start(t.Context()), cnerium.ErrStarted)
	require.Equal(t, http.StatusCreated, s.do(request{key: "k", body: body}).status)
}

func TestStartRefusesAnUnusableReuseStatus(t *testing.T) {
	t.Parallel()
	app := cnerium.Attach(http.NewServeMux(), memstore.New(nil), &cnerium.Options{ReuseStatus: 200})
	require.ErrorContains(t, app.Start(t.Context()), "expected 409 or 422")
}

func TestHandleAfterStartPanics(t *testing.T) {
	t.Parallel()
	s := serve(t, memstore.New(nil), nil)
	require.PanicsWithValue(t, `cnerium: Handle("POST /orders") after Start: register every route before`,
		func() { s.app.Handle(create(accept())) })
}

func TestCloseWaitsForRunningExecutions(t *testing.T) {
	t.Parallel()
	started, release := make(chan struct{}), make(chan struct{})
	s := serve(t, memstore.New(nil), nil, create(func(context.Context, order) (*cnerium.Response, error) {
		close(started)
		<-release
		return cnerium.Text(http.StatusOK, "done"), nil
	}))
	first := make(chan reply)
	go func() {
		r, _ := s.try(request{key: "k", body: body})
		first <- r
	}()
	<-started
	closed := make(chan error)
	go func() { closed <- s.app.Close(context.Background()) }()
	for s.do(request{key: "other", body: body}).status != http.StatusServiceUnavailable {
		// until Close has begun
	}
	close(release)
	require.NoError(t, <-closed)
	require.Equal(t, "done", (<-first).body)
	require.NoError(t, s.app.Close(t.Context()), "a second Close is harmless")
	require.ErrorIs(t, s.app.Start(t.Context()), cnerium.ErrStarted)
}

func TestCloseNamesWhatItAbandons(t *testing.T) {
	t.Parallel()
	started, release := make(chan struct{}), make(chan struct{})
	mux := http.NewServeMux()
	app := cnerium.Attach(mux, memstore.New(nil), &cnerium.Options{Logger: slog.New(slog.DiscardHandler)})
	app.Handle(create(func(context.Context, order) (*cnerium.Response, error) {
		close(started)
		<-release
		return cnerium.NoContent(), nil
	}))
	require.NoError(t, app.Start(t.Context()))
	req := httptest.NewRequest(http.MethodPost, "/orders", bytes.NewReader([]byte(body)))
	req.Header.Set("Idempotency-Key", "secret-key")
	done := make(chan struct{})
	go func() {
		defer close(done)
		mux.ServeHTTP(httptest.NewRecorder(), req)
	}()
	<-started
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := app.Close(ctx)
	require.ErrorIs(t, err, context.Canceled)
	require.ErrorContains(t, err, "abandoned orders.create (key hash ")
	require.NotContains(t, err.Error(), "secret-key")
	close(release)
	<-done
}

func TestLogHasOneLineARequestAndNeitherKeyNorBody(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	logger := slog.New(slog.NewTextHandler(&out, nil))
	s := serve(t, memstore.New(nil), &cnerium.Options{Logger: logger}, create(accept()))
	for _, r := range []struct{ key, body string }{
		{"secret-key", body},
		{"secret-key", body},
		{"secret-key", `{"product":"other"}`},
		{"", body},
		{"secret-key2", `{"p1":"p1"}`},
	} {
		req := httptest.NewRequest(http.MethodPost, "/orders", strings.NewReader(r.body))
		if r.key != "" {
			req.Header.Set("Idempotency-Key", r.key)
		}
		s.mux.ServeHTTP(httptest.NewRecorder(), req)
	}
	text := out.String()
	for _, line := range []string{
		"operation=orders.create decision=execute status=201 duration=",
		"operation=orders.create decision=replay status=201 duration=",
		"operation=orders.create decision=conflict status=409 duration=",
		"operation=orders.create decision=invalid status=400 duration=",
	} {
		require.Contains(t, text, line)
	}
	require.Equal(t, 5, strings.Count(text, "\n"), text)
	require.Equal(t, 3, strings.Count(text, "key_hash=85dbe15d75ef9308"), "the same hash for the same key: %s", text)
	require.NotContains(t, text, "secret-key")
	require.NotContains(t, text, "p1")
}

func TestChiRouter(t *testing.T) {
	t.Parallel()
	router := chi.NewRouter()
	app := cnerium.Attach(router, memstore.New(nil), &cnerium.Options{Logger: slog.New(slog.DiscardHandler)})
	app.Handle(cnerium.Route{
		Pattern: "POST /orders/{id}/cancel", Operation: "orders.cancel",
		Handler: func(req *cnerium.Request) (*cnerium.Response, error) {
			return cnerium.Text(http.StatusOK, req.PathValue("id")), nil
		},
	})
	require.NoError(t, app.Start(t.Context()))
	defer app.Close(t.Context())
	server := httptest.NewServer(router)
	defer server.Close()
	s := &service{t: t, app: app, url: server.URL}
	first := s.do(request{key: "k", path: "/orders/7/cancel"})
	require.Equal(t, "7", first.body)
	s.do(request{key: "k", path: "/orders/7/cancel"}).replayed(t, first)
	s.do(request{key: "k", path: "/orders/8/cancel"}).problem(t, http.StatusConflict, cnerium.ProblemKeyReused)
}

func TestGoexitInAHandlerLeavesTheOutcomeUnknown(t *testing.T) {
	t.Parallel()
	s := serve(t, memstore.New(nil), nil, create(func(context.Context, order) (*cnerium.Response, error) {
		runtime.Goexit()
		return nil, errors.New("not reached")
	}))
	s.do(request{key: "k", body: body}).problem(t, http.StatusInternalServerError, cnerium.ProblemOutcomeUnknown)
	s.do(request{key: "k", body: body}).problem(t, http.StatusConflict, cnerium.ProblemOutcomeUnknown)
}

func TestPanicWhileBindingLeavesTheKeyFree(t *testing.T) {
	t.Parallel()
	panics := true
	route := create(accept())
	bind := route.Bind
	route.Bind = func(req *cnerium.Request) (cnerium.Call, error) {
		if panics {
			panic("bad input")
		}
		return bind(req)
	}
	s := serve(t, memstore.New(nil), nil, route)
	s.do(request{key: "k", body: body}).problem(t, http.StatusInternalServerError, "about:blank")
	panics = false
	require.Equal(t, http.StatusCreated, s.do(request{key: "k", body: body}).status)
}

func TestCloseWithoutTimeStillClosesWhatIsIdle(t *testing.T) {
	t.Parallel()
	store := memstore.New(nil)
	app := cnerium.Attach(http.NewServeMux(), store, nil)
	require.NoError(t, app.Start(t.Context()))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.NoError(t, app.Close(ctx))
	require.Error(t, store.Check(t.Context()), "the store is closed")
}
