package cnerium_test

import (
	"context"
	"crypto/tls"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	cnerium "github.com/cnerium/cnerium-go/runtime"
	"github.com/cnerium/cnerium-go/runtime/memstore"
)

func TestACapturedHandlerRunsOnceAndIsReplayed(t *testing.T) {
	t.Parallel()
	for _, store := range stores {
		t.Run(store.name, func(t *testing.T) {
			t.Parallel()
			s := serve(t, store.open(t), nil, captured(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Location", "/orders/7")
				http.SetCookie(w, &http.Cookie{Name: "session", Value: "secret"})
				w.WriteHeader(http.StatusCreated)
				_, _ = io.Copy(w, r.Body)
			}))
			first := s.do(request{key: "k", body: body})
			require.Equal(t, http.StatusCreated, first.status)
			require.Equal(t, body, first.body)
			require.Equal(t, "/orders/7", first.header.Get("Location"))
			require.Equal(t, "session=secret", first.header.Get("Set-Cookie"))
			again := s.do(request{key: "k", body: body})
			again.replayed(t, first)
			require.Equal(t, "/orders/7", again.header.Get("Location"))
			require.Empty(t, again.header.Values("Set-Cookie"))
			s.do(request{key: "k", body: "other"}).problem(t, http.StatusConflict, cnerium.ProblemKeyReused)
			require.EqualValues(t, 1, s.runs.Load())
		})
	}
}

func TestACapturedHandlerSeesTheClientsRequest(t *testing.T) {
	t.Parallel()
	saw := make(chan *http.Request, 1)
	s := serve(t, memstore.New(nil), nil, cnerium.Route{
		Pattern: "PUT /orders/{id}", Operation: "orders.change", Timeout: time.Hour,
		Handler: cnerium.Capture(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { saw <- r })),
	})
	for key, chunked := range map[string]bool{"k1": false, "k2": true} {
		got := s.do(request{
			method: http.MethodPut, path: "/orders/a%2Fb?dry=1&dry=2", key: key, body: "product=p1", chunked: chunked,
			header: http.Header{"X-Source": {"one", "two"}, "Content-Type": {"application/x-www-form-urlencoded"}},
		})
		require.Equal(t, http.StatusOK, got.status, got.body)
		r := <-saw
		require.Equal(t, http.MethodPut, r.Method)
		require.Equal(t, "/orders/a%2Fb?dry=1&dry=2", r.RequestURI)
		require.Equal(t, "/orders/a/b", r.URL.Path)
		require.Equal(t, "a/b", r.PathValue("id"))
		require.Equal(t, "PUT /orders/{id}", r.Pattern)
		require.Equal(t, []string{"one", "two"}, r.Header.Values("X-Source"))
		require.Equal(t, strings.TrimPrefix(s.url, "http://"), r.Host)
		require.NotEmpty(t, r.RemoteAddr)
		require.Equal(t, "HTTP/1.1", r.Proto)
		require.EqualValues(t, len("product=p1"), r.ContentLength)
		require.Empty(t, r.TransferEncoding)
		require.Equal(t, "p1", r.FormValue("product"))
		require.Equal(t, []string{"1", "2"}, r.Form["dry"])
		require.NoError(t, r.Body.Close())

		at, bounded := r.Context().Deadline()
		require.True(t, bounded)
		require.Greater(t, time.Until(at), time.Minute)
		require.NotNil(t, r.Context().Value(http.ServerContextKey))
		require.Equal(t, key, cnerium.FromContext(r.Context()).Key())
		require.Equal(t, "orders.change", cnerium.FromContext(r.Context()).Operation())
	}
}

func TestACapturedHandlerSeesThatThereIsNoBodyAndWhoIsThere(t *testing.T) {
	t.Parallel()
	saw := make(chan *http.Request, 1)
	s := serve(t, memstore.New(nil), nil, captured(func(_ http.ResponseWriter, r *http.Request) { saw <- r }))
	r := httptest.NewRequest(http.MethodPost, "/orders", nil)
	r.TLS = &tls.ConnectionState{ServerName: "shop.example"}
	require.Equal(t, http.StatusOK, send(s.mux, r, "k").Code)
	seen := <-saw
	require.Equal(t, http.NoBody, seen.Body)
	require.Zero(t, seen.ContentLength)
	require.Same(t, r.TLS, seen.TLS)
	require.Equal(t, r.RemoteAddr, seen.RemoteAddr)
}

func TestWhatACapturedHandlerChangesInItsRequestIsItsOwn(t *testing.T) {
	t.Parallel()
	s := serve(t, memstore.New(nil), nil, captured(func(_ http.ResponseWriter, r *http.Request) {
		r.Header.Set("X-Source", "changed")
		r.URL.Path = "/changed"
		r.SetPathValue("id", "changed")
		_ = r.ParseForm()
	}))
	r := httptest.NewRequest(http.MethodPost, "/orders", strings.NewReader("a=b"))
	r.Header.Set("X-Source", "client")
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	require.Equal(t, http.StatusOK, send(s.mux, r, "k").Code)
	require.Equal(t, "client", r.Header.Get("X-Source"))
	require.Equal(t, "/orders", r.URL.Path)
	require.Empty(t, r.PathValue("id"))
	require.Nil(t, r.Form)
}

func TestACapturedHandlerCannotStream(t *testing.T) {
	t.Parallel()
	streams, refused := make(chan bool, 1), make(chan []error, 1)
	s := serve(t, memstore.New(nil), nil, captured(func(w http.ResponseWriter, _ *http.Request) {
		_, flusher := w.(http.Flusher)
		_, hijacker := w.(http.Hijacker)
		_, pusher := w.(http.Pusher)
		_, readerFrom := w.(io.ReaderFrom)
		streams <- flusher || hijacker || pusher || readerFrom
		control := http.NewResponseController(w)
		_, _, err := control.Hijack()
		refused <- []error{
			err, control.Flush(), control.EnableFullDuplex(),
			control.SetReadDeadline(time.Now()), control.SetWriteDeadline(time.Now()),
		}
		_, _ = io.WriteString(w, "whole")
	}))
	require.Equal(t, "whole", s.do(request{key: "k"}).body)
	require.False(t, <-streams)
	for _, err := range <-refused {
		require.ErrorIs(t, err, http.ErrNotSupported)
	}
}

func TestTrailersAndInformationalStatusesOfACapturedHandlerAreLeftOut(t *testing.T) {
	t.Parallel()
	s := serve(t, memstore.New(nil), nil, captured(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Trailer", "X-Sum")
		w.Header().Set(http.TrailerPrefix+"X-Other", "early")
		w.Header().Set("Link", "</style.css>; rel=preload")
		w.WriteHeader(http.StatusEarlyHints)
		w.WriteHeader(http.StatusAccepted)
		_, _ = io.WriteString(w, "text")
		w.Header().Set("X-Sum", "7")
		w.Header().Set(http.TrailerPrefix+"X-Other", "late")
	}))
	r := httptest.NewRequest(http.MethodPost, "/orders", nil)
	got := send(s.mux, r, "k").Result()
	require.Equal(t, http.StatusAccepted, got.StatusCode)
	require.Equal(t, "</style.css>; rel=preload", got.Header.Get("Link"))
	require.Empty(t, got.Trailer)
	for _, name := range []string{"Trailer", "X-Sum", http.TrailerPrefix + "X-Other"} {
		require.NotContains(t, got.Header, name)
	}
}

func TestA205OfACapturedHandlerHasNoBody(t *testing.T) {
	t.Parallel()
	refused := make(chan error, 1)
	s := serve(t, memstore.New(nil), nil, captured(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusResetContent)
		_, err := w.Write([]byte("text"))
		refused <- err
	}))
	got := s.do(request{key: "k"})
	require.ErrorIs(t, <-refused, http.ErrBodyNotAllowed)
	require.Equal(t, http.StatusResetContent, got.status, got.body)
	require.Empty(t, got.body)
}

// noAnswers are handlers that have done their work, and whose answer is none.
var noAnswers = map[string]http.HandlerFunc{
	"a panic":            func(http.ResponseWriter, *http.Request) { panic("out of paper") },
	"an aborted handler": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
	"an ended goroutine": func(http.ResponseWriter, *http.Request) { runtime.Goexit() },
	"a flush that is taken for granted": func(w http.ResponseWriter, _ *http.Request) {
		w.(http.Flusher).Flush()
	},
	"an impossible status":  func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(42) },
	"an unusual status":     func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(700) },
	"a change of protocols": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusSwitchingProtocols) },
	"a body that ends early": func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "10")
		_, _ = io.WriteString(w, "half")
	},
	"no body where one was announced": func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "10")
	},
	"a body that is written too late": func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "10")
		_, _ = io.WriteString(w, "more than that")
	},
}

func TestACapturedHandlerWithoutAnAnswerDoesNotRunAgain(t *testing.T) {
	t.Parallel()
	for name, handler := range noAnswers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := serve(t, memstore.New(nil), nil, captured(handler))
			s.do(request{key: "k"}).problem(t, http.StatusInternalServerError, cnerium.ProblemOutcomeUnknown)
			s.do(request{key: "k"}).problem(t, http.StatusConflict, cnerium.ProblemOutcomeUnknown)
			require.EqualValues(t, 1, s.runs.Load())
		})
	}
}

func TestAnIncompleteFailureOfACapturedHandlerFreesTheKey(t *testing.T) {
	t.Parallel()
	s := serve(t, memstore.New(nil), nil, captured(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "10")
		w.WriteHeader(http.StatusBadGateway)
	}))
	for range 2 {
		s.do(request{key: "k"}).problem(t, http.StatusInternalServerError, "about:blank")
	}
	require.EqualValues(t, 2, s.runs.Load())
}

func TestACapturedResponseThatIsTooLargeIsNotSentAndRunsOnce(t *testing.T) {
	t.Parallel()
	refused := make(chan error, 1)
	s := serve(t, memstore.New(nil), &cnerium.Options{MaxResponse: 100}, captured(func(w http.ResponseWriter, _ *http.Request) {
		for {
			if _, err := w.Write(make([]byte, 50)); err != nil {
				refused <- err
				return
			}
		}
	}))
	first := s.do(request{key: "k"})
	require.Contains(t, first.problem(t, http.StatusInternalServerError, cnerium.ProblemResponseTooLarge), "101 bytes")
	require.ErrorContains(t, <-refused, "MaxResponse")
	s.do(request{key: "k"}).replayed(t, first)
	require.EqualValues(t, 1, s.runs.Load())
}

func TestWhatACapturedHandlerLeavesRunningWritesNothing(t *testing.T) {
	t.Parallel()
	returned, late := make(chan struct{}), make(chan error, 2)
	s := serve(t, memstore.New(nil), nil, captured(func(w http.ResponseWriter, _ *http.Request) {
		go func() {
			<-returned
			w.Header().Set("X-Late", "1")
			w.WriteHeader(http.StatusTeapot)
			_, err := w.Write([]byte("late"))
			late <- err
			_, err = io.WriteString(w, "late")
			late <- err
		}()
		_, _ = io.WriteString(w, "in time")
	}))
	first := s.do(request{key: "k"})
	close(returned)
	require.ErrorIs(t, <-late, cnerium.ErrNoOperation)
	require.ErrorContains(t, <-late, "the handler has returned")
	again := s.do(request{key: "k"})
	again.replayed(t, first)
	require.Equal(t, "in time", again.body)
	require.Empty(t, again.header.Get("X-Late"))
}

func TestACapturedHandlerMayWriteFromManyGoroutines(t *testing.T) {
	t.Parallel()
	s := serve(t, memstore.New(nil), nil, captured(func(w http.ResponseWriter, _ *http.Request) {
		var all sync.WaitGroup
		for range 20 {
			all.Go(func() {
				w.WriteHeader(http.StatusCreated)
				_, _ = io.WriteString(w, "together;")
			})
		}
		all.Wait()
	}))
	got := s.do(request{key: "k"})
	require.Equal(t, http.StatusCreated, got.status)
	require.Equal(t, strings.Repeat("together;", 20), got.body)
}

func TestACapturedHandlerGoesOnWhenItsClientLeaves(t *testing.T) {
	t.Parallel()
	started, release := make(chan struct{}), make(chan struct{})
	s := serve(t, memstore.New(nil), nil, captured(func(w http.ResponseWriter, r *http.Request) {
		close(started)
		<-release
		if r.Context().Err() == nil {
			_, _ = w.Write([]byte("done"))
		}
	}))
	ctx, leave := context.WithCancel(t.Context())
	gone := make(chan error)
	go func() {
		_, err := s.try(request{key: "k", ctx: ctx})
		gone <- err
	}()
	<-started
	leave()
	require.ErrorIs(t, <-gone, context.Canceled)
	close(release)
	require.Equal(t, "done", s.do(request{key: "k"}).body)
	require.EqualValues(t, 1, s.runs.Load())
}

func TestNoCapturedHandlerIsNoRoute(t *testing.T) {
	t.Parallel()
	for _, none := range []http.Handler{nil, http.HandlerFunc(nil)} {
		app := cnerium.Attach(http.NewServeMux(), memstore.New(nil), nil)
		app.Handle(cnerium.Route{Pattern: "POST /orders", Operation: "orders.create", Handler: cnerium.Capture(none)})
		require.ErrorContains(t, app.Start(t.Context()), "neither Bind nor Handler")
	}
}
