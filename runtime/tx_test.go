package cnerium_test

import (
	"context"
	"database/sql"
	"errors"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	cnerium "github.com/cnerium/cnerium-go/runtime"
	"github.com/cnerium/cnerium-go/runtime/memstore"
	"github.com/cnerium/cnerium-go/runtime/sqlitestore"
)

// bookshop is an application whose own table is in the store's database.
type bookshop struct {
	*service
	db        *sql.DB
	published *recorder
	logged    *logged
}

// logged collects what the application logs.
type logged struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// open makes a bookshop; see openBookshop.
type open func(t *testing.T, opts *cnerium.Options, routes ...cnerium.Route) *bookshop

// misledShop is the file name of a bookshop whose store takes every record for
// absent.
const misledShop = "misled.db"

type misledTransactor struct{ *sqlitestore.Store }

func (misledTransactor) LikelyAbsent(cnerium.ID) bool { return true }

// openBookshop starts a bookshop on a database.
func openBookshop(t *testing.T, path string, opts *cnerium.Options, routes ...cnerium.Route) *bookshop {
	t.Helper()
	db, err := sqlitestore.OpenDB(t.Context(), path)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	_, err = db.Exec("CREATE TABLE orders (product TEXT NOT NULL)")
	require.NoError(t, err)
	store, err := sqlitestore.New(t.Context(), db, nil)
	require.NoError(t, err)
	if opts == nil {
		opts = &cnerium.Options{}
	}
	b := &bookshop{service: &service{t: t}, db: db, published: &recorder{}, logged: &logged{}}
	opts.Publisher, opts.Logger = b.published, textLog(b.logged)
	b.mux = http.NewServeMux()
	b.app = cnerium.Attach(b.mux, store, opts)
	if filepath.Base(path) == misledShop {
		b.app = cnerium.Attach(b.mux, misledTransactor{store}, opts)
	}
	for _, route := range routes {
		b.app.Handle(b.counted(route))
	}
	require.NoError(t, b.app.Start(t.Context()))
	server := httptest.NewServer(b.mux)
	b.url = server.URL
	t.Cleanup(func() {
		require.NoError(t, b.app.Close(context.Background()))
		server.Close()
	})
	return b
}

// sell is a transactional route.
func sell(handler func(ctx context.Context, tx sqlitestore.Tx, in order) (*cnerium.Response, error)) cnerium.Route {
	route := create(func(ctx context.Context, in order) (*cnerium.Response, error) {
		return handler(ctx, sqlitestore.TxFrom(ctx), in)
	})
	route.Transaction = sqlitestore.Transaction
	return route
}

// insert writes the order and announces it.
func insert(ctx context.Context, tx sqlitestore.Tx, in order) error {
	if _, err := tx.ExecContext(ctx, "INSERT INTO orders VALUES (?)", in.Product); err != nil {
		return err
	}
	return cnerium.Emit(ctx, "order.created", in)
}

// sold inserts, and does then what the test wants.
func sold(then func(ctx context.Context, in order) (*cnerium.Response, error)) cnerium.Route {
	return sell(func(ctx context.Context, tx sqlitestore.Tx, in order) (*cnerium.Response, error) {
		if err := insert(ctx, tx, in); err != nil {
			return nil, err
		}
		return then(ctx, in)
	})
}

func created(context.Context, order) (*cnerium.Response, error) { return cnerium.Created("sold") }

// holds checks the rows, and after the end of the application its events:
// there is one of each for each order, or none.
func (b *bookshop) holds(products ...string) {
	b.t.Helper()
	require.Equal(b.t, products, b.rows())
	require.NoError(b.t, b.app.Close(b.t.Context()))
	require.Len(b.t, b.published.types(), len(products))
}

func (b *bookshop) rows() []string {
	b.t.Helper()
	rows, err := b.db.Query("SELECT product FROM orders ORDER BY rowid")
	require.NoError(b.t, err)
	var products []string
	for rows.Next() {
		var product string
		require.NoError(b.t, rows.Scan(&product))
		products = append(products, product)
	}
	require.NoError(b.t, rows.Err())
	return products
}

// txContract is the part of the contract that is about transactional handlers.
var txContract = []struct {
	situation string
	test      func(t *testing.T, open open)
}{
	{"rows, response and events are stored together, and replayed", testTxCommit},
	{"an inner error undoes the rows and frees the key", testTxInnerError},
	{"an answer below 500 undoes the rows and is stored", testTxStoredError},
	{"an answer of 5xx undoes the rows and frees the key", testTxServerError},
	{"a panic undoes the rows and frees the key", testTxPanic},
	{"a handler that ends its goroutine undoes the rows and frees the key", testTxGoexit},
	{"the end of its time undoes the rows at once, and a retry runs again", testTxTimeout},
	{"a handler that reacts to the end of its time answers 504, too", testTxTimeoutNoticed},
	{"a handler whose client hangs up goes on and is stored", testTxDisconnect},
	{"64 duplicates at once are one row", testTxDuplicates},
	{"a key with another body is refused", testTxKeyReused},
	{"a response that is too large undoes the rows and frees the key", testTxTooLarge},
	{"the request is in the context as ever", testTxRequest},
	{"an outcome that cannot be stored is 503, and a retry runs", testTxCommitFails},
	{"a handler that ends the transaction itself is no success", testTxEnded},
	{"a handler that goes on after SQLite has undone all changes nothing", testTxBroken},
	{"a transaction that is kept is over", testTxKept},
	{"rows that are left open harm nobody", testTxLeakedRows},
	{"code that is generated by sqlc takes the transaction", testTxQueries},
	{"the first answer and every replay carry the cursor of the last event", testTxEventCursor},
}

func TestTransactionalContract(t *testing.T) {
	t.Parallel()
	for name, path := range map[string]func(t *testing.T) string{
		"file":              func(t *testing.T) string { return filepath.Join(t.TempDir(), "shop.db") },
		"file, hints wrong": func(t *testing.T) string { return filepath.Join(t.TempDir(), misledShop) },
		"memory":            func(*testing.T) string { return ":memory:" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, row := range txContract {
				t.Run(row.situation, func(t *testing.T) {
					t.Parallel()
					row.test(t, func(t *testing.T, opts *cnerium.Options, routes ...cnerium.Route) *bookshop {
						return openBookshop(t, path(t), opts, routes...)
					})
				})
			}
		})
	}
}

func testTxCommit(t *testing.T, open open) {
	b := open(t, nil, sold(created))
	first := b.do(request{key: "k", body: body})
	require.Equal(t, http.StatusCreated, first.status, first.body)
	b.do(request{key: "k", body: body}).replayed(t, first)
	b.do(request{key: "k2", body: `{"product":"p2"}`})
	require.EqualValues(t, 2, b.runs.Load())
	b.holds("p1", "p2")
}

func testTxInnerError(t *testing.T, open open) {
	b := open(t, nil, sold(func(context.Context, order) (*cnerium.Response, error) {
		return nil, errors.New("password of the database is hunter2")
	}))
	for range 2 {
		got := b.do(request{key: "k", body: body})
		require.NotContains(t, got.problem(t, http.StatusInternalServerError, "about:blank"), "hunter2")
	}
	require.EqualValues(t, 2, b.runs.Load())
	b.holds()
}

func testTxStoredError(t *testing.T, open open) {
	b := open(t, nil, sold(func(context.Context, order) (*cnerium.Response, error) {
		return nil, cnerium.NotFound("no such product")
	}))
	first := b.do(request{key: "k", body: body})
	require.Equal(t, "no such product", first.problem(t, http.StatusNotFound, "about:blank"))
	b.do(request{key: "k", body: body}).replayed(t, first)
	require.EqualValues(t, 1, b.runs.Load())
	b.holds()
}

func testTxServerError(t *testing.T, open open) {
	b := open(t, nil, sold(func(_ context.Context, in order) (*cnerium.Response, error) {
		if in.Quantity == 1 {
			return cnerium.Text(http.StatusBadGateway, "no answer from the bank"), nil
		}
		return nil, cnerium.ServiceUnavailable("busy", 0)
	}))
	for range 2 {
		require.Equal(t, http.StatusBadGateway, b.do(request{key: "k1", body: `{"quantity":1}`}).status)
		b.do(request{key: "k2", body: body}).problem(t, http.StatusServiceUnavailable, cnerium.ProblemUnavailable)
	}
	require.EqualValues(t, 4, b.runs.Load())
	b.holds()
}

func testTxPanic(t *testing.T, open open) {
	panics := true
	b := open(t, nil, sold(func(ctx context.Context, in order) (*cnerium.Response, error) {
		if panics {
			panic("out of paper")
		}
		return created(ctx, in)
	}))
	got := b.do(request{key: "k", body: body})
	require.NotContains(t, got.problem(t, http.StatusInternalServerError, "about:blank"), "paper")
	require.Contains(t, b.logged.String(), "out of paper")
	unknown, err := b.app.Unknown(t.Context(), 10)
	require.NoError(t, err)
	require.Empty(t, unknown)
	panics = false
	require.Equal(t, http.StatusCreated, b.do(request{key: "k", body: body}).status)
	b.holds("p1")
}

func TestStartRefusesATransactionThatTheStoreDoesNotHave(t *testing.T) {
	t.Parallel()
	other := sold(created)
	other.Transaction = "pgstore.Tx"
	for _, refused := range []struct {
		store cnerium.Store
		route cnerium.Route
		says  []string
	}{
		{memstore.New(nil), sold(created), []string{"sqlitestore.Tx", "*memstore.Store has none"}},
		{openSQLite(t, ":memory:"), other, []string{"pgstore.Tx", "*sqlitestore.Store has sqlitestore.Tx"}},
	} {
		app := cnerium.Attach(http.NewServeMux(), refused.store, nil)
		app.Handle(refused.route)
		err := app.Start(t.Context())
		var fault *cnerium.RouteError
		require.ErrorAs(t, err, &fault)
		require.Equal(t, "orders.create", fault.Operation)
		for _, text := range refused.says {
			require.ErrorContains(t, err, text)
		}
		require.NoError(t, app.Close(t.Context()))
		require.NoError(t, refused.store.Close())
	}
}

func TestTxFromOutsideOfATransactionPanicsWithTheReason(t *testing.T) {
	t.Parallel()
	require.PanicsWithValue(t, "sqlitestore: no transaction in this context: the route needs Transaction: sqlitestore.Transaction",
		func() { sqlitestore.TxFrom(t.Context()) })
}
