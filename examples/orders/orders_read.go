package main

import (
	"context"
	"database/sql"
	"errors"

	"github.com/cnerium/cnerium-go/examples/orders/internal/api"
)

const (
	selectOrders = `SELECT row, order_id, product_id, quantity, status, created_at FROM orders`
	allOrders    = selectOrders + ` ORDER BY row`
	oneOrder     = selectOrders + ` WHERE order_id = ? ORDER BY row LIMIT 1`
)

// Orders returns every row.
func (s *Service) Orders(ctx context.Context) ([]api.Order, error) {
	rows, err := s.db.QueryContext(ctx, allOrders)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }() // Err has what matters
	orders := []api.Order{}             // not null in JSON
	for rows.Next() {
		o, err := scanOrder(rows.Scan)
		if err != nil {
			return nil, err
		}
		orders = append(orders, o)
	}
	return orders, rows.Err()
}

// Order returns one, or [api.ErrNoOrder].
func (s *Service) Order(ctx context.Context, id string) (api.Order, error) {
	o, err := scanOrder(s.db.QueryRowContext(ctx, oneOrder, id).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return api.Order{}, api.ErrNoOrder
	}
	return o, err
}

// scanOrder reads the columns of selectOrders.
func scanOrder(scan func(...any) error) (api.Order, error) {
	var o api.Order
	err := scan(&o.Row, &o.OrderID, &o.ProductID, &o.Quantity, &o.Status, &o.CreatedAt)
	return o, err
}
