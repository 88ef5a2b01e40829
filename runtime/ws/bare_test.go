package ws_test

import (
	"context"
	"encoding/json"
	"net/http"
	"sync"

	"github.com/coder/websocket"

	cnerium "github.com/cnerium/cnerium-go/runtime"
)

// bare is what people write with the library alone: no rooms, no cursors, no
// limits. It is what the hub is measured against.
type bare struct {
	channels bool // a goroutine and a channel for each client; else a loop over all

	mu      sync.Mutex
	clients map[*websocket.Conn]chan []byte
}

func (b *bare) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	conn, err := websocket.Accept(w, r, nil)
	if err != nil {
		return
	}
	defer func() { _ = conn.CloseNow() }()
	var messages chan []byte
	if b.channels {
		messages = make(chan []byte, 1024)
	}
	b.mu.Lock()
	b.clients[conn] = messages
	b.mu.Unlock()
	if err := conn.Write(r.Context(), websocket.MessageText, []byte(`{"hello":true}`)); err != nil {
		return
	}
	ctx := conn.CloseRead(context.Background())
	for {
		select {
		case m := <-messages:
			if err := conn.Write(context.Background(), websocket.MessageText, m); err != nil {
				return
			}
		case <-ctx.Done():
			return
		}
	}
}

func (b *bare) Publish(_ context.Context, events []cnerium.Event) error {
	for i := range events {
		data, err := json.Marshal(&events[i])
		if err != nil {
			return err
		}
		b.mu.Lock()
		for conn, messages := range b.clients {
			if b.channels {
				messages <- data
			} else if err := conn.Write(context.Background(), websocket.MessageText, data); err != nil {
				return err
			}
		}
		b.mu.Unlock()
	}
	return nil
}
