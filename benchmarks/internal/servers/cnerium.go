package servers

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"os"
	"time"

	"github.com/cnerium/cnerium-go/benchmarks/internal/shop"
	cnerium "github.com/cnerium/cnerium-go/runtime"
	"github.com/cnerium/cnerium-go/runtime/memstore"
)

func openBare(context.Context, Config) (*Server, error) {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /orders", shop.Handle)
	return overHTTP(mux), nil
}

func openMemory(ctx context.Context, _ Config) (*Server, error) {
	return attach(ctx, memstore.New(nil), route(plain, ""))
}

// handler is a typed handler of a user.
type handler func(ctx context.Context, req *cnerium.Request, in shop.Request) (*shop.Created, error)

// plain is the handler that does nothing which had to be undone.
func plain(_ context.Context, req *cnerium.Request, in shop.Request) (*shop.Created, error) {
	return shop.Place(req.Key(), in), nil
}

// route adapts a handler as generated code does.
func route(handle handler, transaction cnerium.Transaction) cnerium.Route {
	return cnerium.Route{
		Pattern:   "POST /orders",
		Operation: "orders.create",
		Bind: func(req *cnerium.Request) (cnerium.Call, error) {
			var in shop.Request
			if err := req.DecodeJSON(&in); err != nil {
				return nil, err
			}
			if err := in.Validate(); err != nil {
				return nil, cnerium.Invalid(err)
			}
			return func(ctx context.Context) (*cnerium.Response, error) {
				out, err := handle(ctx, req, in)
				if err != nil {
					return nil, err
				}
				return cnerium.JSON(http.StatusCreated, out)
			}, nil
		},
		Transaction: transaction,
	}
}

// attach starts an application with the route. None of the servers logs its
// requests; what goes wrong is logged. The closers come after the application,
// which closes its store.
func attach(ctx context.Context, store cnerium.Store, r cnerium.Route, closers ...func(context.Context) error) (*Server, error) {
	mux := http.NewServeMux()
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	app := cnerium.Attach(mux, store, &cnerium.Options{Logger: log})
	app.Handle(r)
	closers = append([]func(context.Context) error{app.Close}, closers...)
	if err := app.Start(ctx); err != nil {
		failed := &Server{close: closers}
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
		defer cancel()
		return nil, errors.Join(err, failed.Close(ctx))
	}
	return overHTTP(mux, closers...), nil
}
