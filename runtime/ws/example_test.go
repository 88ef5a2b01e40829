package ws_test

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/coder/websocket"

	cnerium "github.com/cnerium/cnerium-go/runtime"
	"github.com/cnerium/cnerium-go/runtime/memstore"
	"github.com/cnerium/cnerium-go/runtime/ws"
)

// A hub publishes what durable handlers emit, on the application's own router.
func ExampleNewHub() {
	ctx := context.Background()
	mux := http.NewServeMux()
	hub := ws.NewHub(nil)
	mux.Handle("GET /ws", hub)

	app := cnerium.Attach(mux, memstore.New(nil), &cnerium.Options{Publisher: hub})
	app.Handle(cnerium.Route{
		Pattern:   "POST /orders",
		Operation: "orders.create",
		Handler: func(req *cnerium.Request) (*cnerium.Response, error) {
			if err := cnerium.Emit(req.Context(), "order.created", "ord_1"); err != nil {
				return nil, err
			}
			return cnerium.Created("ord_1")
		},
	})
	if err := app.Start(ctx); err != nil {
		log.Fatal(err)
	}
	server := httptest.NewServer(mux)
	defer server.Close()

	conn, _, err := websocket.Dial(ctx, server.URL+"/ws", nil)
	if err != nil {
		log.Fatal(err)
	}
	if _, _, err := conn.Read(ctx); err != nil { // the welcome
		log.Fatal(err)
	}
	order(server.URL)
	_, event, err := conn.Read(ctx)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(strings.Contains(string(event), `"type":"order.created"`))
	// Output: true
}

func order(url string) {
	req, err := http.NewRequest(http.MethodPost, url+"/orders", nil)
	if err != nil {
		log.Fatal(err)
	}
	req.Header.Set("Idempotency-Key", "k1")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		log.Fatal(err)
	}
	_ = resp.Body.Close()
}
