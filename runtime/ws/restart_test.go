package ws_test

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/require"

	cnerium "github.com/cnerium/cnerium-go/runtime"
	"github.com/cnerium/cnerium-go/runtime/memstore"
	"github.com/cnerium/cnerium-go/runtime/ws"
)

// surviving is a store that is still there after its App was closed.
type surviving struct{ cnerium.Store }

func (surviving) Close() error { return nil }

// shop is an application with a hub.
type shop struct {
	app    *cnerium.App
	server *httptest.Server
}

// open starts an application on the store, as a process does.
func open(t *testing.T, store cnerium.Store, opts *ws.Options) *shop {
	t.Helper()
	mux := http.NewServeMux()
	hub := ws.NewHub(opts)
	mux.Handle("GET /ws", hub)
	app := cnerium.Attach(mux, surviving{store}, &cnerium.Options{Publisher: hub, Logger: slog.New(slog.DiscardHandler)})
	app.Handle(cnerium.Route{
		Pattern:   "POST /orders",
		Operation: "orders.create",
		Handler: func(req *cnerium.Request) (*cnerium.Response, error) {
			if err := cnerium.Emit(req.Context(), "order.created", req.Key()); err != nil {
				return nil, err
			}
			return cnerium.Created(req.Key())
		},
	})
	require.NoError(t, app.Start(t.Context()))
	s := &shop{app: app, server: httptest.NewServer(mux)}
	t.Cleanup(s.server.Close)
	return s
}

func (s *shop) ws() string { return s.server.URL + "/ws" }

// order sends an order; its event has the number as data.
func (s *shop) order(t *testing.T, number int) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.server.URL+"/orders", http.NoBody)
	require.NoError(t, err)
	req.Header.Set("Idempotency-Key", fmt.Sprintf("order-%d", number))
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Equal(t, http.StatusCreated, resp.StatusCode)
}

func TestClientResumesAfterARestart(t *testing.T) {
	t.Parallel()
	store := memstore.New(nil)
	first := open(t, store, nil)
	conn, welcome := join(t, first.ws())
	require.Nil(t, welcome.Recovered)
	first.order(t, 1)
	seen := next(t, conn)
	require.Equal(t, "order.created", seen.Type)

	closed := make(chan error)
	go func() { closed <- first.app.Close(context.Background()) }()
	requireClosed(t, conn, websocket.StatusGoingAway, "connect again with your cursor")
	require.NoError(t, <-closed)

	second := open(t, store, nil)
	second.order(t, 1) // a replay: no event
	second.order(t, 2)
	second.order(t, 3)
	back, welcome := join(t, second.ws()+"?last_event_id="+seen.Cursor)
	require.True(t, *welcome.Recovered)
	two, three := next(t, back), next(t, back)
	require.Equal(t, []string{"order.created", "order.created"}, []string{two.Type, three.Type})
	require.Len(t, map[string]bool{seen.ID: true, two.ID: true, three.ID: true}, 3)
	second.order(t, 4)
	require.Equal(t, "order.created", next(t, back).Type)
	_ = back.CloseNow()

	other := open(t, memstore.New(nil), nil)
	_, welcome = join(t, other.ws()+"?last_event_id="+seen.Cursor)
	require.False(t, *welcome.Recovered)
	require.NotEqual(t, seen.Cursor, welcome.Cursor)
}

func TestAppCloseSaysGoodbye(t *testing.T) {
	t.Parallel()
	shop := open(t, memstore.New(nil), nil)
	conn, _ := join(t, shop.ws())
	closed := make(chan error)
	go func() { closed <- shop.app.Close(context.Background()) }()
	requireClosed(t, conn, websocket.StatusGoingAway, "connect again with your cursor")
	require.NoError(t, <-closed)
	require.Equal(t, http.StatusServiceUnavailable, refused(t, shop.ws(), nil).StatusCode)
}

// wanderer is a client that loses its connection again and again.
type wanderer struct {
	url    string
	random *rand.Rand
	cursor string   // "" before the first welcome
	ids    []string // of the events, each once
	seen   map[string]bool
}

// visit connects and reads for a while, sometimes for none.
func (w *wanderer) visit(ctx context.Context) {
	patience := 300 * time.Microsecond * time.Duration(w.random.IntN(30)) // so that it leaves anywhere, also in the handshake
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	url := w.url
	if w.cursor != "" {
		url += "?last_event_id=" + w.cursor
	}
	conn, _, err := websocket.Dial(ctx, url, nil)
	if err != nil {
		return
	}
	defer func() { _ = conn.CloseNow() }()
	for {
		m, err := read(ctx, conn)
		if err != nil {
			return
		}
		w.take(m)
	}
}

func (w *wanderer) take(m message) {
	if m.Cursor != "" {
		w.cursor = m.Cursor
	}
	if m.ID != "" && !w.seen[m.ID] {
		w.seen[m.ID] = true
		w.ids = append(w.ids, m.ID)
	}
}

func TestClientThatReconnectsAtRandomSeesEachEventOnce(t *testing.T) {
	t.Parallel()
	const orders, wanderers = 400, 4
	store := memstore.New(nil)
	begin, err := store.Head(t.Context())
	require.NoError(t, err)
	shop := open(t, store, &ws.Options{Recent: 5, QueueSize: 20}) // the history is needed, and queues overflow
	ctx, ordered := context.WithCancel(t.Context())
	var crowd sync.WaitGroup
	all := make([]*wanderer, wanderers)
	for i := range all {
		all[i] = &wanderer{
			url: shop.ws(), cursor: begin, seen: map[string]bool{},
			random: rand.New(rand.NewPCG(1, uint64(i))),
		}
		crowd.Go(func() {
			for ctx.Err() == nil {
				all[i].visit(t.Context())
			}
		})
	}
	for number := range orders {
		shop.order(t, number)
	}
	ordered()
	crowd.Wait()

	events, err := store.Events(t.Context(), begin, 2*orders)
	require.NoError(t, err)
	require.Len(t, events, orders)
	var want []string
	for i := range events {
		want = append(want, events[i].ID)
	}
	for _, w := range all {
		require.NotEmpty(t, w.ids, "it has never stayed long enough")
		conn, welcome := join(t, shop.ws()+"?last_event_id="+w.cursor)
		require.True(t, *welcome.Recovered)
		for len(w.ids) < orders {
			w.take(next(t, conn))
		}
		require.Equal(t, strings.Join(want, " "), strings.Join(w.ids, " "))
	}
}
