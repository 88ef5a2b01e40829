// Package sqlitestore stands for the store of that name.
package sqlitestore

import (
	"context"
	"database/sql"
)

type Tx interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	PrepareContext(ctx context.Context, query string) (*sql.Stmt, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

func TxFrom(ctx context.Context) Tx { return nil }
