package main

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cnerium/cnerium-go/examples/orders/internal/api"
)

// shop is the application behind a real server, as a test sees it.
type shop struct {
	url  string
	stop func() // also called when the test ends
}

// open starts the application on the database at a place: a folder, or the URL
// of a PostgreSQL.
func open(t *testing.T, place string, p provider) *shop {
	t.Helper()
	cfg := config{data: place, provider: p, log: slog.New(slog.DiscardHandler)}
	if isURL(place) {
		cfg.data, cfg.store = "", place
	}
	a, err := newApplication(t.Context(), cfg)
	require.NoError(t, err)
	server := httptest.NewServer(a)
	stopped := false
	stop := func() {
		if stopped {
			return
		}
		stopped = true
		require.NoError(t, a.close(func(context.Context) error {
			server.Close()
			return nil
		}))
	}
	t.Cleanup(stop)
	return &shop{url: server.URL, stop: stop}
}

// newShop is open with an empty embedded database and the fake provider.
func newShop(t *testing.T) *shop {
	t.Helper()
	return open(t, t.TempDir(), &fakeProvider{})
}

// reply is what came back.
type reply struct {
	status int
	header http.Header
	body   string
}

func (r reply) replayed() string { return r.header.Get("Idempotency-Replayed") }

// detail returns the text of a problem document.
func (r reply) detail(t *testing.T) string {
	t.Helper()
	require.Equal(t, "application/problem+json", r.header.Get("Content-Type"))
	var problem struct {
		Status int    `json:"status"`
		Detail string `json:"detail"`
	}
	require.NoError(t, json.Unmarshal([]byte(r.body), &problem))
	require.Equal(t, r.status, problem.Status)
	return problem.Detail
}

// send does a request; the error is for goroutines, where a test cannot fail.
func send(req *http.Request) (reply, error) {
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return reply{}, err
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return reply{}, err
	}
	return reply{status: resp.StatusCode, header: resp.Header, body: string(body)}, resp.Body.Close()
}

// postRequest is what curl would send; an empty key sends none.
func postRequest(ctx context.Context, url, key string, body io.Reader) (*http.Request, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, body)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	if key != "" {
		req.Header.Set("Idempotency-Key", key)
	}
	return req, nil
}

func (s *shop) post(t *testing.T, path, key, body string) reply {
	t.Helper()
	req, err := postRequest(t.Context(), s.url+path, key, strings.NewReader(body))
	require.NoError(t, err)
	r, err := send(req)
	require.NoError(t, err)
	return r
}

func (s *shop) get(t *testing.T, path string) reply {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.url+path, nil)
	require.NoError(t, err)
	r, err := send(req)
	require.NoError(t, err)
	return r
}

// rows returns GET /orders.
func (s *shop) rows(t *testing.T) []api.Order {
	t.Helper()
	r := s.get(t, "/orders")
	require.Equal(t, http.StatusOK, r.status)
	var list struct {
		Orders []api.Order `json:"orders"`
	}
	require.NoError(t, json.Unmarshal([]byte(r.body), &list))
	return list.Orders
}

const (
	twoOfP1       = `{"product_id":"p1","quantity":2}`
	twoOfP1Answer = `{"ok":true,"order_id":"ord_k1","product_id":"p1","quantity":2}`
)
