package postgres

import (
	"context"
	"net/http"
	"time"

	"github.com/cnerium/cnerium-go/examples/orders/internal/api"
	cnerium "github.com/cnerium/cnerium-go/runtime"
	"github.com/cnerium/cnerium-go/runtime/pgstore"
)

// Register registers the durable routes.
//
// An application on PostgreSQL alone has directives above its handlers, and
// this file is generated. Here the operations belong to the handlers one folder
// up, and the generator refuses a second handler for the same. So these routes
// are written as it would write them.
func (s *Shop) Register(app *cnerium.App) {
	app.Handle(createOrderRoute(s))
	app.Handle(cancelOrderRoute(s))
	app.Handle(createPaymentRoute(s))
}

// createOrderRoute adapts [Shop.CreateOrder].
func createOrderRoute(shop *Shop) cnerium.Route {
	return cnerium.Route{
		Pattern:   "POST /orders",
		Operation: "orders.create",
		Bind: func(req *cnerium.Request) (cnerium.Call, error) {
			var in api.OrderRequest
			if err := req.DecodeJSON(&in); err != nil {
				return nil, err
			}
			if err := in.Validate(); err != nil {
				return nil, cnerium.Invalid(err)
			}
			return func(ctx context.Context) (*cnerium.Response, error) {
				out, err := shop.CreateOrder(ctx, pgstore.TxFrom(ctx), req, in)
				if err != nil {
					return nil, err
				}
				return cnerium.JSON(http.StatusCreated, out)
			}, nil
		},
		Transaction: pgstore.Transaction,
	}
}

// cancelOrderRoute adapts [Shop.CancelOrder].
func cancelOrderRoute(shop *Shop) cnerium.Route {
	return cnerium.Route{
		Pattern:   "POST /orders/{id}/cancel",
		Operation: "orders.cancel",
		Bind: func(req *cnerium.Request) (cnerium.Call, error) {
			id := req.PathValue("id")
			return func(ctx context.Context) (*cnerium.Response, error) {
				out, err := shop.CancelOrder(ctx, pgstore.TxFrom(ctx), id)
				if err != nil {
					return nil, err
				}
				return cnerium.JSON(http.StatusOK, out)
			}, nil
		},
		Transaction: pgstore.Transaction,
	}
}

// createPaymentRoute adapts [Shop.CreatePayment].
func createPaymentRoute(shop *Shop) cnerium.Route {
	return cnerium.Route{
		Pattern:   "POST /payments",
		Operation: "payments.create",
		Bind: func(req *cnerium.Request) (cnerium.Call, error) {
			var in api.PaymentRequest
			if err := req.DecodeJSON(&in); err != nil {
				return nil, err
			}
			if err := in.Validate(); err != nil {
				return nil, cnerium.Invalid(err)
			}
			return func(ctx context.Context) (*cnerium.Response, error) {
				out, err := shop.CreatePayment(ctx, in)
				if err != nil {
					return nil, err
				}
				return cnerium.JSON(http.StatusCreated, out)
			}, nil
		},
		Timeout: 20 * time.Second,
	}
}
