package sqlitestore_test

import (
	"context"
	"database/sql"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	cnerium "github.com/cnerium/cnerium-go/runtime"
	"github.com/cnerium/cnerium-go/runtime/sqlitestore"
)

var mostRecords = flag.Int("cnerium.records", 1_000_000, "how many records the measurement of a long life ends with")

// TestLongLife measures what becomes of a store with more and more records:
// how long its calls take, how fast it sweeps, and what the files grow to. It
// fails nothing but errors; the numbers are for people.
func TestLongLife(t *testing.T) {
	if !*long {
		t.Skip("a measurement of minutes: run it with -cnerium.long")
	}
	path := file(t)
	db := pool(t, path)
	store, err := sqlitestore.New(t.Context(), db, nil)
	require.NoError(t, err)
	l := &life{T: t, store: store, db: db, path: path}
	for n := 10_000; n <= *mostRecords; n *= 10 {
		l.fill(n)
		l.report(n)
	}
	l.steady()
	require.NoError(t, store.Close())
}

// life is a store that is measured.
type life struct {
	*testing.T
	store *sqlitestore.Store
	db    *sql.DB
	path  string
	first int // the records of fill are from first to count
	count int
}

// fillRecords adds records with random keys, as clients choose them, a tenth
// of which expires soon.
const fillRecords = `
WITH RECURSIVE n(i) AS (SELECT ?1 UNION ALL SELECT i + 1 FROM n WHERE i < ?2 - 1)
INSERT INTO cnerium_records (scope, operation, key, fingerprint, state, token, attempt, since, expires_at, status, body)
SELECT 'tenant', 'orders.create', printf('%016x-%d', (i * 2654435761) % 4294967296, i), zeroblob(32), 'committed',
	0, 1, ?3, ?3 + 1000 * (i % 10 + 1) * 86400, 201, randomblob(200)
FROM n`

// fill brings the number of records to n, not through the store, which would
// take longer.
func (l *life) fill(n int) {
	for l.count < n {
		next := min(l.count+50_000, n)
		_, err := l.db.Exec(fillRecords, l.count, next, time.Now().UnixMilli())
		require.NoError(l, err)
		l.count = next
	}
}

func (l *life) key(i int) string {
	return fmt.Sprintf("%016x-%d", uint64(i)*2654435761%4294967296, i)
}

func (l *life) report(n int) {
	const clients = 16
	pair := l.measure(clients, 4*time.Second, func(client, i int) error {
		key := fmt.Sprintf("%x-%d-%d-%d", rand.Uint64(), l.count, client, i)
		_, lease, err := l.store.Reserve(l.Context(), claim(key))
		if err == nil {
			_, err = l.store.Commit(l.Context(), lease, outcome("a response"))
		}
		return err
	})
	replay := l.measure(clients, 2*time.Second, func(int, int) error {
		record, err := l.store.Lookup(l.Context(), claim(l.key(l.first+rand.IntN(l.count-l.first))).ID)
		if err == nil && record.State != cnerium.StateCommitted {
			err = fmt.Errorf("record is %v", record.State)
		}
		return err
	})
	l.Logf("%9d records: reserve+commit %v", n, pair)
	l.Logf("%9d records: replay, not in the cache %v", n, replay)
	l.Logf("%9d records: sweep %s; %s", n, l.sweep(10_000), l.sizes())
}

// expire lets the n oldest of the records that fill has added expire.
func (l *life) expire(n int) {
	_, err := l.db.Exec(`UPDATE cnerium_records SET expires_at = 1 WHERE id IN (
		SELECT id FROM cnerium_records WHERE token = 0 ORDER BY id LIMIT ?)`, n)
	require.NoError(l, err)
	l.first += n
}

// sweep lets records expire and removes them.
func (l *life) sweep(n int) string {
	n = min(n, (l.count-l.first)/10)
	l.expire(n)
	begun, worst, removed := time.Now(), time.Duration(0), 0
	for more := true; more; {
		step := time.Now()
		got, err := l.store.Sweep(l.Context(), 1000)
		require.NoError(l, err)
		worst = max(worst, time.Since(step))
		removed += got
		more = got >= 1000
	}
	took := time.Since(begun)
	return fmt.Sprintf("%d in %v (%.0f/s, the longest call %v)", removed, took.Round(time.Millisecond),
		float64(removed)/took.Seconds(), worst.Round(10*time.Microsecond))
}

// steady replaces records by new ones, over and over, and shows whether the
// file still grows.
func (l *life) steady() {
	for round := range 5 {
		n := min(50_000, (l.count-l.first)/10)
		l.expire(n)
		for got := 1000; got >= 1000; {
			var err error
			got, err = l.store.Sweep(l.Context(), 1000)
			require.NoError(l, err)
		}
		l.fill(l.count + n)
		l.Logf("round %d, %d records replaced: %s", round, n, l.sizes())
	}
}

func (l *life) sizes() string {
	size := func(suffix string) float64 {
		info, err := os.Stat(l.path + suffix)
		require.NoError(l, err)
		return float64(info.Size()) / (1 << 20)
	}
	return fmt.Sprintf("file %.1f MiB, log %.1f MiB", size(""), size("-wal"))
}

// measured is how long calls took.
type measured struct {
	rate                float64
	p50, p99, p999, max time.Duration
}

func (m measured) String() string {
	return fmt.Sprintf("%.0f/s, p50 %v, p99 %v, p99.9 %v, max %v", m.rate, m.p50, m.p99, m.p999, m.max)
}

func (l *life) measure(clients int, d time.Duration, call func(client, i int) error) measured {
	ctx, cancel := context.WithTimeout(l.Context(), d)
	defer cancel()
	var wg sync.WaitGroup
	took, begun := make([][]time.Duration, clients), time.Now()
	for client := range clients {
		wg.Go(func() {
			for i := 0; ctx.Err() == nil; i++ {
				start := time.Now()
				if err := call(client, i); err != nil {
					l.Error(err)
					return
				}
				took[client] = append(took[client], time.Since(start))
			}
		})
	}
	wg.Wait()
	all := slices.Sorted(slices.Values(slices.Concat(took...)))
	at := func(q float64) time.Duration { return all[int(q*float64(len(all)-1))].Round(time.Microsecond) }
	return measured{float64(len(all)) / time.Since(begun).Seconds(), at(0.5), at(0.99), at(0.999), at(1)}
}
