package pgstore_test

import (
	"context"
	"fmt"
	"io/fs"
	"log"
	"net/http"

	"github.com/jackc/pgx/v5/pgxpool"

	cnerium "github.com/cnerium/cnerium-go/runtime"
	"github.com/cnerium/cnerium-go/runtime/pgstore"
)

// A store with a pool of its own.
func ExampleOpen() {
	ctx := context.Background()
	store, err := pgstore.Open(ctx, "postgres://app@one,two/shop?pool_max_conns=50", &pgstore.Options{
		RequireSynchronousStandby: true,
	})
	if err != nil {
		log.Fatal(err)
	}
	app := cnerium.Attach(http.NewServeMux(), store, nil)
	if err := app.Start(ctx); err != nil {
		log.Fatal(err)
	}
}

// A store that works through the application's pool.
func ExampleNew() {
	ctx := context.Background()
	pool, err := pgxpool.New(ctx, "postgres:///shop")
	if err != nil {
		log.Fatal(err)
	}
	store, err := pgstore.New(ctx, pool, nil)
	if err != nil {
		log.Fatal(err)
	}
	app := cnerium.Attach(http.NewServeMux(), store, nil)
	if err := app.Start(ctx); err != nil {
		log.Fatal(err)
	}
}

// A handler writes to the transaction in which its answer and its events are
// stored. What the generator writes for it calls TxFrom.
func ExampleTx() {
	type order struct{ ID, Product string }
	create := func(ctx context.Context, tx pgstore.Tx, in order) (*order, error) {
		_, err := tx.Exec(ctx, "INSERT INTO orders (id, product) VALUES ($1, $2)", in.ID, in.Product)
		if err != nil {
			return nil, fmt.Errorf("insert order: %w", err)
		}
		return &in, cnerium.Emit(ctx, "order.created", in)
	}
	route := cnerium.Route{
		Pattern:     "POST /orders",
		Operation:   "orders.create",
		Transaction: pgstore.Transaction,
		Bind: func(req *cnerium.Request) (cnerium.Call, error) {
			var in order
			if err := req.DecodeJSON(&in); err != nil {
				return nil, err
			}
			return func(ctx context.Context) (*cnerium.Response, error) {
				out, err := create(ctx, pgstore.TxFrom(ctx), in)
				if err != nil {
					return nil, err
				}
				return cnerium.JSON(http.StatusCreated, out)
			}, nil
		},
	}
	fmt.Println(route.Pattern, route.Transaction)
	// Output:
	// POST /orders pgstore.Tx
}

// The files that a tool for migrations applies, for a store that may not make
// its schema itself.
func ExampleMigrations() {
	names, err := fs.Glob(pgstore.Migrations("ledger"), "*.sql")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(names[0])
	text, err := fs.ReadFile(pgstore.Migrations("ledger"), names[0])
	if err != nil {
		log.Fatal(err)
	}
	fmt.Print(string(text))
	// Output:
	// 001_schema.sql
	// -- +goose Up
	// CREATE SCHEMA IF NOT EXISTS "ledger";
}
