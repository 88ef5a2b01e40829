// Package pgstore stands for the store of that name.
package pgstore

import (
	"context"

	"github.com/jackc/pgx/v5"
)

type Tx interface {
	Exec(ctx context.Context, sql string, args ...any) (pgx.CommandTag, error)
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}
