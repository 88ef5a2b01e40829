package postgres

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"

	"github.com/cnerium/cnerium-go/examples/orders/internal/api"
)

const (
	selectOrders = `
SELECT row, order_id, product_id, quantity, status, to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
FROM orders`
	allOrders = selectOrders + ` ORDER BY row`
	oneOrder  = selectOrders + ` WHERE order_id = $1 ORDER BY row LIMIT 1`
)

// Orders returns every row.
func (s *Shop) Orders(ctx context.Context) ([]api.Order, error) {
	rows, err := s.pool.Query(ctx, allOrders)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[api.Order])
}

// Order returns one, or [api.ErrNoOrder].
func (s *Shop) Order(ctx context.Context, id string) (api.Order, error) {
	rows, err := s.pool.Query(ctx, oneOrder, id)
	if err != nil {
		return api.Order{}, err
	}
	order, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByPos[api.Order])
	if errors.Is(err, pgx.ErrNoRows) {
		return api.Order{}, api.ErrNoOrder
	}
	return order, err
}
