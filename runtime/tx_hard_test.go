package cnerium_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	cnerium "github.com/cnerium/cnerium-go/runtime"
	"github.com/cnerium/cnerium-go/runtime/sqlitestore"
)

// The rows of the transactional contract in which handlers are late, are
// many, or do what they must not.

func textLog(w io.Writer) *slog.Logger { return slog.New(slog.NewTextHandler(w, nil)) }

func testTxGoexit(t *testing.T, open open) {
	exits := true
	b := open(t, nil, sold(func(ctx context.Context, in order) (*cnerium.Response, error) {
		if exits {
			runtime.Goexit()
		}
		return created(ctx, in)
	}))
	b.do(request{key: "k", body: body}).problem(t, http.StatusInternalServerError, "about:blank")
	exits = false
	require.Equal(t, http.StatusCreated, b.do(request{key: "k", body: body}).status)
	b.holds("p1")
}

func testTxTimeout(t *testing.T, open open) {
	release, late := make(chan struct{}), make(chan []error, 1)
	route := sell(func(ctx context.Context, tx sqlitestore.Tx, in order) (*cnerium.Response, error) {
		if err := insert(ctx, tx, in); err != nil || in.Quantity == 0 {
			return cnerium.Text(http.StatusCreated, "sold"), err
		}
		stmt, err := tx.PrepareContext(ctx, "INSERT INTO orders VALUES ('late')")
		if err != nil {
			return nil, err
		}
		<-ctx.Done()
		<-release
		_, direct := tx.ExecContext(context.Background(), "INSERT INTO orders VALUES ('late')")
		_, prepared := stmt.ExecContext(context.Background())
		late <- []error{direct, prepared}
		return cnerium.Text(http.StatusOK, "late"), nil
	})
	route.Timeout, route.Wait = 200*time.Millisecond, time.Minute
	b := open(t, nil, route)
	b.do(request{key: "slow", body: `{"product":"slow","quantity":1}`}).problem(t, http.StatusGatewayTimeout, "about:blank")
	require.Empty(t, b.rows())
	// The slow handler still runs, and others write.
	require.Equal(t, http.StatusCreated, b.do(request{key: "quick", body: `{"product":"quick"}`}).status)
	close(release)
	for _, err := range <-late {
		require.Error(t, err)
	}
	b.do(request{key: "slow", body: `{"product":"slow","quantity":1}`}).problem(t, http.StatusGatewayTimeout, "about:blank")
	require.EqualValues(t, 3, b.runs.Load())
	b.holds("quick")
}

func testTxTimeoutNoticed(t *testing.T, open open) {
	route := sell(func(ctx context.Context, tx sqlitestore.Tx, in order) (*cnerium.Response, error) {
		for {
			if err := insert(ctx, tx, in); err != nil {
				return nil, err
			}
		}
	})
	route.Timeout = 500 * time.Millisecond // part of which may be spent waiting for a processor
	b := open(t, &cnerium.Options{MaxEvents: 1 << 20}, route)
	for range 3 {
		b.do(request{key: "k", body: body}).problem(t, http.StatusGatewayTimeout, "about:blank")
	}
	require.EqualValues(t, 3, b.runs.Load())
	b.holds()
}

func testTxDisconnect(t *testing.T, open open) {
	ctx, hangUp := context.WithCancel(t.Context())
	gone := make(chan struct{})
	b := open(t, nil, sold(func(ctx context.Context, in order) (*cnerium.Response, error) {
		hangUp()
		<-gone
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		return created(ctx, in)
	}))
	_, err := b.try(request{key: "k", body: body, ctx: ctx})
	require.ErrorIs(t, err, context.Canceled)
	close(gone)
	require.Equal(t, http.StatusCreated, b.do(request{key: "k", body: body}).status)
	require.EqualValues(t, 1, b.runs.Load())
	b.holds("p1")
}

func testTxDuplicates(t *testing.T, open open) {
	const n = 64
	var arrived sync.WaitGroup
	arrived.Add(n)
	opts := &cnerium.Options{Scope: func(*http.Request) (string, error) { arrived.Done(); return "", nil }}
	b := open(t, opts, sold(func(ctx context.Context, in order) (*cnerium.Response, error) {
		arrived.Wait() // the others are there before the first one ends
		return created(ctx, in)
	}))
	replies := make([]reply, n)
	var done sync.WaitGroup
	for i := range replies {
		done.Go(func() { replies[i], _ = b.try(request{key: "k", body: body}) })
	}
	done.Wait()
	fresh := 0
	for _, r := range replies {
		require.Equal(t, http.StatusCreated, r.status, r.body)
		if r.header.Get("Idempotency-Replayed") == "" {
			fresh++
		}
	}
	require.Equal(t, 1, fresh)
	require.EqualValues(t, 1, b.runs.Load())
	b.holds("p1")
}

func testTxKeyReused(t *testing.T, open open) {
	b := open(t, nil, sold(created))
	b.do(request{key: "k", body: body})
	b.do(request{key: "k", body: `{"product":"p2"}`}).problem(t, http.StatusConflict, cnerium.ProblemKeyReused)
	require.EqualValues(t, 1, b.runs.Load())
	b.holds("p1")
}

func testTxTooLarge(t *testing.T, open open) {
	b := open(t, &cnerium.Options{MaxResponse: 100}, sold(func(_ context.Context, in order) (*cnerium.Response, error) {
		return cnerium.Text(http.StatusOK, strings.Repeat("x", 99+in.Quantity)), nil
	}))
	for range 2 {
		got := b.do(request{key: "k", body: body})
		require.Contains(t, got.problem(t, http.StatusInternalServerError, cnerium.ProblemResponseTooLarge), "101 bytes")
	}
	require.EqualValues(t, 2, b.runs.Load(), "the key is free")
	require.Equal(t, http.StatusOK, b.do(request{key: "k2", body: `{"product":"fits","quantity":1}`}).status)
	b.holds("fits")
}

func testTxRequest(t *testing.T, open open) {
	opts := &cnerium.Options{Scope: func(*http.Request) (string, error) { return "tenant", nil }}
	b := open(t, opts, sold(func(ctx context.Context, _ order) (*cnerium.Response, error) {
		req := cnerium.FromContext(ctx)
		deadline, ok := ctx.Deadline()
		return cnerium.OK([]any{
			req.Attempt(), req.Key(), req.Scope(), req.Operation(), string(req.Body()),
			req.Context() == ctx, ok && time.Until(deadline) <= 10*time.Second,
		})
	}))
	got := b.do(request{key: "k", body: `{}`})
	require.Equal(t, `[1,"k","tenant","orders.create","{}",true,true]`, got.body)
}

// testTxCommitFails fills the database between the handler and its commit.
func testTxCommitFails(t *testing.T, open open) {
	full := true
	b := open(t, nil, sell(func(ctx context.Context, tx sqlitestore.Tx, in order) (*cnerium.Response, error) {
		if err := insert(ctx, tx, in); err != nil {
			return nil, err
		}
		if err := limitPages(ctx, tx, full); err != nil {
			return nil, err
		}
		return cnerium.Text(http.StatusOK, strings.Repeat("x", 200_000)), nil
	}))
	got := b.do(request{key: "k", body: body})
	require.Contains(t, got.problem(t, http.StatusServiceUnavailable, cnerium.ProblemUnavailable), "same key")
	require.Contains(t, b.logged.String(), "no space is left")
	require.Empty(t, b.rows())
	full = false
	require.Equal(t, http.StatusOK, b.do(request{key: "k", body: body}).status)
	b.holds("p1")
}

// limitPages lets the database grow no more, or again.
func limitPages(ctx context.Context, tx sqlitestore.Tx, full bool) error {
	pragma := "PRAGMA max_page_count = 1000000"
	if full {
		pragma = "PRAGMA max_page_count = 1" // as many as there are
	}
	var pages int
	return tx.QueryRowContext(ctx, pragma).Scan(&pages)
}

func testTxEnded(t *testing.T, open open) {
	for _, command := range []string{"COMMIT", "ROLLBACK", "END TRANSACTION"} {
		ends := true
		b := open(t, nil, sell(func(ctx context.Context, tx sqlitestore.Tx, in order) (*cnerium.Response, error) {
			if err := insert(ctx, tx, in); err != nil {
				return nil, err
			}
			if ends {
				_, _ = tx.ExecContext(ctx, command)
				_ = insert(ctx, tx, in)
			}
			return created(ctx, in)
		}))
		b.do(request{key: "k", body: body}).problem(t, http.StatusServiceUnavailable, cnerium.ProblemUnavailable)
		require.Contains(t, b.logged.String(), "ended the transaction", command)
		require.Empty(t, b.rows(), command)
		ends = false
		require.Equal(t, http.StatusCreated, b.do(request{key: "k", body: body}).status, command)
		b.holds("p1")
	}
}

// testTxBroken has handlers that take no notice of an error with which SQLite
// has undone the whole transaction.
func testTxBroken(t *testing.T, open open) {
	for name, destroy := range map[string]func(ctx context.Context, tx sqlitestore.Tx) error{
		"the disk is full": func(ctx context.Context, tx sqlitestore.Tx) error {
			if err := limitPages(ctx, tx, true); err != nil {
				return fmt.Errorf("%w: %w", errUnexpected, err)
			}
			_, err := tx.ExecContext(ctx, "INSERT INTO orders VALUES (hex(zeroblob(1000000)))")
			return errors.Join(err, limitPages(ctx, tx, false))
		},
		"a statement is interrupted": func(ctx context.Context, tx sqlitestore.Tx) error {
			ctx, cancel := context.WithTimeout(ctx, 20*time.Millisecond)
			defer cancel()
			_, err := tx.ExecContext(ctx, `INSERT INTO orders
				WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n) SELECT 'n' FROM n`)
			return err
		},
	} {
		breaks, failed := true, make(chan error, 1)
		b := open(t, nil, sell(func(ctx context.Context, tx sqlitestore.Tx, in order) (*cnerium.Response, error) {
			stmt, err := tx.PrepareContext(ctx, "INSERT INTO orders VALUES (?)")
			if err != nil {
				return nil, err
			}
			if breaks {
				failed <- destroy(ctx, tx)
				_, _ = stmt.ExecContext(ctx, "prepared")
			}
			_ = insert(ctx, tx, in)
			return created(ctx, in)
		}))
		b.do(request{key: "k", body: body}).problem(t, http.StatusServiceUnavailable, cnerium.ProblemUnavailable)
		err := <-failed
		require.Error(t, err, name)
		require.NotErrorIs(t, err, errUnexpected, name)
		require.Empty(t, b.rows(), name)
		breaks = false
		require.Equal(t, http.StatusCreated, b.do(request{key: "k", body: body}).status, name)
		require.Equal(t, []string{"p1"}, b.rows(), name)
	}
}

var errUnexpected = errors.New("not the error that was wanted")

func testTxKept(t *testing.T, open open) {
	var kept sqlitestore.Tx
	b := open(t, nil, sell(func(ctx context.Context, tx sqlitestore.Tx, in order) (*cnerium.Response, error) {
		kept = tx
		return created(ctx, in)
	}))
	require.Equal(t, http.StatusCreated, b.do(request{key: "k", body: body}).status)
	_, err := kept.ExecContext(t.Context(), "INSERT INTO orders VALUES ('late')")
	require.ErrorIs(t, err, sql.ErrTxDone)
	require.ErrorIs(t, kept.QueryRowContext(t.Context(), "SELECT 1").Scan(new(int)), sql.ErrTxDone)
	b.holds()
}

func testTxLeakedRows(t *testing.T, open open) {
	for _, query := range []string{
		"SELECT product FROM orders, (SELECT 1 UNION SELECT 2)",
		"INSERT INTO orders VALUES ('leak 1'), ('leak 2') RETURNING product",
	} {
		b := open(t, nil, sell(func(ctx context.Context, tx sqlitestore.Tx, in order) (*cnerium.Response, error) {
			if err := insert(ctx, tx, in); err != nil || in.Quantity == 0 {
				return cnerium.Text(http.StatusCreated, "sold"), err
			}
			rows, err := tx.QueryContext(ctx, query)
			if err != nil {
				return nil, err
			}
			rows.Next() // and nobody closes them
			return cnerium.Text(http.StatusCreated, "sold"), rows.Err()
		}))
		require.Equal(t, http.StatusCreated, b.do(request{key: "leaks", body: body}).status, query)
		require.Equal(t, http.StatusCreated, b.do(request{key: "next", body: `{"product":"next"}`}).status, query)
		require.Contains(t, b.rows(), "p1")
		require.Contains(t, b.rows(), "next")
	}
}

// dbtx is the interface that sqlc generates, and queries what it makes of it.
type dbtx interface {
	ExecContext(context.Context, string, ...any) (sql.Result, error)
	PrepareContext(context.Context, string) (*sql.Stmt, error)
	QueryContext(context.Context, string, ...any) (*sql.Rows, error)
	QueryRowContext(context.Context, string, ...any) *sql.Row
}

type queries struct{ db dbtx }

func (q *queries) CountOrders(ctx context.Context) (int64, error) {
	var n int64
	err := q.db.QueryRowContext(ctx, "SELECT count(*) FROM orders").Scan(&n)
	return n, err
}

func testTxQueries(t *testing.T, open open) {
	b := open(t, nil, sell(func(ctx context.Context, tx sqlitestore.Tx, in order) (*cnerium.Response, error) {
		if err := insert(ctx, tx, in); err != nil {
			return nil, err
		}
		n, err := (&queries{db: tx}).CountOrders(ctx)
		if err != nil {
			return nil, err
		}
		return cnerium.OK(n)
	}))
	require.Equal(t, "1", b.do(request{key: "k1", body: body}).body)
	require.Equal(t, "2", b.do(request{key: "k2", body: body}).body)
	b.holds("p1", "p1")
}

// TestAPlainHandlerWhoseResponseIsTooLargeRunsOnce: it has had its effect, so
// the record keeps that it ran, and its events are as true as ever.
func TestAPlainHandlerWhoseResponseIsTooLargeRunsOnce(t *testing.T) {
	t.Parallel()
	for _, store := range stores {
		t.Run(store.name, func(t *testing.T) {
			t.Parallel()
			published := &recorder{}
			opts := &cnerium.Options{MaxResponse: 100, Publisher: published}
			s := serve(t, store.open(t), opts, create(func(ctx context.Context, in order) (*cnerium.Response, error) {
				return cnerium.Text(http.StatusOK, strings.Repeat("x", 101)), cnerium.Emit(ctx, "order.created", in)
			}))
			first := s.do(request{key: "k", body: body})
			require.Contains(t, first.problem(t, http.StatusInternalServerError, cnerium.ProblemResponseTooLarge), "101 bytes")
			for range 2 {
				s.do(request{key: "k", body: body}).replayed(t, first)
			}
			require.EqualValues(t, 1, s.runs.Load())
			require.NoError(t, s.app.Close(t.Context()))
			require.Equal(t, []string{"order.created"}, published.types())
		})
	}
}
