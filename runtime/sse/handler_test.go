package sse_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cnerium/cnerium-go/runtime/feed"
	"github.com/cnerium/cnerium-go/runtime/sse"
)

func anyRoom(*http.Request) (feed.Rooms, error) { return feed.Any, nil }

func TestStreamIsWrittenAsTheFormatHasIt(t *testing.T) {
	t.Parallel()
	s, url := serve(t, nil)
	resp := get(t, http.DefaultClient, url)
	require.Equal(t, http.StatusOK, resp.StatusCode)
	require.Equal(t, "text/event-stream", resp.Header.Get("Content-Type"))
	require.Equal(t, "no-store", resp.Header.Get("Cache-Control"))
	require.Equal(t, "no", resp.Header.Get("X-Accel-Buffering"))
	s.add(t, "")
	event, err := s.outbox.events[0].MarshalJSON()
	require.NoError(t, err)
	want := "retry: 1000\n" +
		"event: welcome\nid: e.0\ndata: {\"notice\":\"welcome\",\"cursor\":\"e.0\"}\n\n" +
		"id: e.1\ndata: " + string(event) + "\n\n"
	got := make([]byte, len(want))
	_, err = io.ReadFull(resp.Body, got)
	require.NoError(t, err)
	require.Equal(t, want, string(got))
}

func TestRetryIsToldAsTheOptionsSay(t *testing.T) {
	t.Parallel()
	s := newSource(t, nil)
	server := httptest.NewServer(sse.Handler(s.Feed, &sse.Options{Retry: 2500 * time.Millisecond}))
	defer server.Close()
	defer s.Close(context.Background())
	p := listen(t, server.URL)
	requireNotice(t, p, `{"notice":"welcome","cursor":"e.0"}`)
	require.Equal(t, 2500*time.Millisecond, p.Retry)
}

func TestClientThatReturnsIsToldWhetherItIsRecovered(t *testing.T) {
	t.Parallel()
	s, url := serve(t, nil)
	s.add(t, "", "", "")
	p := listen(t, url+"?last_event_id=e.1")
	requireNotice(t, p, `{"notice":"welcome","cursor":"e.1","recovered":true}`)
	requireEvents(t, p, "e.2", "e.3")

	p = listen(t, url+"?last_event_id=e.1", "Last-Event-ID", "e.2") // a browser that connects again
	requireNotice(t, p, `{"notice":"welcome","cursor":"e.2","recovered":true}`)
	requireEvents(t, p, "e.3")

	p = listen(t, url, "Last-Event-ID", "other.2")
	requireNotice(t, p, `{"notice":"welcome","cursor":"e.3","recovered":false}`)
	s.add(t, "")
	requireEvents(t, p, "e.4")
}

func TestClientGetsTheEventsOfItsRooms(t *testing.T) {
	t.Parallel()
	s, url := serve(t, &feed.Options{Authorize: anyRoom})
	p := listen(t, url+"?room=b&room=a")
	requireNotice(t, p, `{"notice":"welcome","cursor":"e.0","rooms":["a","b"]}`)
	s.add(t, "a", "c", "", "b")
	requireEvents(t, p, "e.1", "e.3", "e.4")
}

func TestRefusalIsAProblem(t *testing.T) {
	t.Parallel()
	s, url := serve(t, &feed.Options{MaxSubscribers: 1})
	require.Contains(t, requireProblem(t, get(t, http.DefaultClient, url+"?room=a"), http.StatusForbidden), `"a"`)
	requireProblem(t, get(t, http.DefaultClient, url, "Origin", "https://evil.com"), http.StatusForbidden)
	p := listen(t, url)
	requireNotice(t, p, `{"notice":"welcome","cursor":"e.0"}`)
	full := get(t, http.DefaultClient, url)
	require.Contains(t, requireProblem(t, full, http.StatusServiceUnavailable), "too many")
	require.NotEmpty(t, full.Header.Get("Retry-After"))
	s.add(t, "")
	requireEvents(t, p, "e.1")
}

func TestOtherMethodsAreRefused(t *testing.T) {
	t.Parallel()
	_, url := serve(t, nil)
	for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodDelete, http.MethodOptions} {
		resp := send(t, http.DefaultClient, method, url)
		requireProblem(t, resp, http.StatusMethodNotAllowed)
		require.Equal(t, "GET, HEAD", resp.Header.Get("Allow"))
	}
}

func TestHeadAnswersWithTheHeaderOnly(t *testing.T) {
	t.Parallel()
	s, url := serve(t, &feed.Options{MaxSubscribers: 1})
	for range 2 { // it takes nobody's place
		resp := send(t, http.DefaultClient, http.MethodHead, url)
		require.Equal(t, http.StatusOK, resp.StatusCode)
		require.Equal(t, "text/event-stream", resp.Header.Get("Content-Type"))
		body, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		require.Empty(t, body)
	}
	require.Equal(t, http.StatusForbidden, send(t, http.DefaultClient, http.MethodHead, url+"?room=a").StatusCode)
	require.NoError(t, s.Close(t.Context()))
	require.Equal(t, http.StatusServiceUnavailable, send(t, http.DefaultClient, http.MethodHead, url).StatusCode)
}

func TestPageOfAnotherHostMayReadWhatItsOriginAllows(t *testing.T) {
	t.Parallel()
	_, url := serve(t, &feed.Options{AllowedOrigins: []string{"https://*.example.com"}})
	for name, test := range map[string]struct {
		origin, query string
		status        int
		cors          bool
	}{
		"no origin":                   {"", "", http.StatusOK, false},
		"same host":                   {url, "", http.StatusOK, false},
		"allowed origin":              {"https://shop.example.com", "", http.StatusOK, true},
		"allowed origin, not allowed": {"https://shop.example.com", "?room=a", http.StatusForbidden, true},
		"another origin":              {"https://evil.com", "", http.StatusForbidden, false},
		"a page without an origin":    {"null", "", http.StatusForbidden, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var header []string
			if test.origin != "" {
				header = []string{"Origin", test.origin}
			}
			resp := get(t, http.DefaultClient, url+test.query, header...)
			require.Equal(t, test.status, resp.StatusCode)
			require.Equal(t, "Origin", resp.Header.Get("Vary"))
			if !test.cors {
				require.Empty(t, resp.Header.Get("Access-Control-Allow-Origin"))
				require.Empty(t, resp.Header.Get("Access-Control-Allow-Credentials"))
				return
			}
			require.Equal(t, test.origin, resp.Header.Get("Access-Control-Allow-Origin"))
			require.Equal(t, "true", resp.Header.Get("Access-Control-Allow-Credentials"))
			require.Equal(t, "Retry-After", resp.Header.Get("Access-Control-Expose-Headers"))
		})
	}
}

// wrapper is what middleware puts around a writer.
type wrapper struct{ http.ResponseWriter }

func (w wrapper) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func TestStreamWorksBehindMiddlewareThatWrapsTheWriter(t *testing.T) {
	t.Parallel()
	s := newSource(t, nil)
	handler := sse.Handler(s.Feed, nil)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		handler.ServeHTTP(wrapper{wrapper{w}}, r)
	}))
	defer server.Close()
	defer s.Close(context.Background())
	p := listen(t, server.URL)
	requireNotice(t, p, `{"notice":"welcome","cursor":"e.0"}`)
	s.add(t, "")
	requireEvents(t, p, "e.1")
}

func TestWriterThatCannotFlushIsAnError(t *testing.T) {
	t.Parallel()
	s := newSource(t, nil)
	server := httptest.NewServer(http.TimeoutHandler(sse.Handler(s.Feed, nil), time.Hour, ""))
	defer server.Close()
	require.Contains(t, requireProblem(t, get(t, http.DefaultClient, server.URL), http.StatusInternalServerError), "Flush")
	require.NoError(t, s.Close(t.Context())) // nobody is left
}

// plain is a writer without deadlines.
type plain struct {
	http.ResponseWriter
	flush http.Flusher
}

func (p plain) Flush() { p.flush.Flush() }

func TestWriterWithoutDeadlinesStreams(t *testing.T) {
	t.Parallel()
	s := newSource(t, nil)
	handler := sse.Handler(s.Feed, nil)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		handler.ServeHTTP(plain{w, w.(http.Flusher)}, r)
	}))
	defer server.Close()
	defer s.Close(context.Background())
	p := listen(t, server.URL)
	requireNotice(t, p, `{"notice":"welcome","cursor":"e.0"}`)
	s.add(t, "")
	requireEvents(t, p, "e.1")
}

func TestStreamOverHTTP2(t *testing.T) {
	t.Parallel()
	s := newSource(t, nil)
	server := httptest.NewUnstartedServer(sse.Handler(s.Feed, nil))
	server.EnableHTTP2 = true
	server.StartTLS()
	defer server.Close()
	var parsers []*sse.Parser
	for range 3 { // in one connection
		resp := get(t, server.Client(), server.URL)
		require.Equal(t, 2, resp.ProtoMajor)
		p := sse.NewParser(resp.Body)
		requireNotice(t, p, `{"notice":"welcome","cursor":"e.0"}`)
		parsers = append(parsers, p)
	}
	s.add(t, "", "")
	for _, p := range parsers {
		requireEvents(t, p, "e.1", "e.2")
	}
	require.NoError(t, s.Close(t.Context()))
	for _, p := range parsers {
		_, err := p.Next()
		require.ErrorIs(t, err, io.EOF)
	}
}

func TestConnectionServesTheNextRequestAfterTheStream(t *testing.T) {
	t.Parallel()
	s := newSource(t, nil)
	mux := http.NewServeMux()
	mux.Handle("GET /events", sse.Handler(s.Feed, nil))
	mux.HandleFunc("GET /", func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.RemoteAddr) })
	server := httptest.NewServer(mux)
	defer server.Close()
	client := server.Client()
	address := func() string {
		resp := get(t, client, server.URL)
		body, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		return string(body)
	}
	before := address()
	resp := get(t, client, server.URL+"/events")
	require.NoError(t, s.Close(t.Context()))
	_, err := io.Copy(io.Discard, resp.Body)
	require.NoError(t, err)
	require.Equal(t, before, address())
}
