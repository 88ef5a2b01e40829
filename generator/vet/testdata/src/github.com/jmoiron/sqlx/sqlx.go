// Package sqlx stands for the library of that name.
package sqlx

import (
	"context"
	"database/sql"
)

type DB struct{ *sql.DB }

func (db *DB) GetContext(ctx context.Context, dest any, query string, args ...any) error { return nil }
