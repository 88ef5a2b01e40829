package sse_test

import (
	"bufio"
	"context"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"

	cnerium "github.com/cnerium/cnerium-go/runtime"
	"github.com/cnerium/cnerium-go/runtime/feed"
	"github.com/cnerium/cnerium-go/runtime/memstore"
	"github.com/cnerium/cnerium-go/runtime/sse"
)

// A handler streams what durable handlers emit, on the application's own
// router. In a page, new EventSource("/events") reads it.
func ExampleHandler() {
	ctx := context.Background()
	mux := http.NewServeMux()
	events := feed.New(nil)
	mux.Handle("GET /events", sse.Handler(events, nil))

	app := cnerium.Attach(mux, memstore.New(nil), &cnerium.Options{Publisher: events})
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
	defer app.Close(ctx) // before the server: it ends the streams

	stream, err := http.Get(server.URL + "/events")
	if err != nil {
		log.Fatal(err)
	}
	defer stream.Body.Close()
	placeOrder(server.URL)
	lines := bufio.NewScanner(stream.Body)
	for lines.Scan() {
		if name, ok := strings.CutPrefix(lines.Text(), "event: "); ok {
			fmt.Println("notice:", name)
		}
		if strings.Contains(lines.Text(), `"type":"order.created"`) {
			fmt.Println("event: order.created")
			return
		}
	}
	// Output:
	// notice: welcome
	// event: order.created
}

func placeOrder(url string) {
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
