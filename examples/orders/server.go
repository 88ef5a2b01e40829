package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"net/http"

	cnerium "github.com/cnerium/cnerium-go/runtime"
	"github.com/cnerium/cnerium-go/runtime/sqlitestore"
	"github.com/cnerium/cnerium-go/runtime/ws"
)

// config is what the application is made from.
type config struct {
	data     string // folder of the database
	provider provider
	log      *slog.Logger
}

// application is the whole service, as one handler.
type application struct {
	http.Handler

	db  *sql.DB
	app *cnerium.App
	hub *ws.Hub
}

// newApplication opens the database and starts the durable routes. The context
// bounds that only.
func newApplication(ctx context.Context, cfg config) (*application, error) {
	db, err := openDatabase(ctx, cfg.data)
	if err != nil {
		return nil, err
	}
	store, err := sqlitestore.New(ctx, db, nil)
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	mux := http.NewServeMux()
	hub := ws.NewHub(nil)
	app := cnerium.Attach(mux, store, &cnerium.Options{Publisher: hub, Logger: cfg.log})
	service := &Service{db: db, provider: cfg.provider, log: cfg.log}

	RegisterRoutes(app, service) // generated: the durable routes
	mux.HandleFunc("GET /health", health)
	mux.HandleFunc("GET /orders", service.listOrders)
	mux.HandleFunc("GET /orders/{id}", service.getOrder)
	mux.Handle("GET /ws", hub)
	registerOperator(mux, app, service)
	registerPage(mux)

	a := &application{Handler: mux, db: db, app: app, hub: hub}
	if err := app.Start(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("start: %w", err), a.close())
	}
	return a, nil
}

// close stops the parts in the order in which they need each other: the app
// publishes its last events to the hub, and its store needs the database.
func (a *application) close() error {
	return errors.Join(bounded(a.app.Close), bounded(a.hub.Close), a.db.Close())
}

func health(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, struct {
		OK      bool   `json:"ok"`
		Service string `json:"service"`
	}{OK: true, Service: "orders"})
}
