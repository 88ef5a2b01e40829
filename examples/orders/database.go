package main

import (
	"context"
	"database/sql"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/cnerium/cnerium-go/runtime/sqlitestore"
)

//go:embed schema.sql
var schema string

// openDatabase opens DIR/orders.db, where the orders live beside the records
// of the durable routes.
func openDatabase(ctx context.Context, dir string) (*sql.DB, error) {
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return nil, fmt.Errorf("create the data folder: %w", err)
	}
	db, err := sqlitestore.OpenDB(ctx, filepath.Join(dir, "orders.db"))
	if err != nil {
		return nil, fmt.Errorf("open the database: %w", err)
	}
	if _, err := db.ExecContext(ctx, schema); err != nil {
		return nil, errors.Join(fmt.Errorf("create the tables: %w", err), db.Close())
	}
	return db, nil
}
