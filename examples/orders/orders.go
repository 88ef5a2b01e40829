package main

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/cnerium/cnerium-go/examples/orders/internal/api"
	cnerium "github.com/cnerium/cnerium-go/runtime"
	"github.com/cnerium/cnerium-go/runtime/sqlitestore"
)

// Service has the handlers of the shop on the embedded database. Package
// postgres has those for PostgreSQL. What their comments say stands in the API
// document and in the clients, too, which are made from them.
type Service struct {
	db       *sql.DB
	store    *sqlitestore.Store
	provider provider
}

const insertOrder = `INSERT INTO orders (order_id, product_id, quantity) VALUES (?, ?, ?)`

// CreateOrder places an order. However often a client sends the request with
// one key, there is one order; the key also names it.
//
//cnerium:durable POST /orders orders.create status=201
func (s *Service) CreateOrder(ctx context.Context, tx sqlitestore.Tx, req *cnerium.Request, in api.OrderRequest) (*api.OrderAnswer, error) {
	out := &api.OrderAnswer{OK: true, OrderID: "ord_" + req.Key(), ProductID: in.ProductID, Quantity: in.Quantity}
	// The parameter tx makes the handler transactional: it is the transaction
	// that stores the answer. The row, the event and the answer are there
	// together or not at all, so after a crash at any point a retry simply runs.
	if _, err := tx.ExecContext(ctx, insertOrder, out.OrderID, out.ProductID, out.Quantity); err != nil {
		return nil, fmt.Errorf("insert order: %w", err)
	}
	if err := EmitOrderCreated(ctx, OrderCreated{*out}); err != nil {
		return nil, err
	}
	return out, nil
}

const cancelOrder = `UPDATE orders SET status = 'cancelled' WHERE order_id = ?`

// CancelOrder cancels an order.
//
//cnerium:durable POST /orders/{id}/cancel orders.cancel
func (s *Service) CancelOrder(ctx context.Context, tx sqlitestore.Tx, id string) (*api.CancelAnswer, error) {
	result, err := tx.ExecContext(ctx, cancelOrder, id) // the wildcard of the pattern
	if err != nil {
		return nil, fmt.Errorf("cancel order: %w", err)
	}
	changed, err := result.RowsAffected()
	if err != nil {
		return nil, fmt.Errorf("cancel order: %w", err)
	}
	if changed == 0 {
		return nil, cnerium.NotFound("there is no order " + id)
	}
	out := &api.CancelAnswer{OK: true, OrderID: id, Status: "cancelled"}
	if err := EmitOrderCancelled(ctx, OrderCancelled{*out}); err != nil {
		return nil, err
	}
	return out, nil
}
