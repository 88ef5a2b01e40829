package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"

	"github.com/cnerium/cnerium-go/examples/orders/internal/api"
	"github.com/cnerium/cnerium-go/examples/orders/postgres"
	cnerium "github.com/cnerium/cnerium-go/runtime"
	"github.com/cnerium/cnerium-go/runtime/browser"
	"github.com/cnerium/cnerium-go/runtime/sse"
	"github.com/cnerium/cnerium-go/runtime/ws"
)

// config is what the application is made from.
type config struct {
	data     string // folder of the embedded database
	store    string // URL of a PostgreSQL to use instead, or ""
	provider provider
	log      *slog.Logger
}

// backend is the shop on some database: its durable routes, their store, and
// what they have written.
type backend interface {
	Store() cnerium.Store
	Register(app *cnerium.App)
	Orders(ctx context.Context) ([]api.Order, error)
	Order(ctx context.Context, id string) (api.Order, error) // or api.ErrNoOrder
	Close() error                                            // after the store's
}

// openBackend opens the database that the config names.
func openBackend(ctx context.Context, cfg config) (backend, error) {
	if cfg.store == "" {
		return openService(ctx, cfg.data, cfg.provider)
	}
	return postgres.Open(ctx, cfg.store, func(ctx context.Context, key string, in api.PaymentRequest) (string, error) {
		return cfg.provider.charge(ctx, key, charge(in))
	})
}

// application is the whole service, as one handler.
type application struct {
	http.Handler

	shop backend
	app  *cnerium.App
}

// newApplication opens the database and starts the durable routes. The context
// bounds that only.
func newApplication(ctx context.Context, cfg config) (*application, error) {
	shop, err := openBackend(ctx, cfg)
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	hub := ws.NewHub(nil)
	app := cnerium.Attach(mux, shop.Store(), &cnerium.Options{Publisher: hub, Logger: cfg.log})
	read := &reader{backend: shop, log: cfg.log}

	shop.Register(app) // the durable routes
	mux.HandleFunc("GET /health", health)
	mux.HandleFunc("GET /orders", read.listOrders)
	mux.HandleFunc("GET /orders/{id}", read.getOrder)
	mux.Handle("GET /ws", hub)
	mux.Handle("GET /events", sse.Handler(hub.Feed, nil)) // the same, where WebSocket is blocked
	mux.Handle("GET /cnerium.js", browser.Module())       // how a page listens to either
	registerOperator(mux, app, read)
	registerPage(mux)

	if err := app.Start(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("start: %w", err), bounded(app.Close), shop.Close())
	}
	return &application{Handler: mux, shop: shop, app: app}, nil
}

// close stops the parts in the order in which they need each other. The app is
// the first: it lets durable requests finish, publishes their events and ends
// the connections of those who listen, for which the server would wait
// forever. The database is the last: ordinary requests use it until the server
// has stopped.
func (a *application) close(stopServer func(context.Context) error) error {
	return errors.Join(bounded(a.app.Close), bounded(stopServer), a.shop.Close())
}

func health(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, struct {
		OK      bool   `json:"ok"`
		Service string `json:"service"`
	}{OK: true, Service: "orders"})
}
