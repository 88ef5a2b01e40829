package pgstore_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	cnerium "github.com/cnerium/cnerium-go/runtime"
	"github.com/cnerium/cnerium-go/runtime/pgstore"
)

var (
	body        = strings.Repeat("x", 200)
	header      = []byte("content-type: application/json")
	fingerprint = make([]byte, 32)
)

// request is what is done for one request; n is another one each time.
type request func(ctx context.Context, n int64) error

// key is as scattered as those of clients are.
func key(n int64) string { return fmt.Sprintf("%016x", uint64(n)*0x9e3779b97f4a7c15) }

// contestants are what can be done for a request, by name. Each has tables of
// its own, so that all of them grow alike.
var contestants = map[string]func(b *testing.B, clients int) request{
	"bare-autocommits":                  func(b *testing.B, clients int) request { return bareAutocommits(b, clients) },
	"two-autocommits":                   func(b *testing.B, clients int) request { return autocommits(b, clients) },
	"record-and-row-autocommits":        func(b *testing.B, clients int) request { return recordAndRow(b, clients) },
	"plain":                             func(b *testing.B, clients int) request { return plain(b, clients, silent(body)) },
	"plain-with-event":                  func(b *testing.B, clients int) request { return plain(b, clients, outcome(body)) },
	"transactional":                     transactions(silent(body), pgstore.Options{}),
	"transactional-with-event":          transactions(outcome(body), pgstore.Options{}),
	"portable-transactional":            transactions(silent(body), pgstore.Options{Portable: true}),
	"portable-transactional-with-event": transactions(outcome(body), pgstore.Options{Portable: true}),
	"replay":                            replays,
}

// BenchmarkStore measures each contestant by itself. One operation is one
// request.
func BenchmarkStore(b *testing.B) {
	for _, clients := range []int{1, 16, 64} {
		for name, contestant := range contestants {
			b.Run(fmt.Sprintf("clients=%d/%s", clients, name), func(b *testing.B) {
				do := contestant(b, clients)
				var last atomic.Int64
				b.ReportAllocs()
				b.ResetTimer()
				load(b, clients, do, func() (int64, bool) { n := last.Add(1); return n, n <= int64(b.N) })
				b.StopTimer()
				b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "requests/s")
			})
		}
	}
}

// BenchmarkBeside compares what a durable request costs with what an
// application does that takes no care: two statements, each committed on its
// own. One operation is a round, in which both do their work for a while, one
// after the other; the ratios are medians over the rounds. So -benchtime=9x
// are nine of them.
func BenchmarkBeside(b *testing.B) {
	for _, clients := range []int{1, 16, 64} {
		for _, pair := range [][2]string{
			{"plain", "bare-autocommits"},
			{"plain", "two-autocommits"},
			{"plain-with-event", "two-autocommits"},
			{"transactional", "bare-autocommits"},
			{"transactional", "two-autocommits"},
			{"transactional", "record-and-row-autocommits"},
			{"transactional-with-event", "two-autocommits"},
			{"portable-transactional", "two-autocommits"},
		} {
			b.Run(fmt.Sprintf("clients=%d/%s/%s", clients, pair[0], pair[1]), func(b *testing.B) {
				ours, theirs := contestants[pair[0]](b, clients), contestants[pair[1]](b, clients)
				beside(b, clients, ours, theirs)
			})
		}
	}
}

func beside(b *testing.B, clients int, ours, theirs request) {
	const while = 400 * time.Millisecond
	server := connectServer(b)
	var last atomic.Int64
	measure := func(do request) (rate, cpu float64) {
		before, spent := last.Load(), server.cpu(b)
		begun := time.Now()
		load(b, clients, do, func() (int64, bool) { return last.Add(1), time.Since(begun) < while })
		n := float64(last.Load() - before)
		return n / time.Since(begun).Seconds(), (server.cpu(b) - spent).Seconds() * 1e6 / n
	}
	measure(ours)
	measure(theirs)
	b.ResetTimer()
	var ratios, rates, cpuRatios, cpus []float64
	for b.Loop() {
		theirRate, theirCPU := measure(theirs)
		rate, cpu := measure(ours)
		ratios, rates = append(ratios, rate/theirRate), append(rates, rate)
		cpuRatios, cpus = append(cpuRatios, cpu/theirCPU), append(cpus, cpu)
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(median(ratios), "ratio")
	b.ReportMetric(slices.Min(ratios), "least")
	b.ReportMetric(slices.Max(ratios), "most")
	b.ReportMetric(median(rates), "requests/s")
	b.ReportMetric(median(cpus), "µs-cpu/request")
	b.ReportMetric(median(cpuRatios), "cpu-ratio")
}

// server tells what the processes of the server, and this one, have spent.
type server struct{ conn *pgx.Conn }

func connectServer(b *testing.B) server {
	b.Helper()
	conn, err := pgx.Connect(b.Context(), newMedium(b).url)
	require.NoError(b, err)
	b.Cleanup(func() { _ = conn.Close(context.Background()) })
	return server{conn}
}

// cpu is the time of all their threads, user and system. Without a /proc it is
// that of nobody.
func (s server) cpu(b *testing.B) time.Duration {
	b.Helper()
	rows, err := s.conn.Query(b.Context(), "SELECT pid FROM pg_stat_activity")
	require.NoError(b, err)
	pids, err := pgx.CollectRows(rows, pgx.RowTo[int])
	require.NoError(b, err)
	var ticks int64
	for _, pid := range append(pids, os.Getpid()) {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil {
			continue
		}
		fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
		for _, field := range fields[11:13] {
			n, err := strconv.ParseInt(field, 10, 64)
			require.NoError(b, err)
			ticks += n
		}
	}
	return time.Duration(ticks) * 10 * time.Millisecond
}

func median(values []float64) float64 {
	slices.Sort(values)
	return values[len(values)/2]
}

// load has so many clients make requests for as long as there are more.
func load(b *testing.B, clients int, do request, next func() (n int64, more bool)) {
	b.Helper()
	var wg sync.WaitGroup
	for range clients {
		wg.Go(func() {
			for n, more := next(); more; n, more = next() {
				if err := do(b.Context(), n); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
}

// benchmark returns a medium with tables, and a pool with a connection for
// each client, all of which are open.
func benchmark(b *testing.B, clients int) (medium, *pgxpool.Pool) {
	b.Helper()
	m := newMedium(b)
	m.exec(b, "CREATE SCHEMA "+m.schema)
	m.exec(b, "CREATE TABLE "+m.schema+".orders (key text PRIMARY KEY, body text)")
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

// ledger makes the table that somebody would have who keeps keys himself. Its
// columns are as wide as the store's, its primary key is the same, and it has
// what it takes to find reservations that nobody has ended, and responses that
// may go.
func ledger(b *testing.B, m medium) string {
	name := m.schema + ".ledger"
	m.exec(b, "CREATE TABLE "+name+` (
		scope bytea, operation bytea, key bytea, fingerprint bytea NOT NULL, committed boolean NOT NULL,
		token bigint NOT NULL, since timestamptz NOT NULL, due_at timestamptz NOT NULL,
		status int, header bytea, body bytea, PRIMARY KEY (scope, operation, key))`)
	m.exec(b, "CREATE INDEX ON "+name+" (due_at) WHERE NOT committed")
	m.exec(b, "CREATE INDEX ON "+name+" (due_at) WHERE committed")
	return name
}

// autocommits reserves a key and stores the response, as two statements.
func autocommits(b *testing.B, clients int) request {
	m, pool := benchmark(b, clients)
	name := ledger(b, m)
	reserve := "INSERT INTO " + name + ` (scope, operation, key, fingerprint, committed, token, since, due_at)
		VALUES ($1, $2, $3, $4, false, $5, now(), now() + interval '1 minute')`
	commit := "UPDATE " + name + ` SET committed = true, since = now(), due_at = now() + interval '1 hour',
		status = 201, header = $5, body = $6 WHERE scope = $1 AND operation = $2 AND key = $3 AND token = $4`
	return func(ctx context.Context, n int64) error {
		id := []any{[]byte("tenant"), []byte("orders.create"), []byte(key(n))}
		if _, err := pool.Exec(ctx, reserve, append(id, fingerprint, n)...); err != nil {
			return err
		}
		_, err := pool.Exec(ctx, commit, append(id, n, header, []byte(body))...)
		return err
	}
}

// bareAutocommits does the same on a table that can do nothing else: it has no
// column to expire by.
func bareAutocommits(b *testing.B, clients int) request {
	m, pool := benchmark(b, clients)
	name := m.schema + ".keys"
	m.exec(b, "CREATE TABLE "+name+" (key text PRIMARY KEY, status int, body text)")
	return func(ctx context.Context, n int64) error {
		if _, err := pool.Exec(ctx, "INSERT INTO "+name+" VALUES ($1, 0, '')", key(n)); err != nil {
			return err
		}
		_, err := pool.Exec(ctx, "UPDATE "+name+" SET status = 201, body = $2 WHERE key = $1", key(n), body)
		return err
	}
}

// recordAndRow stores a record with its response, and a row of the
// application.
func recordAndRow(b *testing.B, clients int) request {
	m, pool := benchmark(b, clients)
	record := "INSERT INTO " + ledger(b, m) + ` (scope, operation, key, fingerprint, committed, token, since, due_at,
		status, header, body) VALUES ($1, $2, $3, $4, true, $5, now(), now() + interval '1 hour', 201, $6, $7)`
	row := "INSERT INTO " + m.schema + ".orders VALUES ($1, $2)"
	return func(ctx context.Context, n int64) error {
		_, err := pool.Exec(ctx, record, []byte("tenant"), []byte("orders.create"), []byte(key(n)), fingerprint, n, header, []byte(body))
		if err != nil {
			return err
		}
		_, err = pool.Exec(ctx, row, key(n), body)
		return err
	}
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
func plain(b *testing.B, clients int, o cnerium.Outcome) request {
	m, pool := benchmark(b, clients)
	store := on(b, pool, m, pgstore.Options{})
	return func(ctx context.Context, n int64) error {
		_, lease, err := store.Reserve(ctx, claim(key(n)))
		if err != nil {
			return err
		}
		_, err = store.Commit(ctx, lease, o)
		return err
	}
}

// transactions have a handler that inserts a row.
func transactions(o cnerium.Outcome, opts pgstore.Options) func(b *testing.B, clients int) request {
	return func(b *testing.B, clients int) request {
		m, pool := benchmark(b, clients)
		store := on(b, pool, m, opts)
		row := "INSERT INTO " + m.schema + ".orders VALUES ($1, $2)"
		return func(ctx context.Context, n int64) error {
			_, err := store.Transact(ctx, claim(key(n)), func(ctx context.Context, _ int) (cnerium.Outcome, error) {
				_, err := pgstore.TxFrom(ctx).Exec(ctx, row, key(n), body)
				return o, err
			})
			return err
		}
	}
}

func replays(b *testing.B, clients int) request {
	m, pool := benchmark(b, clients)
	store := on(b, pool, m, pgstore.Options{})
	const keys = 100
	for n := range int64(keys) {
		commit(b, store, reserve(b, store, key(n)), silent(body))
	}
	return func(ctx context.Context, n int64) error {
		record, err := store.Lookup(ctx, claim(key(n%keys)).ID)
		if err == nil && record.State != cnerium.StateCommitted {
			err = fmt.Errorf("the record is %v", record.State)
		}
		return err
	}
}
