package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/require"
)

// message is an event or a notice, as a client gets it.
type message struct {
	Notice    string `json:"notice"`
	Cursor    string `json:"cursor"`
	Recovered *bool  `json:"recovered"`

	SpecVersion string `json:"specversion"`
	ID          string `json:"id"`
	Type        string `json:"type"`
	Subject     string `json:"subject"`
	Data        struct {
		OrderID string `json:"order_id"`
	} `json:"data"`
}

// listener reads what comes over one connection.
type listener struct {
	read func() ([]byte, error)
	stop func()
}

// carrier opens a connection that goes on behind the cursor, if it has one.
type carrier func(ctx context.Context, shopURL, cursor string) (*listener, error)

// carriers are the ways in which a client can listen.
var carriers = map[string]carrier{"WebSocket": overWebSocket, "Server-Sent Events": overStream}

func overWebSocket(ctx context.Context, shopURL, cursor string) (*listener, error) {
	conn, _, err := websocket.Dial(ctx, shopURL+"/ws?last_event_id="+url.QueryEscape(cursor), nil)
	if err != nil {
		return nil, err
	}
	read := func() ([]byte, error) {
		_, text, err := conn.Read(ctx)
		return text, err
	}
	return &listener{read: read, stop: func() { _ = conn.CloseNow() }}, nil
}

func overStream(ctx context.Context, shopURL, cursor string) (*listener, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, shopURL+"/events", nil)
	if err != nil {
		return nil, err
	}
	if cursor != "" {
		req.Header.Set("Last-Event-ID", cursor)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode != http.StatusOK {
		return nil, errors.Join(fmt.Errorf("status %d", resp.StatusCode), resp.Body.Close())
	}
	lines := bufio.NewReader(resp.Body)
	read := func() ([]byte, error) {
		for {
			line, err := lines.ReadString('\n')
			if err != nil {
				return nil, err
			}
			if data, ok := strings.CutPrefix(line, "data: "); ok {
				return []byte(data), nil
			}
		}
	}
	return &listener{read: read, stop: func() { _ = resp.Body.Close() }}, nil
}

// next returns the next message.
func (l *listener) next() (message, error) {
	text, err := l.read()
	if err != nil {
		return message{}, err
	}
	var m message
	return m, json.Unmarshal(text, &m)
}

// listen connects without a cursor, and returns when the shop has said welcome.
func (s *shop) listen(t *testing.T, open carrier) *listener {
	t.Helper()
	l, err := open(t.Context(), s.url, "")
	require.NoError(t, err)
	t.Cleanup(l.stop)
	m, err := l.next()
	require.NoError(t, err)
	require.Equal(t, "welcome", m.Notice)
	require.Nil(t, m.Recovered)
	return l
}

// requireEvent reads the next event and requires that it is of the type and
// about the order.
func (l *listener) requireEvent(t *testing.T, eventType, orderID string) message {
	t.Helper()
	m, err := l.next()
	require.NoError(t, err)
	require.Equal(t, "1.0", m.SpecVersion)
	require.Equal(t, eventType, m.Type)
	require.Equal(t, orderID, m.Data.OrderID)
	require.Equal(t, orderID, m.Subject)
	return m
}
