package cnerium_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	cnerium "github.com/cnerium/cnerium-go/runtime"
	"github.com/cnerium/cnerium-go/runtime/memstore"
)

// quiet keeps the log out of the examples' output.
var quiet = slog.New(slog.DiscardHandler)

// A durable route without code generation. The same key twice runs the
// handler once.
func Example() {
	mux := http.NewServeMux()
	app := cnerium.Attach(mux, memstore.New(nil), &cnerium.Options{Logger: quiet})
	orders := 0
	app.Handle(cnerium.Route{
		Pattern:   "POST /orders",
		Operation: "orders.create",
		Handler: func(*cnerium.Request) (*cnerium.Response, error) {
			orders++
			return cnerium.Created(map[string]int{"number": orders})
		},
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
		req, _ := http.NewRequestWithContext(ctx, http.MethodPost, server.URL+"/orders", strings.NewReader("{}"))
		req.Header.Set("Idempotency-Key", "8e03978e-40d5-43dd-bc93-6894a57f9324")
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			fmt.Println(err)
			return
		}
		body, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		fmt.Printf("%d %s replayed=%q\n", resp.StatusCode, body, resp.Header.Get("Idempotency-Replayed"))
	}
	// Output:
	// 201 {"number":1} replayed=""
	// 201 {"number":1} replayed="true"
}

// A route in the form that generated code has: Bind refuses what is not
// valid before the key is claimed, and the call runs the typed handler.
func ExampleRoute_bind() {
	type input struct {
		Product string `json:"product"`
	}
	app := cnerium.Attach(http.NewServeMux(), memstore.New(nil), &cnerium.Options{Logger: quiet})
	app.Handle(cnerium.Route{
		Pattern:   "POST /orders/{customer}",
		Operation: "orders.create",
		Retention: 72 * time.Hour,
		Bind: func(req *cnerium.Request) (cnerium.Call, error) {
			var in input
			if err := req.DecodeJSON(&in); err != nil {
				return nil, err
			}
			customer := req.PathValue("customer")
			return func(context.Context) (*cnerium.Response, error) {
				return cnerium.Created(map[string]string{"customer": customer, "product": in.Product})
			}, nil
		},
	})
	fmt.Println(app.Start(context.Background()))
	// Output: <nil>
}

// Start reports everything that is wrong at once.
func ExampleApp_Start() {
	app := cnerium.Attach(http.NewServeMux(), memstore.New(nil), nil)
	app.Handle(cnerium.Route{Pattern: "GET /orders", Operation: "orders.list", Handler: ok})
	app.Handle(cnerium.Route{Pattern: "POST /orders", Handler: ok})
	fmt.Println(app.Start(context.Background()))
	// Output:
	// cnerium: start: route "GET /orders" (orders.list) needs a pattern that begins with POST, PUT, PATCH or DELETE
	// route "POST /orders" () has no operation; name it like orders.create
}

func ExampleOK() {
	resp, err := cnerium.OK(map[string]bool{"ok": true})
	fmt.Println(resp.Status, resp.Header.Get("Content-Type"), string(resp.Body), err)
	// Output: 200 application/json {"ok":true} <nil>
}

func ExampleCreated() {
	resp, err := cnerium.Created(map[string]string{"id": "ord_7"})
	if err == nil {
		resp.Set("Location", "/orders/ord_7")
	}
	fmt.Println(resp.Status, resp.Header.Get("Location"), string(resp.Body))
	// Output: 201 /orders/ord_7 {"id":"ord_7"}
}

func ExampleJSON() {
	_, err := cnerium.JSON(http.StatusAccepted, func() {})
	fmt.Println(err)
	// Output: encode response: json: unsupported type: func()
}

func ExampleText() {
	resp := cnerium.Text(http.StatusOK, "done")
	fmt.Println(resp.Status, resp.Header.Get("Content-Type"), string(resp.Body))
	// Output: 200 text/plain; charset=utf-8 done
}

func ExampleBytes() {
	resp := cnerium.Bytes(http.StatusOK, "application/pdf", []byte("%PDF"))
	fmt.Println(resp.Status, resp.Header.Get("Content-Type"), len(resp.Body))
	// Output: 200 application/pdf 4
}

func ExampleEmpty() {
	fmt.Println(cnerium.Empty(http.StatusAccepted).Status)
	// Output: 202
}

func ExampleNoContent() {
	fmt.Println(cnerium.NoContent().Status)
	// Output: 204
}

func ExampleErrorf() {
	cause := errors.New("row 7 is gone")
	err := cnerium.Errorf(http.StatusGone, "order %s was deleted", "ord_7").WithCause(cause)
	fmt.Println(err.Detail)
	fmt.Println(err, errors.Is(err, cause))
	// Output:
	// order ord_7 was deleted
	// 410 Gone: order ord_7 was deleted: row 7 is gone true
}

// The constructors for the usual statuses.
func ExampleError() {
	for _, err := range []error{
		cnerium.BadRequest("no product"),
		cnerium.Unauthorized("no token"),
		cnerium.Forbidden("not your order"),
		cnerium.NotFound("no such order"),
		cnerium.Conflict("sold out"),
		cnerium.Unprocessable("quantity is negative"),
		cnerium.TooManyRequests("slow down", time.Second),
		cnerium.ServiceUnavailable("the bank is closed", time.Minute),
		cnerium.Invalid(errors.New("quantity is negative")),
	} {
		fmt.Println(err)
	}
	fmt.Println(errors.Is(cnerium.NotFound("no such order"), cnerium.ErrNotFound))
	// Output:
	// 400 Bad Request: no product
	// 401 Unauthorized: no token
	// 403 Forbidden: not your order
	// 404 Not Found: no such order
	// 409 Conflict: sold out
	// 422 Unprocessable Entity: quantity is negative
	// 429 Too Many Requests: slow down
	// 503 Service Unavailable: the bank is closed
	// 422 Unprocessable Entity: quantity is negative
	// true
}

// A handler announces what happened; it is published once its response is
// stored.
func ExampleEmit() {
	handler := func(ctx context.Context) (*cnerium.Response, error) {
		if err := cnerium.Emit(ctx, "order.created", map[string]string{"id": "ord_7"}); err != nil {
			return nil, err
		}
		return cnerium.NoContent(), nil
	}
	_, err := handler(context.Background())
	fmt.Println(err)
	// Output: emit "order.created": not inside a durable handler
}
