package cnerium_test

import (
	"bufio"
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	cnerium "github.com/cnerium/cnerium-go/runtime"
	"github.com/cnerium/cnerium-go/runtime/memstore"
)

// deaf is a handler that does not hear of the end of its time.
func deaf(release <-chan struct{}) cnerium.Route {
	route := create(func(context.Context, order) (*cnerium.Response, error) {
		<-release
		return cnerium.Text(http.StatusOK, "late"), nil
	})
	route.Timeout = 10 * time.Millisecond
	return route
}

// TestAnAnswerThatIsDueDoesNotWaitForItsHandler is about every way by which
// the answer can leave while the handler is at work.
func TestAnAnswerThatIsDueDoesNotWaitForItsHandler(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		wrap  func(h http.Handler) http.Handler
		http2 bool
	}{
		"HTTP/1.1":                {wrap: func(h http.Handler) http.Handler { return h }},
		"HTTP/1.1, not flushable": {wrap: withoutFlush},
		"HTTP/1.1, unwrapped": {wrap: func(h http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { h.ServeHTTP(unwrappable{w}, r) })
		}},
		"HTTP/2": {wrap: func(h http.Handler) http.Handler { return h }, http2: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			release := make(chan struct{})
			s := serve(t, memstore.New(nil), nil, deaf(release))
			server := httptest.NewUnstartedServer(c.wrap(s.mux))
			server.EnableHTTP2 = c.http2
			server.StartTLS()
			t.Cleanup(server.Close)
			for _, key := range []string{"a", "b"} {
				r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL+"/orders", strings.NewReader(body))
				require.NoError(t, err)
				r.Header.Set("Idempotency-Key", key)
				resp, err := server.Client().Do(r)
				require.NoError(t, err)
				text, err := io.ReadAll(resp.Body)
				require.NoError(t, err)
				require.NoError(t, resp.Body.Close())
				require.Equal(t, c.http2, resp.ProtoMajor == 2)
				reply{resp.StatusCode, resp.Header, string(text)}.problem(t, http.StatusGatewayTimeout, "about:blank")
			}
			close(release)
		})
	}
}

// unwrappable is the writer of a middleware that follows the convention of
// http.ResponseController.
type unwrappable struct{ http.ResponseWriter }

func (u unwrappable) Unwrap() http.ResponseWriter { return u.ResponseWriter }

func TestAnEarlyAnswerEndsTheConnectionAndIsLoggedOnce(t *testing.T) {
	t.Parallel()
	log := new(logged)
	release := make(chan struct{})
	opts := &cnerium.Options{Logger: textLog(log)}
	s := serve(t, memstore.New(nil), opts, deaf(release))
	conn, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	r := httptest.NewRequest(http.MethodPost, "/orders", strings.NewReader(body))
	r.Header.Set("Idempotency-Key", "k")
	require.NoError(t, r.Write(conn))
	from := bufio.NewReader(conn)
	resp, err := http.ReadResponse(from, nil)
	require.NoError(t, err)
	_, err = io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.Equal(t, http.StatusGatewayTimeout, resp.StatusCode)
	require.True(t, resp.Close)
	require.Positive(t, resp.ContentLength)
	close(release)
	_, err = from.ReadByte()
	require.ErrorIs(t, err, io.EOF)
	require.NoError(t, s.app.Close(t.Context()))
	require.Equal(t, 1, strings.Count(log.String(), "durable request"))
}

func TestAClientWithADeadlineIsAnsweredByIt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		app, mux := start(t, create(func(ctx context.Context, _ order) (*cnerium.Response, error) {
			time.Sleep(7 * time.Second)
			require.NoError(t, ctx.Err())
			return cnerium.Text(http.StatusOK, "stored"), nil
		}))
		begun := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second) // by a middleware
		defer cancel()
		r := httptest.NewRequestWithContext(ctx, http.MethodPost, "/orders", strings.NewReader(body))
		r.Header.Set("Idempotency-Key", "k")
		require.Equal(t, http.StatusServiceUnavailable, asClient(mux, r).Code)
		require.Equal(t, 3*time.Second, time.Since(begun))
		r = httptest.NewRequest(http.MethodPost, "/orders", strings.NewReader(body))
		r.Header.Set("Idempotency-Key", "k")
		require.Equal(t, "stored", asClient(mux, r).Body.String())
		require.Equal(t, 7*time.Second, time.Since(begun))
		require.NoError(t, app.Close(t.Context()))
	})
}

func TestAHandlerThatEndsItsGoroutineIsAnsweredFor(t *testing.T) {
	t.Parallel()
	for _, wrap := range []func(h http.Handler) http.Handler{withoutFlush, func(h http.Handler) http.Handler { return h }} {
		s := serve(t, memstore.New(nil), nil, create(func(context.Context, order) (*cnerium.Response, error) {
			runtime.Goexit()
			return nil, nil
		}))
		server := httptest.NewServer(wrap(s.mux))
		t.Cleanup(server.Close)
		s.url = server.URL
		s.do(request{key: "k", body: body}).problem(t, http.StatusInternalServerError, cnerium.ProblemOutcomeUnknown)
	}
}

// TestAnAnswerThatAnotherMiddlewareSpoilsTakesNothingDown has a writer that
// panics when the answer leaves early.
func TestAnAnswerThatAnotherMiddlewareSpoilsTakesNothingDown(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		app, mux := start(t, create(func(context.Context, order) (*cnerium.Response, error) {
			time.Sleep(time.Minute)
			return cnerium.NoContent(), nil
		}))
		r := httptest.NewRequest(http.MethodPost, "/orders", strings.NewReader(body))
		r.Header.Set("Idempotency-Key", "k")
		mux.ServeHTTP(panicking{httptest.NewRecorder()}, r)
		r = httptest.NewRequest(http.MethodPost, "/orders", strings.NewReader(body))
		r.Header.Set("Idempotency-Key", "k")
		require.Equal(t, http.StatusNoContent, asClient(mux, r).Code)
		require.NoError(t, app.Close(t.Context()))
	})
}

// panicking is a writer of a middleware that is wrong.
type panicking struct{ *httptest.ResponseRecorder }

func (panicking) WriteHeader(int) { panic("already over") }

// start starts an application inside a bubble.
func start(t *testing.T, routes ...cnerium.Route) (*cnerium.App, *http.ServeMux) {
	t.Helper()
	mux := http.NewServeMux()
	app := cnerium.Attach(mux, memstore.New(nil), &cnerium.Options{Logger: slog.New(slog.DiscardHandler)})
	for _, route := range routes {
		app.Handle(route)
	}
	require.NoError(t, app.Start(t.Context()))
	return app, mux
}
