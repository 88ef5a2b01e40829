package main

import (
	"context"
	"database/sql"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	cnerium "github.com/cnerium/cnerium-go/runtime"
	"github.com/cnerium/cnerium-go/runtime/sqlitestore"
)

//go:embed schema.sql
var schema string

// openService opens the shop on an embedded database in the folder.
func openService(ctx context.Context, dir string, p provider) (*Service, error) {
	db, err := openDatabase(ctx, dir)
	if err != nil {
		return nil, err
	}
	store, err := sqlitestore.New(ctx, db, nil)
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return &Service{db: db, store: store, provider: p}, nil
}

// Store is where the records of the durable routes are kept.
func (s *Service) Store() cnerium.Store { return s.store }

// Register registers the durable routes, which are generated.
func (s *Service) Register(app *cnerium.App) { RegisterRoutes(app, s) }

// Close closes the database. The store must be closed before.
func (s *Service) Close() error { return s.db.Close() }

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
