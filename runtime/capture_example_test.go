package cnerium_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"

	cnerium "github.com/cnerium/cnerium-go/runtime"
	"github.com/cnerium/cnerium-go/runtime/memstore"
)

// A handler that knows nothing of Cnerium becomes durable as it is.
func ExampleCapture() {
	orders := 0
	createOrder := func(w http.ResponseWriter, _ *http.Request) {
		orders++
		w.Header().Set("Location", fmt.Sprintf("/orders/%d", orders))
		w.WriteHeader(http.StatusCreated)
		fmt.Fprintf(w, "order %d", orders)
	}

	mux := http.NewServeMux()
	app := cnerium.Attach(mux, memstore.New(nil), &cnerium.Options{Logger: quiet})
	app.Handle(cnerium.Route{
		Pattern:   "POST /orders", // was mux.HandleFunc("POST /orders", createOrder)
		Operation: "orders.create",
		Handler:   cnerium.Capture(http.HandlerFunc(createOrder)),
	})
	ctx := context.Background()
	if err := app.Start(ctx); err != nil {
		fmt.Println(err)
		return
	}
	defer app.Close(ctx)
	server := httptest.NewServer(mux)
	defer server.Close()

	for range 2 {
		req, _ := http.NewRequestWithContext(ctx, http.MethodPost, server.URL+"/orders", http.NoBody)
		req.Header.Set("Idempotency-Key", "8e03978e-40d5-43dd-bc93-6894a57f9324")
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			fmt.Println(err)
			return
		}
		body, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		fmt.Printf("%d %s: %s, replayed=%q\n", resp.StatusCode, resp.Header.Get("Location"), body, resp.Header.Get("Idempotency-Replayed"))
	}
	// Output:
	// 201 /orders/1: order 1, replayed=""
	// 201 /orders/1: order 1, replayed="true"
}
