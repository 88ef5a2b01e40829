package sse_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	cnerium "github.com/cnerium/cnerium-go/runtime"
	"github.com/cnerium/cnerium-go/runtime/feed"
	"github.com/cnerium/cnerium-go/runtime/memstore"
	"github.com/cnerium/cnerium-go/runtime/sse"
)

// durable is a store that outlives its App, as a file outlives its process.
type durable struct{ cnerium.Store }

func (durable) Close() error { return nil }

// shop is an application whose orders are announced.
type shop struct {
	app    *cnerium.App
	server *httptest.Server
}

func openShop(t *testing.T, store cnerium.Store) *shop {
	t.Helper()
	mux := http.NewServeMux()
	events := feed.New(&feed.Options{Recent: 5, Authorize: anyRoom})
	s := &shop{app: cnerium.Attach(mux, store, &cnerium.Options{Publisher: events})}
	s.app.Handle(cnerium.Route{Pattern: "POST /orders", Operation: "orders.create", Handler: order})
	mux.Handle("GET /events", sse.Handler(events, nil))
	require.NoError(t, s.app.Start(t.Context()))
	s.server = httptest.NewServer(mux)
	return s
}

// close stops the shop as a program does: first what streams, then the server.
func (s *shop) close(t *testing.T) {
	t.Helper()
	require.NoError(t, s.stop())
}

func (s *shop) stop() error {
	ctx := context.Background()
	return errors.Join(s.app.Close(ctx), s.server.Config.Shutdown(ctx))
}

func order(req *cnerium.Request) (*cnerium.Response, error) {
	if err := cnerium.Emit(req.Context(), "order.created", req.Key()); err != nil {
		return nil, err
	}
	if err := cnerium.EmitTo(req.Context(), "kitchen", "order.to_cook", req.Key()); err != nil {
		return nil, err
	}
	return cnerium.Created(req.Key())
}

// order sends an order and returns the cursor of its last event.
func (s *shop) order(t *testing.T, key string) string {
	t.Helper()
	resp := send(t, http.DefaultClient, http.MethodPost, s.server.URL+"/orders", "Idempotency-Key", key)
	require.Equal(t, http.StatusCreated, resp.StatusCode)
	cursor := resp.Header.Get("Event-Cursor")
	require.NotEmpty(t, cursor)
	return cursor
}

// facts reads until the event with that data and returns the types and data of
// all events, and the last cursor.
func facts(t *testing.T, p *sse.Parser, last string) (all []string, cursor string) {
	t.Helper()
	for len(all) == 0 || all[len(all)-1] != last {
		got, err := p.Next()
		require.NoError(t, err)
		if got.Type == "message" {
			all = append(all, fact(t, got))
			cursor = got.ID
		}
	}
	return all, cursor
}

func fact(t *testing.T, event sse.Received) string {
	t.Helper()
	var e struct{ Type, Data string }
	require.NoError(t, json.Unmarshal([]byte(event.Data), &e))
	return e.Type + " " + e.Data
}

func TestOrderIsAnnouncedOnceHoweverOftenItIsSent(t *testing.T) {
	t.Parallel()
	s := openShop(t, memstore.New(nil))
	defer s.close(t)
	kitchen, page := listen(t, s.server.URL+"/events?room=kitchen"), listen(t, s.server.URL+"/events")
	for range 3 {
		s.order(t, "k1")
	}
	s.order(t, "k2")
	got, _ := facts(t, kitchen, "order.to_cook k2")
	require.Equal(t, []string{"order.created k1", "order.to_cook k1", "order.created k2", "order.to_cook k2"}, got)
	got, _ = facts(t, page, "order.created k2")
	require.Equal(t, []string{"order.created k1", "order.created k2"}, got)
}

func TestPageBeginsBehindItsOwnOrder(t *testing.T) {
	t.Parallel()
	s := openShop(t, memstore.New(nil))
	defer s.close(t)
	for i := range 20 { // now the feed is behind the response, now before it
		cursor := s.order(t, fmt.Sprint("first-", i))
		p := listen(t, s.server.URL+"/events?room=kitchen&last_event_id="+cursor)
		next := fmt.Sprint("next-", i)
		s.order(t, next)
		got, _ := facts(t, p, "order.to_cook "+next)
		require.Equal(t, []string{"order.created " + next, "order.to_cook " + next}, got)
	}
}

func TestClientThatReconnectsAtRandomMissesNothing(t *testing.T) {
	t.Parallel()
	const orders = 60
	s := openShop(t, memstore.New(nil))
	defer s.close(t)
	first := get(t, http.DefaultClient, s.server.URL+"/events")
	p := sse.NewParser(first.Body)
	welcome, err := p.Next()
	require.NoError(t, err)
	require.NoError(t, first.Body.Close())
	last := welcome.ID
	random := rand.New(rand.NewPCG(1, 2))
	var got []string
	for sent := 0; len(got) < orders; {
		for n := random.IntN(12); n >= 0 && sent < orders; n-- {
			s.order(t, fmt.Sprint(sent))
			sent++
		}
		resp := get(t, http.DefaultClient, s.server.URL+"/events", "Last-Event-ID", last)
		p := sse.NewParser(resp.Body)
		welcome, err := p.Next()
		require.NoError(t, err)
		require.Contains(t, welcome.Data, `"recovered":true`)
		for n := random.IntN(sent - len(got) + 1); n > 0; n-- {
			var event sse.Received
			for event.Type != "message" {
				event, err = p.Next()
				require.NoError(t, err)
			}
			got, last = append(got, fact(t, event)), event.ID
		}
		require.NoError(t, resp.Body.Close())
	}
	for i, fact := range got {
		require.Equal(t, fmt.Sprint("order.created ", i), fact)
	}
}

func TestClientSurvivesARestartOfTheServer(t *testing.T) {
	t.Parallel()
	store := durable{memstore.New(nil)}
	s := openShop(t, store)
	p := listen(t, s.server.URL+"/events")
	for i := range 10 {
		s.order(t, fmt.Sprint(i))
	}
	_, cursor := facts(t, p, "order.created 4")
	stopped := make(chan error, 1)
	go func() { stopped <- s.stop() }()
	for err := error(nil); err == nil; {
		_, err = p.Next()
	}
	require.NoError(t, <-stopped)

	s = openShop(t, store)
	defer s.close(t)
	s.order(t, "9") // a retry
	s.order(t, "10")
	p = listen(t, s.server.URL+"/events", "Last-Event-ID", cursor)
	got, _ := facts(t, p, "order.created 10")
	require.Equal(t, strings.Fields("5 6 7 8 9 10"), strings.Fields(strings.ReplaceAll(strings.Join(got, " "), "order.created", "")))
}
