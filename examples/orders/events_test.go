package main

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/require"
)

// requireEvent reads the next event and requires that it is of the type and
// about the order.
func requireEvent(t *testing.T, conn *websocket.Conn, eventType, orderID string) {
	t.Helper()
	_, text, err := conn.Read(t.Context())
	require.NoError(t, err)
	var event struct {
		SpecVersion string `json:"specversion"`
		Type        string `json:"type"`
		Data        struct {
			OrderID string `json:"order_id"`
		} `json:"data"`
	}
	require.NoError(t, json.Unmarshal(text, &event))
	require.Equal(t, "1.0", event.SpecVersion)
	require.Equal(t, eventType, event.Type)
	require.Equal(t, orderID, event.Data.OrderID)
}

func TestRetriedOrderIsAnnouncedOnce(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	conn, _, err := websocket.Dial(t.Context(), s.url+"/ws", nil)
	require.NoError(t, err)
	defer func() { _ = conn.CloseNow() }()
	for range 5 {
		s.post(t, "/orders", "k1", twoOfP1)
	}
	s.post(t, "/orders", "k2", `{"product_id":"p1","quantity":0}`) // refused: no event
	s.post(t, "/orders/ord_none/cancel", "k2", "")                 // not found: no event
	s.post(t, "/orders/ord_k1/cancel", "k3", "")
	s.post(t, "/orders", "k2", twoOfP1)
	s.post(t, "/payments", "k2", fiveEuros)

	requireEvent(t, conn, "order.created", "ord_k1")
	requireEvent(t, conn, "order.cancelled", "ord_k1")
	requireEvent(t, conn, "order.created", "ord_k2")
	requireEvent(t, conn, "payment.created", "ord_k1")
}

func TestStoppingSaysGoodbyeToListeners(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	conn, _, err := websocket.Dial(t.Context(), s.url+"/ws", nil)
	require.NoError(t, err)
	closed := make(chan error, 1)
	go func() {
		_, _, err := conn.Read(t.Context())
		closed <- err
	}()
	s.stop()
	require.Equal(t, websocket.StatusGoingAway, websocket.CloseStatus(<-closed))
}

func TestForeignPagesCannotListen(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	header := http.Header{"Origin": {"https://evil.example"}}
	_, resp, err := websocket.Dial(t.Context(), s.url+"/ws", &websocket.DialOptions{HTTPHeader: header})
	require.Error(t, err)
	require.Equal(t, http.StatusForbidden, resp.StatusCode)
}
