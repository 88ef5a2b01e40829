package client_test

import (
	"context"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cnerium/cnerium-go/runtime/client"
)

// seen is a request as it came to a server.
type seen struct {
	method string
	uri    string
	key    string
	header http.Header
	body   string
}

// script is a server that gives one answer after another; the last one for
// ever.
type script struct {
	answers []http.HandlerFunc

	mu       sync.Mutex
	requests []seen
}

// newScript starts a real server on loopback.
func newScript(t *testing.T, answers ...http.HandlerFunc) (*script, string) {
	t.Helper()
	s := &script{answers: answers}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	return s, server.URL
}

func (s *script) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	s.mu.Lock()
	answer := s.answers[min(len(s.requests), len(s.answers)-1)]
	s.requests = append(s.requests, seen{r.Method, r.RequestURI, r.Header.Get("Idempotency-Key"), r.Header.Clone(), string(body)})
	s.mu.Unlock()
	answer(w, r)
}

// seen returns the requests so far.
func (s *script) seen() []seen {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.requests
}

// status answers with a status and no body.
func status(code int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
}

// problem answers with a problem document.
func problem(code int, kind string) http.HandlerFunc {
	return body(code, "application/problem+json", `{"type":"`+kind+`","title":"Title","status":`+strconv.Itoa(code)+`,"detail":"why"}`)
}

func body(code int, contentType, text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		w.WriteHeader(code)
		_, _ = io.WriteString(w, text)
	}
}

// ok answers with an order.
func ok() http.HandlerFunc { return body(http.StatusCreated, "application/json", `{"id":"o1"}`) }

// cut closes the connection without an answer.
func cut(w http.ResponseWriter, _ *http.Request) {
	conn, _, err := w.(http.Hijacker).Hijack()
	if err == nil {
		_ = conn.Close()
	}
}

// half announces more of an answer than it sends.
func half(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Length", "100")
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusCreated)
	_, _ = io.WriteString(w, `{"id":`)
}

// quick retries without long pauses, on real connections.
var quick = client.Retry{BaseDelay: time.Microsecond, MaxDelay: time.Microsecond, Budget: -1}

func newClient(t *testing.T, url string, opts *client.Options) *client.Client {
	t.Helper()
	if opts == nil {
		opts = &client.Options{Retry: quick}
	}
	c, err := client.New(url, opts)
	require.NoError(t, err)
	return c
}

type order struct {
	ID string `json:"id"`
}

// create is a request with a body.
func create() *client.Request {
	req := client.NewRequest("orders.create", http.MethodPost, "/orders")
	req.JSON(map[string]any{"product": "p1", "quantity": 2})
	return req
}

// call makes the call that most tests need.
func call(ctx context.Context, c *client.Client, opts *client.Call) (*order, *client.Meta, error) {
	return client.JSON[*order](c.Do(ctx, create(), opts))
}

// failure requires an error to be of the package's type.
func failure(t *testing.T, err error) *client.Error {
	t.Helper()
	var e *client.Error
	require.ErrorAs(t, err, &e)
	return e
}

// fake is a RoundTripper for tests whose time is not real.
type fake func(*http.Request) (*http.Response, error)

func (f fake) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// reply makes a response as net/http would.
func reply(code int, header http.Header, text string) *http.Response {
	if header == nil {
		header = make(http.Header)
	}
	return &http.Response{StatusCode: code, Header: header, Body: io.NopCloser(strings.NewReader(text)), ContentLength: int64(len(text))}
}

// quiet is for servers whose errors are the point.
var quiet = log.New(io.Discard, "", 0)

// countNew counts the connections of a server.
func countNew(n *atomic.Int32) func(net.Conn, http.ConnState) {
	return func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			n.Add(1)
		}
	}
}
