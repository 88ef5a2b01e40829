package pgstore_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	cnerium "github.com/cnerium/cnerium-go/runtime"
	"github.com/cnerium/cnerium-go/runtime/pgstore"
)

var body = strings.Repeat("x", 200)

// BenchmarkStore compares what a durable request costs with what an
// application does that takes no care: two statements, each committed on its
// own. One operation is one request.
func BenchmarkStore(b *testing.B) {
	for _, clients := range []int{1, 16, 64} {
		b.Run(fmt.Sprintf("clients=%d", clients), func(b *testing.B) {
			b.Run("two-autocommits", func(b *testing.B) { autocommits(b, clients) })
			b.Run("plain", func(b *testing.B) { plain(b, clients, silent(body)) })
			b.Run("plain-with-event", func(b *testing.B) { plain(b, clients, outcome(body)) })
			b.Run("transactional", func(b *testing.B) { transactional(b, clients, silent(body), pgstore.Options{}) })
			b.Run("transactional-with-event", func(b *testing.B) {
				transactional(b, clients, outcome(body), pgstore.Options{})
			})
			b.Run("portable-transactional-with-event", func(b *testing.B) {
				transactional(b, clients, outcome(body), pgstore.Options{Portable: true})
			})
			b.Run("replay", func(b *testing.B) { replays(b, clients) })
		})
	}
}

// load runs b.N requests of so many clients.
func load(b *testing.B, clients int, request func(ctx context.Context, n int64) error) {
	b.Helper()
	var last atomic.Int64
	var wg sync.WaitGroup
	b.ReportAllocs()
	b.ResetTimer()
	for range clients {
		wg.Go(func() {
			for n := last.Add(1); n <= int64(b.N); n = last.Add(1) {
				if err := request(b.Context(), n); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "requests/s")
}

// benchmark returns a medium with a table, and a pool with a connection for
// each client, all of which are open.
func benchmark(b *testing.B, clients int) (medium, *pgxpool.Pool) {
	b.Helper()
	m := newMedium(b)
	m.exec(b, "CREATE SCHEMA "+m.schema)
	m.exec(b, "CREATE TABLE "+m.schema+".orders (key text PRIMARY KEY, body text)")
	m.exec(b, "CREATE TABLE "+m.schema+".keys (key text PRIMARY KEY, status int, body text)")
	pool, err := pgxpool.New(b.Context(), withPool(b, m.url, fmt.Sprint(clients)))
	require.NoError(b, err)
	b.Cleanup(pool.Close)
	var conns []*pgxpool.Conn
	for range clients {
		conn, err := pool.Acquire(b.Context())
		require.NoError(b, err)
		conns = append(conns, conn)
	}
	for _, conn := range conns {
		conn.Release()
	}
	return m, pool
}

func autocommits(b *testing.B, clients int) {
	m, pool := benchmark(b, clients)
	load(b, clients, func(ctx context.Context, n int64) error {
		key := fmt.Sprint(n)
		if _, err := pool.Exec(ctx, "INSERT INTO "+m.schema+".keys VALUES ($1, 0, '')", key); err != nil {
			return err
		}
		_, err := pool.Exec(ctx, "UPDATE "+m.schema+".keys SET status = 201, body = $2 WHERE key = $1", key, body)
		return err
	})
}

func on(b *testing.B, pool *pgxpool.Pool, m medium, opts pgstore.Options) *pgstore.Store {
	b.Helper()
	opts.Schema = m.schema
	store, err := pgstore.New(b.Context(), pool, &opts)
	require.NoError(b, err)
	b.Cleanup(func() { require.NoError(b, store.Close()) })
	return store
}

// plain is what a plain handler needs of the store: a reservation and a
// commit. The handler does nothing.
func plain(b *testing.B, clients int, o cnerium.Outcome) {
	m, pool := benchmark(b, clients)
	store := on(b, pool, m, pgstore.Options{})
	load(b, clients, func(ctx context.Context, n int64) error {
		_, lease, err := store.Reserve(ctx, claim(fmt.Sprint(n)))
		if err != nil {
			return err
		}
		_, err = store.Commit(ctx, lease, o)
		return err
	})
}

// transactional has a handler that inserts a row.
func transactional(b *testing.B, clients int, o cnerium.Outcome, opts pgstore.Options) {
	m, pool := benchmark(b, clients)
	store := on(b, pool, m, opts)
	load(b, clients, func(ctx context.Context, n int64) error {
		key := fmt.Sprint(n)
		_, err := store.Transact(ctx, claim(key), func(ctx context.Context, _ int) (cnerium.Outcome, error) {
			_, err := pgstore.TxFrom(ctx).Exec(ctx, "INSERT INTO "+m.schema+".orders VALUES ($1, $2)", key, body)
			return o, err
		})
		return err
	})
}

func replays(b *testing.B, clients int) {
	m, pool := benchmark(b, clients)
	store := on(b, pool, m, pgstore.Options{})
	const keys = 100
	for n := range keys {
		commit(b, store, reserve(b, store, fmt.Sprint(n)), silent(body))
	}
	load(b, clients, func(ctx context.Context, n int64) error {
		record, err := store.Lookup(ctx, claim(fmt.Sprint(n%keys)).ID)
		if err == nil && record.State != cnerium.StateCommitted {
			err = fmt.Errorf("the record is %v", record.State)
		}
		return err
	})
}
