package servers

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/cnerium/cnerium-go/benchmarks/internal/shop"
	cnerium "github.com/cnerium/cnerium-go/runtime"
	"github.com/cnerium/cnerium-go/runtime/pgstore"
)

// poolSize is how many connections a server has. The pool's default of four
// would be the limit of what is measured.
const poolSize = 32

// database is a schema of a server's own.
type database struct {
	pool   *pgxpool.Pool
	schema string
	store  *pgstore.Store
}

func openDatabase(ctx context.Context, url string) (*database, error) {
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, fmt.Errorf("read the URL: %w", err)
	}
	config.MaxConns = poolSize
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("connect: %w", err)
	}
	d := &database{pool: pool, schema: "bench_" + strings.ToLower(rand.Text())}
	d.store, err = pgstore.New(ctx, pool, &pgstore.Options{Schema: d.schema})
	if err == nil {
		_, err = pool.Exec(ctx, "CREATE TABLE "+d.schema+
			".orders (order_id text PRIMARY KEY, product_id text NOT NULL, quantity integer NOT NULL)")
	}
	if err != nil {
		return nil, errors.Join(err, d.drop(context.WithoutCancel(ctx)))
	}
	return d, nil
}

// drop removes the schema, so that the next server begins with as much as this
// one.
func (d *database) drop(ctx context.Context) error {
	defer d.pool.Close()
	if _, err := d.pool.Exec(ctx, "DROP SCHEMA IF EXISTS "+d.schema+" CASCADE"); err != nil {
		return fmt.Errorf("drop the schema: %w", err)
	}
	return nil
}

func openPostgresPlain(ctx context.Context, cfg Config) (*Server, error) {
	d, err := openDatabase(ctx, cfg.Postgres)
	if err != nil {
		return nil, err
	}
	return attach(ctx, d.store, route(plain, ""), d.drop)
}

func openPostgresTx(ctx context.Context, cfg Config) (*Server, error) {
	d, err := openDatabase(ctx, cfg.Postgres)
	if err != nil {
		return nil, err
	}
	return attach(ctx, d.store, route(d.place, pgstore.Transaction), d.drop)
}

// place writes the order's row and announces it.
func (d *database) place(ctx context.Context, req *cnerium.Request, in shop.Request) (*shop.Created, error) {
	out := shop.Place(req.Key(), in)
	insert := "INSERT INTO " + d.schema + ".orders (order_id, product_id, quantity) VALUES ($1, $2, $3)"
	if _, err := pgstore.TxFrom(ctx).Exec(ctx, insert, out.OrderID, out.ProductID, out.Quantity); err != nil {
		return nil, fmt.Errorf("insert the order: %w", err)
	}
	if err := cnerium.Emit(ctx, "order.created", out); err != nil {
		return nil, err
	}
	return out, nil
}
