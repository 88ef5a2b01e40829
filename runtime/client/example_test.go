package client_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/cnerium/cnerium-go/runtime/client"
)

// flaky is a server that is busy when it gets the first request.
func flaky() *httptest.Server {
	requests := 0
	return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if requests++; requests == 1 {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusCreated)
		_, _ = fmt.Fprintf(w, `{"id":"ord_%s"}`, r.Header.Get("Idempotency-Key"))
	}))
}

func ExampleNew() {
	server := flaky()
	defer server.Close()

	c, err := client.New(server.URL, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	req := client.NewRequest("orders.create", http.MethodPost, "/orders")
	req.JSON(map[string]any{"product_id": "p1", "quantity": 2})
	type order struct {
		ID string `json:"id"`
	}
	out, meta, err := client.JSON[*order](c.Do(context.Background(), req, &client.Call{Key: "k1"}))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(out.ID, "after", meta.Attempts, "attempts")
	// Output: ord_k1 after 2 attempts
}

func ExampleTransport() {
	server := flaky()
	defer server.Close()

	hc := &http.Client{Transport: &client.Transport{
		OnAttempt: func(_ context.Context, a client.Attempt) { fmt.Println("attempt", a.Number, "status", a.Status) },
	}}
	resp, err := hc.Post(server.URL+"/orders", "application/json", strings.NewReader(`{"product_id":"p1"}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, resp.Body)
	// Output:
	// attempt 1 status 503
	// attempt 2 status 201
}

// A caller that must not lose an operation, even when it dies itself, stores
// the key with the input before the first call, and calls again for as long as
// the error is pending.
func ExampleError_Pending() {
	server := flaky()
	defer server.Close()
	c, err := client.New(server.URL, &client.Options{Retry: client.Retry{MaxAttempts: 1}})
	if err != nil {
		fmt.Println(err)
		return
	}
	req := client.NewRequest("orders.create", http.MethodPost, "/orders")
	req.JSON(map[string]any{"product_id": "p1", "quantity": 2})
	stored := "k1" // client.NewKey(), stored beside the order
	for {
		resp, _, err := c.Do(context.Background(), req, &client.Call{Key: stored})
		var failed *client.Error
		if errors.As(err, &failed) && failed.Pending() {
			fmt.Println("later:", err) // a job that runs once a minute, for example
			continue
		}
		fmt.Println(string(resp.Body), err)
		return
	}
	// Output:
	// later: orders.create: 503 Service Unavailable; not tried again: that was the last attempt that Retry.MaxAttempts allows
	// {"id":"ord_k1"} <nil>
}
