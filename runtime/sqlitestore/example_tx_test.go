package sqlitestore_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"

	cnerium "github.com/cnerium/cnerium-go/runtime"
	"github.com/cnerium/cnerium-go/runtime/sqlitestore"
)

// A transactional handler by hand, as generated code has it: the order's row
// and the stored response are one commit. The second handler fails after its
// row, which is undone.
func ExampleTxFrom() {
	ctx := context.Background()
	db, _ := sqlitestore.OpenDB(ctx, ":memory:") // or a path
	defer db.Close()
	_, _ = db.ExecContext(ctx, "CREATE TABLE orders (id TEXT)")
	store, _ := sqlitestore.New(ctx, db, nil)

	mux := http.NewServeMux()
	app := cnerium.Attach(mux, store, &cnerium.Options{Logger: slog.New(slog.DiscardHandler)})
	app.Handle(cnerium.Route{
		Pattern:     "POST /orders/{id}",
		Operation:   "orders.create",
		Transaction: sqlitestore.Transaction,
		Handler: func(req *cnerium.Request) (*cnerium.Response, error) {
			tx := sqlitestore.TxFrom(req.Context())
			if _, err := tx.ExecContext(req.Context(), "INSERT INTO orders VALUES (?)", req.PathValue("id")); err != nil {
				return nil, err
			}
			if req.PathValue("id") == "bad" {
				return nil, cnerium.Conflict("sold out")
			}
			return cnerium.Text(http.StatusCreated, "placed"), nil
		},
	})
	if err := app.Start(ctx); err != nil {
		fmt.Println(err)
		return
	}
	defer app.Close(ctx)

	for _, id := range []string{"good", "good", "bad", "bad"} {
		w := httptest.NewRecorder()
		r := httptest.NewRequest(http.MethodPost, "/orders/"+id, strings.NewReader(""))
		r.Header.Set("Idempotency-Key", id)
		mux.ServeHTTP(w, r)
		fmt.Printf("%s %d replayed=%q\n", id, w.Code, w.Header().Get("Idempotency-Replayed"))
	}
	var rows int
	_ = db.QueryRowContext(ctx, "SELECT count(*) FROM orders").Scan(&rows)
	fmt.Println(rows, "row")
	// Output:
	// good 201 replayed=""
	// good 201 replayed="true"
	// bad 409 replayed=""
	// bad 409 replayed="true"
	// 1 row
}
