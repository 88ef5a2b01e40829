package sqlitestore_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"time"

	cnerium "github.com/cnerium/cnerium-go/runtime"
	"github.com/cnerium/cnerium-go/runtime/sqlitestore"
)

func ExampleOpen() {
	ctx := context.Background()
	folder, err := os.MkdirTemp("", "orders")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(folder)
	path := filepath.Join(folder, "orders.db")
	id := cnerium.ID{Operation: "orders.create", Key: "6f1c"}

	store, err := sqlitestore.Open(ctx, path, nil)
	if err != nil {
		log.Fatal(err)
	}
	_, lease, _ := store.Reserve(ctx, cnerium.Claim{ID: id, Lease: time.Minute})
	_, _ = store.Commit(ctx, lease, cnerium.Outcome{Response: cnerium.Text(201, "placed").Stored(), Retention: time.Hour})
	_ = store.Close()

	store, err = sqlitestore.Open(ctx, path, nil) // the process starts again
	if err != nil {
		log.Fatal(err)
	}
	defer store.Close()
	record, _ := store.Lookup(ctx, id)
	fmt.Printf("%s: %s\n", record.State, record.Response.Body)
	// Output: committed: placed
}

func ExampleNew() {
	ctx := context.Background()
	db, err := sqlitestore.OpenDB(ctx, ":memory:") // or a path
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()
	store, err := sqlitestore.New(ctx, db, nil)
	if err != nil {
		log.Fatal(err)
	}
	defer store.Close()

	_, _ = db.ExecContext(ctx, `CREATE TABLE orders (id TEXT)`) // the application's own
	var tables int
	_ = db.QueryRowContext(ctx, `SELECT count(*) FROM sqlite_schema WHERE name IN ('orders', 'cnerium_records')`).Scan(&tables)
	fmt.Println(tables, "tables side by side")
	// Output: 2 tables side by side
}

func ExampleOpenDB() {
	db, err := sqlitestore.OpenDB(context.Background(), ":memory:")
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()
	var on bool
	_ = db.QueryRow("PRAGMA foreign_keys").Scan(&on)
	fmt.Println("foreign keys are checked:", on)
	// Output: foreign keys are checked: true
}
