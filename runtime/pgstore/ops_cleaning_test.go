package pgstore_test

import (
	"context"
	"crypto/rand"
	"flag"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/cnerium/cnerium-go/internal/pgtest"
	"github.com/cnerium/cnerium-go/runtime/pgstore"
)

var many = flag.Int("cnerium.records", 10_000_000, "how many records the long test of cleaning removes")

// TestExpiredRecordsAreRemovedWhileClientsWrite fills a table with records of a
// day, lets a day pass in which they give way to others, and then lets all fall
// due at once, while clients write. With -cnerium.long there are many records,
// and it reports rates, latencies and sizes, with the settings for autovacuum
// that the schema has and with those of the server.
func TestExpiredRecordsAreRemovedWhileClientsWrite(t *testing.T) {
	t.Parallel()
	if !*long {
		c := cleaning{medium: newMedium(t), records: 5_000, calm: 20}
		c.run(t)
		return
	}
	for name, change := range map[string]string{
		"schema":  "",
		"default": "ALTER TABLE ledger.records RESET (autovacuum_vacuum_scale_factor, autovacuum_vacuum_threshold)",
	} {
		t.Run(name, func(t *testing.T) {
			// The day takes minutes: autovacuum has to look more often.
			server := pgtest.NewCluster(t, "shared_buffers = 1GB", "max_wal_size = 4GB", "autovacuum_naptime = 2s")
			m := medium{url: server.URL(), schema: "ledger"}
			c := cleaning{medium: m, records: *many, calm: 4_000, change: change}
			c.run(t)
		})
	}
}

// cleaning is what the test works on.
type cleaning struct {
	medium

	records int
	calm    int    // how many executions are looked at before there is something to remove
	change  string // is done to the tables first

	conn    *pgx.Conn
	store   *pgstore.Store // of the clients
	sweeper *pgstore.Store // has a clock of its own
	clock   atomic.Int64
}

const (
	day   = int64(24 * 60 * 60 * 1000)
	parts = 50 // of the day
)

func (c *cleaning) run(t *testing.T) {
	t.Helper()
	c.store = c.open(t, pgstore.Options{})
	c.sweeper = c.open(t, pgstore.Options{Now: func() time.Time { return time.UnixMilli(c.clock.Load()) }})
	c.conn = c.connect(t)
	if c.change != "" {
		c.exec(t, c.change)
	}
	c.underWrites(t, "before", func(executed <-chan struct{}) {
		for range c.calm {
			<-executed
		}
	})
	c.fill(t, 0, c.records)
	c.report(t, "fill")
	c.underWrites(t, "in a day", func(<-chan struct{}) { c.pass(t) })
	c.underWrites(t, "while all are removed", func(<-chan struct{}) {
		c.clock.Store(2 * day)
		c.sweep(t, c.records)
	})
	c.report(t, "end")
}

// pass lets a day pass, in which as many records come as fall due.
func (c *cleaning) pass(t *testing.T) {
	t.Helper()
	for part := range int64(parts) {
		c.clock.Store((part + 1) * day / parts)
		c.sweep(t, c.records/parts)
		c.fill(t, day+part*day/parts, c.records/parts)
		if part%10 == 9 {
			c.report(t, fmt.Sprintf("part %d of the day", part+1))
		}
	}
}

// fill inserts records that fall due one after another, as many in a day as
// there are in all.
func (c *cleaning) fill(t *testing.T, after int64, records int) {
	t.Helper()
	began := time.Now()
	c.exec(t, "INSERT INTO "+c.schema+`.records
			(scope, operation, key, fingerprint, committed, token, attempt, since, due_at, status, header, body)
		SELECT 'tenant', 'orders.create', gen_random_uuid()::text::bytea, decode(repeat('ab', 32), 'hex'), true, i, 1,
			0, $1::bigint + i * 86400000 / $3::bigint, 201, decode(repeat('cd', 40), 'hex'), decode(repeat('ef', 100), 'hex')
		FROM generate_series(1, $2::bigint) i`, after, records, c.records)
	c.tell(t, "filled", records, time.Since(began))
}

// sweep removes what is over in the steps of an App.
func (c *cleaning) sweep(t *testing.T, over int) {
	t.Helper()
	const step = 500
	began, tenth := time.Now(), time.Now()
	removed, next := 0, c.records/10
	for {
		n, err := c.sweeper.Sweep(t.Context(), step)
		require.NoError(t, err)
		removed += n
		if removed >= next {
			c.tell(t, "swept", c.records/10, time.Since(tenth))
			tenth, next = time.Now(), next+c.records/10
		}
		if n < step {
			break
		}
	}
	require.Equal(t, over, removed, "what is over is gone, and nothing else")
	c.tell(t, "swept", removed, time.Since(began))
}

// tell reports how fast something was.
func (c *cleaning) tell(t *testing.T, what string, records int, took time.Duration) {
	t.Helper()
	if *long {
		t.Logf("%s %d in %v, %.0f a second", what, records, took.Round(10*time.Millisecond), float64(records)/took.Seconds())
	}
}

// underWrites has eight clients reserve and commit while work is done, and
// reports how long they took. Each of them begins 25 times a second, together
// 17 million times a day.
func (c *cleaning) underWrites(t *testing.T, when string, work func(executed <-chan struct{})) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	executed := make(chan struct{})
	var (
		clients sync.WaitGroup
		mu      sync.Mutex
		took    []time.Duration
	)
	for range 8 {
		clients.Go(func() {
			tick := time.NewTicker(40 * time.Millisecond)
			defer tick.Stop()
			for ctx.Err() == nil {
				began, key := time.Now(), rand.Text()
				commit(t, c.store, reserve(t, c.store, key), silent(key))
				mu.Lock()
				took = append(took, time.Since(began))
				mu.Unlock()
				select {
				case executed <- struct{}{}:
				default: // nobody counts
				}
				select {
				case <-tick.C:
				case <-ctx.Done():
				}
			}
		})
	}
	work(executed)
	cancel()
	clients.Wait()
	slices.Sort(took)
	at := func(share float64) time.Duration {
		return took[int(share*float64(len(took)-1))].Round(10 * time.Microsecond)
	}
	t.Logf("%s: %d executions, p50 %v, p99 %v, p99.9 %v", when, len(took), at(0.5), at(0.99), at(0.999))
}

// report says how large the table is, and what autovacuum has done to it.
func (c *cleaning) report(t *testing.T, after string) {
	t.Helper()
	var table, indexes string
	var live, dead, vacuums int64
	err := c.conn.QueryRow(t.Context(), `SELECT pg_size_pretty(pg_table_size(relid)), pg_size_pretty(pg_indexes_size(relid)),
			n_live_tup, n_dead_tup, autovacuum_count
		FROM pg_stat_user_tables WHERE schemaname = $1 AND relname = 'records'`, c.schema).
		Scan(&table, &indexes, &live, &dead, &vacuums)
	require.NoError(t, err)
	t.Logf("after the %s: table %s, indexes %s, %d live and %d dead rows, %d autovacuums",
		after, table, indexes, live, dead, vacuums)
}
