package sse_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	cnerium "github.com/cnerium/cnerium-go/runtime"
	"github.com/cnerium/cnerium-go/runtime/feed"
	"github.com/cnerium/cnerium-go/runtime/sse"
)

// outbox is the history of a store. The cursor of the seventh event is "e.7".
type outbox struct {
	mu     sync.Mutex
	events []cnerium.Event
}

// Events is that of a store. See [cnerium.Outbox].
func (o *outbox) Events(_ context.Context, after string, limit int) ([]cnerium.Event, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	digits, known := strings.CutPrefix(after, "e.")
	offset, err := strconv.Atoi(digits)
	if !known || err != nil || offset > len(o.events) {
		return nil, cnerium.ErrCursor
	}
	rest := o.events[offset:]
	return rest[:min(limit, len(rest))], nil
}

// commit adds an event with as many bytes of data for each of the rooms and
// returns them.
func (o *outbox) commit(size int, rooms ...string) []cnerium.Event {
	o.mu.Lock()
	defer o.mu.Unlock()
	first := len(o.events)
	for _, room := range rooms {
		id := strconv.Itoa(len(o.events) + 1)
		o.events = append(o.events, cnerium.Event{
			ID:        id,
			Cursor:    "e." + id,
			Operation: "orders.create",
			Room:      room,
			Type:      "order.created",
			Time:      time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
			Data:      json.RawMessage(`"` + strings.Repeat("x", size) + `"`),
		})
	}
	return o.events[first:]
}

// source is a feed with its history.
type source struct {
	*feed.Feed
	outbox outbox
}

func newSource(t *testing.T, opts *feed.Options) *source {
	t.Helper()
	s := &source{Feed: feed.New(opts)}
	require.NoError(t, s.Open(&s.outbox, "e.0"))
	return s
}

// add commits and publishes an event for each of the rooms.
func (s *source) add(t *testing.T, rooms ...string) {
	t.Helper()
	require.NoError(t, s.Publish(t.Context(), s.outbox.commit(1, rooms...)))
}

// serve returns a feed that has its handler behind a real server.
func serve(t *testing.T, opts *feed.Options) (*source, string) {
	t.Helper()
	s := newSource(t, opts)
	server := httptest.NewServer(sse.Handler(s.Feed, nil))
	t.Cleanup(server.Close)
	t.Cleanup(func() { require.NoError(t, s.Close(context.Background())) })
	return s, server.URL
}

// get sends a request whose connection ends with the test.
func get(t *testing.T, client *http.Client, url string, header ...string) *http.Response {
	t.Helper()
	return send(t, client, http.MethodGet, url, header...)
}

func send(t *testing.T, client *http.Client, method, url string, header ...string) *http.Response {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, nil)
	require.NoError(t, err)
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := client.Do(req)
	require.NoError(t, err)
	t.Cleanup(func() { _ = resp.Body.Close() })
	return resp
}

// listen returns the stream of a client.
func listen(t *testing.T, url string, header ...string) *sse.Parser {
	t.Helper()
	resp := get(t, http.DefaultClient, url, header...)
	require.Equal(t, http.StatusOK, resp.StatusCode)
	return sse.NewParser(resp.Body)
}

// requireNotice reads a notice, and requires its JSON.
func requireNotice(t *testing.T, p *sse.Parser, want string) {
	t.Helper()
	got, err := p.Next()
	require.NoError(t, err)
	require.Equal(t, want, got.Data)
	var n struct {
		Notice string `json:"notice"`
		Cursor string `json:"cursor"`
	}
	require.NoError(t, json.Unmarshal([]byte(got.Data), &n))
	require.Equal(t, n.Notice, got.Type)
	require.Equal(t, n.Cursor, got.ID)
}

// requireEvents reads events and requires their cursors.
func requireEvents(t *testing.T, p *sse.Parser, cursors ...string) {
	t.Helper()
	for _, want := range cursors {
		got, err := p.Next()
		require.NoError(t, err)
		require.Equal(t, "message", got.Type, got.Data)
		require.Equal(t, want, got.ID)
		var e struct {
			Cursor string `json:"cursor"`
		}
		require.NoError(t, json.Unmarshal([]byte(got.Data), &e))
		require.Equal(t, want, e.Cursor)
	}
}

// requireProblem requires that the request was refused.
func requireProblem(t *testing.T, resp *http.Response, status int) string {
	t.Helper()
	require.Equal(t, status, resp.StatusCode)
	require.Equal(t, "application/problem+json", resp.Header.Get("Content-Type"))
	var problem struct {
		Detail string `json:"detail"`
	}
	require.NoError(t, json.NewDecoder(resp.Body).Decode(&problem))
	return problem.Detail
}
