package servers

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/cnerium/cnerium-go/benchmarks/internal/shop"
	cnerium "github.com/cnerium/cnerium-go/runtime"
	"github.com/cnerium/cnerium-go/runtime/sqlitestore"
)

const (
	createSQLiteOrders = `CREATE TABLE orders (
		order_id   TEXT PRIMARY KEY,
		product_id TEXT NOT NULL,
		quantity   INTEGER NOT NULL
	) STRICT`
	insertSQLiteOrder = `INSERT INTO orders (order_id, product_id, quantity) VALUES (?, ?, ?)`
)

func openSQLitePlain(ctx context.Context, cfg Config) (*Server, error) {
	store, err := sqlitestore.Open(ctx, filepath.Join(cfg.Dir, "plain.db"), nil)
	if err != nil {
		return nil, err
	}
	return attach(ctx, store, route(plain, ""))
}

func openSQLiteTx(ctx context.Context, cfg Config) (*Server, error) {
	db, err := sqlitestore.OpenDB(ctx, filepath.Join(cfg.Dir, "tx.db"))
	if err != nil {
		return nil, err
	}
	if _, err := db.ExecContext(ctx, createSQLiteOrders); err != nil {
		return nil, errors.Join(fmt.Errorf("create the table: %w", err), db.Close())
	}
	store, err := sqlitestore.New(ctx, db, nil)
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return attach(ctx, store, route(placeInSQLite, sqlitestore.Transaction), closing(db.Close))
}

// placeInSQLite writes the order's row and announces it.
func placeInSQLite(ctx context.Context, req *cnerium.Request, in shop.Request) (*shop.Created, error) {
	out := shop.Place(req.Key(), in)
	tx := sqlitestore.TxFrom(ctx)
	if _, err := tx.ExecContext(ctx, insertSQLiteOrder, out.OrderID, out.ProductID, out.Quantity); err != nil {
		return nil, fmt.Errorf("insert the order: %w", err)
	}
	if err := cnerium.Emit(ctx, "order.created", out); err != nil {
		return nil, err
	}
	return out, nil
}
