package postgres

import (
	"context"
	_ "embed"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/cnerium/cnerium-go/examples/orders/internal/api"
	cnerium "github.com/cnerium/cnerium-go/runtime"
	"github.com/cnerium/cnerium-go/runtime/pgstore"
)

// Charge takes money by the payment provider and returns the provider's
// reference. The same key charges once, however often it comes.
type Charge func(ctx context.Context, key string, in api.PaymentRequest) (reference string, err error)

// Shop has the handlers. It is safe for concurrent use.
type Shop struct {
	pool   *pgxpool.Pool
	store  *pgstore.Store
	charge Charge
}

//go:embed schema.sql
var schema string

// Open connects to the database that the URL names and makes the tables that
// are missing. The orders live beside the records of the durable routes.
func Open(ctx context.Context, url string, charge Charge) (*Shop, error) {
	pool, err := pgxpool.New(ctx, url)
	if err != nil {
		return nil, fmt.Errorf("open the database: %w", err)
	}
	if err := createTables(ctx, pool); err != nil {
		pool.Close()
		return nil, fmt.Errorf("create the tables: %w", err)
	}
	store, err := pgstore.New(ctx, pool, nil)
	if err != nil {
		pool.Close()
		return nil, err
	}
	return &Shop{pool: pool, store: store, charge: charge}, nil
}

// createTables lets one node after another look: IF NOT EXISTS alone does not
// keep two that start together from making the same table.
func createTables(ctx context.Context, pool *pgxpool.Pool) error {
	return pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "SELECT pg_advisory_xact_lock(hashtext('cnerium-example-orders'))"); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, schema)
		return err
	})
}

// Store is where the records of the durable routes are kept. It needs the
// shop's connections until it is closed.
func (s *Shop) Store() cnerium.Store { return s.store }

// Close ends the connections to the database. The store must be closed before.
func (s *Shop) Close() error {
	s.pool.Close()
	return nil
}
