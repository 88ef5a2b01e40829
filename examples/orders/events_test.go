package main

import (
	"net/http"
	"testing"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/require"
)

func TestRetriedOrderIsAnnouncedOnce(t *testing.T) {
	t.Parallel()
	for name, open := range carriers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newShop(t)
			l := s.listen(t, open)
			for range 5 {
				s.post(t, "/orders", "k1", twoOfP1)
			}
			s.post(t, "/orders", "k2", `{"product_id":"p1","quantity":0}`) // refused: no event
			s.post(t, "/orders/ord_none/cancel", "k2", "")                 // not found: no event
			s.post(t, "/orders/ord_k1/cancel", "k3", "")
			s.post(t, "/orders", "k2", twoOfP1)
			s.post(t, "/payments", "k2", fiveEuros)

			l.requireEvent(t, "order.created", "ord_k1")
			l.requireEvent(t, "order.cancelled", "ord_k1")
			l.requireEvent(t, "order.created", "ord_k2")
			l.requireEvent(t, "payment.created", "ord_k1")
		})
	}
}

func TestAnswerTellsWhereItsEventIs(t *testing.T) {
	t.Parallel()
	for name, open := range carriers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newShop(t)
			l := s.listen(t, open)
			first, replay := s.post(t, "/orders", "k1", twoOfP1), s.post(t, "/orders", "k1", twoOfP1)
			s.post(t, "/orders", "k2", twoOfP1)
			cursor := replay.header.Get("Event-Cursor")
			require.NotEmpty(t, cursor)
			require.Equal(t, first.header.Get("Event-Cursor"), cursor)
			require.Equal(t, cursor, l.requireEvent(t, "order.created", "ord_k1").Cursor)

			later, err := open(t.Context(), s.url, cursor)
			require.NoError(t, err)
			defer later.stop()
			m, err := later.next()
			require.NoError(t, err)
			require.Equal(t, "welcome", m.Notice)
			require.True(t, *m.Recovered)
			later.requireEvent(t, "order.created", "ord_k2")
		})
	}
}

func TestStoppingEndsTheConnectionsOfListeners(t *testing.T) {
	t.Parallel()
	for name, open := range carriers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newShop(t)
			l := s.listen(t, open)
			ended := make(chan error, 1)
			go func() {
				_, err := l.next()
				ended <- err
			}()
			s.stop()
			err := <-ended
			require.Error(t, err)
			if name == "WebSocket" {
				require.Equal(t, websocket.StatusGoingAway, websocket.CloseStatus(err))
			}
		})
	}
}

func TestForeignPagesCannotListen(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	header := http.Header{"Origin": {"https://evil.example"}}
	_, resp, err := websocket.Dial(t.Context(), s.url+"/ws", &websocket.DialOptions{HTTPHeader: header})
	require.Error(t, err)
	require.Equal(t, http.StatusForbidden, resp.StatusCode)

	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.url+"/events", nil)
	require.NoError(t, err)
	req.Header = header
	r, err := send(req)
	require.NoError(t, err)
	require.Equal(t, http.StatusForbidden, r.status)
}
