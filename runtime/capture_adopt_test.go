package cnerium_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"
	"github.com/stretchr/testify/require"

	cnerium "github.com/cnerium/cnerium-go/runtime"
	"github.com/cnerium/cnerium-go/runtime/memstore"
)

// What an existing API is made of, captured as it is.

// attached is an application on a router of the test's own, with one captured
// handler.
func attached(t *testing.T, mux cnerium.Mux, pattern string, handler http.Handler) {
	t.Helper()
	app := cnerium.Attach(mux, memstore.New(nil), &cnerium.Options{Logger: slog.New(slog.DiscardHandler)})
	app.Handle(cnerium.Route{Pattern: pattern, Operation: "any.thing", Handler: cnerium.Capture(handler)})
	require.NoError(t, app.Start(t.Context()))
	t.Cleanup(func() { require.NoError(t, app.Close(context.Background())) })
}

// posted sends an empty request, and again; what comes back is the same.
func posted(t *testing.T, handler http.Handler, path string) *httptest.ResponseRecorder {
	t.Helper()
	first := send(handler, httptest.NewRequest(http.MethodPost, path, nil), "k:"+path)
	again := send(handler, httptest.NewRequest(http.MethodPost, path, nil), "k:"+path)
	require.Equal(t, first.Code, again.Code)
	require.Equal(t, first.Body.String(), again.Body.String())
	require.Equal(t, "true", again.Header().Get("Idempotency-Replayed"))
	return first
}

// cancelling is a mux of an existing API.
func cancelling() *http.ServeMux {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /orders/{id}/cancel", func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, "cancelled "+r.PathValue("id")+" by "+r.Pattern)
	})
	return mux
}

func TestAWholeMuxIsCaptured(t *testing.T) {
	t.Parallel()
	mux := http.NewServeMux()
	attached(t, mux, "POST /orders/", cancelling())
	got := posted(t, mux, "/orders/7/cancel")
	require.Equal(t, "cancelled 7 by POST /orders/{id}/cancel", got.Body.String())
	require.Equal(t, http.StatusNotFound, posted(t, mux, "/orders/7").Code)
	other := send(mux, httptest.NewRequest(http.MethodPost, "/orders/8/cancel", nil), "k:/orders/7/cancel")
	require.Equal(t, http.StatusConflict, other.Code, other.Body)
}

func TestARouterInsideOfMiddlewareIsCaptured(t *testing.T) {
	t.Parallel()
	inner := chi.NewRouter()
	inner.Use(middleware.SetHeader("X-Api", "2"), middleware.StripSlashes, middleware.NoCache)
	inner.With(middleware.AllowContentType("text/plain")).Post("/orders/{id}/cancel", func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, "cancelled "+chi.URLParam(r, "id"))
	})
	mux := http.NewServeMux()
	attached(t, mux, "POST /v2/", http.StripPrefix("/v2", inner))
	got := posted(t, mux, "/v2/orders/7/cancel/")
	require.Equal(t, "cancelled 7", got.Body.String())
	require.Equal(t, "2", got.Header().Get("X-Api"))
}

func TestWhatMiddlewareOutsideSetsIsSentAndNotStored(t *testing.T) {
	t.Parallel()
	mux := http.NewServeMux()
	attached(t, mux, "POST /orders", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Both", "handler")
		w.Header().Set("X-Saw", w.Header().Get("X-Request"))
		w.Header()["X-Request"] = nil
	}))
	outside := func(request string) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("X-Request", request)
			w.Header().Set("X-Both", "middleware")
			mux.ServeHTTP(w, r)
		})
	}
	for _, request := range []string{"one", "two"} {
		got := send(outside(request), httptest.NewRequest(http.MethodPost, "/orders", nil), "k").Header()
		require.Equal(t, request, got.Get("X-Request"))
		require.Equal(t, []string{"handler"}, got.Values("X-Both"))
		require.Empty(t, got.Get("X-Saw"))
	}
}

// ownRoute keeps chi's route for a handler that outlives its request; it is in
// docs/adopting.md.
func ownRoute(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		route := chi.RouteContext(r.Context()).Clone() // chi uses its own again
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), chi.RouteCtxKey, route)))
	})
}

func TestACapturedHandlerOfChiKeepsItsParametersWhenItsClientLeaves(t *testing.T) {
	t.Parallel()
	router := chi.NewRouter()
	started, release, param := make(chan struct{}), make(chan struct{}), make(chan string, 1)
	router.Post("/other/{id}", func(http.ResponseWriter, *http.Request) {})
	attached(t, router.With(ownRoute), "POST /orders/{id}", http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		close(started)
		<-release
		param <- chi.URLParam(r, "id")
	}))
	ctx, leave := context.WithCancel(t.Context())
	gone := make(chan int)
	go func() {
		gone <- send(withoutFlush(router), httptest.NewRequestWithContext(ctx, http.MethodPost, "/orders/7", nil), "k").Code
	}()
	<-started
	leave()
	require.Equal(t, http.StatusServiceUnavailable, <-gone)
	for range 20 { // one of them has the route of the first
		router.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodPost, "/other/8", nil))
	}
	close(release)
	require.Equal(t, "7", <-param)
}

func TestACapturedProxyIsReplayed(t *testing.T) {
	t.Parallel()
	runs := 0
	behind := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		runs++
		sent, _ := io.ReadAll(r.Body)
		w.Header().Set("Link", "</style.css>; rel=preload")
		w.WriteHeader(http.StatusEarlyHints)
		w.WriteHeader(http.StatusCreated)
		_ = http.NewResponseController(w).Flush()
		_, _ = w.Write(sent)
	}))
	t.Cleanup(behind.Close)
	target, err := url.Parse(behind.URL)
	require.NoError(t, err)
	mux := http.NewServeMux()
	attached(t, mux, "POST /orders", &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target) }})
	for range 2 {
		got := send(mux, httptest.NewRequest(http.MethodPost, "/orders", strings.NewReader(body)), "k")
		require.Equal(t, http.StatusCreated, got.Code)
		require.Equal(t, body, got.Body.String())
	}
	require.Equal(t, 1, runs)
}

func TestACapturedRouteThatBecomesTypedKeepsItsKeys(t *testing.T) {
	t.Parallel()
	shared := unclosed{memstore.New(nil)}
	before := serve(t, shared, nil, captured(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusCreated)
		_, _ = io.WriteString(w, "of the ordinary handler")
	}))
	first := before.do(request{key: "k", body: body})
	after := serve(t, shared, nil, create(func(context.Context, order) (*cnerium.Response, error) {
		return cnerium.Text(http.StatusCreated, "of the typed handler"), nil
	}))
	after.do(request{key: "k", body: body}).replayed(t, first)
	require.Equal(t, "of the typed handler", after.do(request{key: "k2", body: body}).body)
}

func TestClientsWithoutAKeyMayBeAnsweredAsEver(t *testing.T) {
	t.Parallel()
	runs := 0
	createOrder := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		runs++
		_, _ = io.WriteString(w, "order "+r.PathValue("id"))
	})
	durable, mux := http.NewServeMux(), http.NewServeMux()
	attached(t, durable, "POST /orders/{id}", createOrder)
	mux.HandleFunc("POST /orders/{id}", func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Idempotency-Key") == "" {
			createOrder(w, r)
			return
		}
		durable.ServeHTTP(w, r)
	})
	for range 2 {
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/orders/7", nil))
		require.Equal(t, "order 7", w.Body.String())
	}
	require.Equal(t, "order 7", posted(t, mux, "/orders/7").Body.String())
	require.Equal(t, 3, runs)
}

func TestMiddlewareInsideIsNotAskedForAReplay(t *testing.T) {
	t.Parallel()
	mux := http.NewServeMux()
	attached(t, mux, "POST /orders", middleware.BasicAuth("shop", map[string]string{"user": "right"})(answering(http.StatusCreated)))
	post := func(key, password string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(http.MethodPost, "/orders", nil)
		r.SetBasicAuth("user", password)
		return send(mux, r, key)
	}
	require.Equal(t, http.StatusCreated, post("k1", "right").Code)
	require.Equal(t, http.StatusCreated, post("k1", "wrong").Code, "it has got the stored answer")
	require.Equal(t, http.StatusUnauthorized, post("k2", "wrong").Code)
	require.Equal(t, http.StatusUnauthorized, post("k2", "right").Code, "the refusal is stored, too")
}

// TestTheFilesOfAFormAreRemovedAfterACapturedHandler is not parallel: the
// folder of temporary files is the process's.
func TestTheFilesOfAFormAreRemovedAfterACapturedHandler(t *testing.T) {
	folder := t.TempDir()
	t.Setenv("TMPDIR", folder)
	during, got := -1, ""
	mux := http.NewServeMux()
	attached(t, mux, "POST /orders", http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if r.ParseMultipartForm(1) != nil { // no memory, so files
			return
		}
		entries, _ := os.ReadDir(folder)
		during, got = len(entries), r.FormValue("product")
	}))
	var form bytes.Buffer
	w := multipart.NewWriter(&form)
	require.NoError(t, w.WriteField("product", "p1"))
	file, err := w.CreateFormFile("photo", "photo.png")
	require.NoError(t, err)
	_, err = file.Write(make([]byte, 100<<10))
	require.NoError(t, err)
	require.NoError(t, w.Close())
	r := httptest.NewRequest(http.MethodPost, "/orders", &form)
	r.Header.Set("Content-Type", w.FormDataContentType())
	require.Equal(t, http.StatusOK, send(mux, r, "k").Code)
	require.Equal(t, "p1", got)
	require.Positive(t, during)
	left, err := os.ReadDir(folder)
	require.NoError(t, err)
	require.Empty(t, left)
}
