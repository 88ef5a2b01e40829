package postgres

import (
	"context"
	"fmt"

	"github.com/cnerium/cnerium-go/examples/orders/internal/api"
	cnerium "github.com/cnerium/cnerium-go/runtime"
	"github.com/cnerium/cnerium-go/runtime/pgstore"
)

const insertOrder = `INSERT INTO orders (order_id, product_id, quantity) VALUES ($1, $2, $3)`

// CreateOrder places an order. However often a client sends the request with
// one key, and to whichever nodes, there is one order.
//
// The parameter tx is the transaction that stores the answer. When PostgreSQL
// refuses it for the sake of another transaction, nothing is stored and the
// handler runs again: it must do nothing outside of tx.
func (s *Shop) CreateOrder(ctx context.Context, tx pgstore.Tx, req *cnerium.Request, in api.OrderRequest) (*api.OrderAnswer, error) {
	out := &api.OrderAnswer{OK: true, OrderID: "ord_" + req.Key(), ProductID: in.ProductID, Quantity: in.Quantity}
	if _, err := tx.Exec(ctx, insertOrder, out.OrderID, out.ProductID, out.Quantity); err != nil {
		return nil, fmt.Errorf("insert order: %w", err)
	}
	if err := cnerium.Emit(ctx, "order.created", out); err != nil {
		return nil, err
	}
	return out, nil
}

const cancelOrder = `UPDATE orders SET status = 'cancelled' WHERE order_id = $1`

// CancelOrder cancels an order.
func (s *Shop) CancelOrder(ctx context.Context, tx pgstore.Tx, id string) (*api.CancelAnswer, error) {
	result, err := tx.Exec(ctx, cancelOrder, id)
	if err != nil {
		return nil, fmt.Errorf("cancel order: %w", err)
	}
	if result.RowsAffected() == 0 {
		return nil, cnerium.NotFound("there is no order " + id)
	}
	out := &api.CancelAnswer{OK: true, OrderID: id, Status: "cancelled"}
	if err := cnerium.Emit(ctx, "order.cancelled", out); err != nil {
		return nil, err
	}
	return out, nil
}
