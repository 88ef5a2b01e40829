package pgstore_test

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cnerium/cnerium-go/runtime/pgstore"
)

// TestNodesSweepTogetherWhileOthersWrite has several nodes clear the same
// tables in steps. Each removal counts once, and what is written meanwhile
// stays.
func TestNodesSweepTogetherWhileOthersWrite(t *testing.T) {
	t.Parallel()
	const old, limit = 300, 20
	m := newMedium(t)
	var ahead atomic.Int64
	opts := pgstore.Options{EventRetention: -1, Now: func() time.Time { return time.UnixMilli(ahead.Load()) }}
	stores := []*pgstore.Store{m.open(t, opts), m.open(t, opts), m.open(t, opts)}
	together(8, func(w int) {
		for i := w; i < old; i += 8 {
			key := fmt.Sprint("old ", i)
			commit(t, stores[0], reserve(t, stores[0], key), outcome(key))
		}
	})
	ahead.Store(time.Hour.Milliseconds())
	var removed atomic.Int64
	var all sync.WaitGroup
	for _, store := range stores {
		all.Go(func() {
			for idle := 0; idle < 5; idle++ {
				n, err := store.Sweep(t.Context(), limit)
				require.NoError(t, err)
				require.LessOrEqual(t, n, 2*limit)
				removed.Add(int64(n))
				if n > 0 {
					idle = 0
				}
			}
		})
	}
	all.Go(func() {
		for i := range 40 {
			key := fmt.Sprint("new ", i)
			commit(t, stores[1], reserve(t, stores[1], key), silent(key))
		}
	})
	all.Wait()
	require.EqualValues(t, 2*old, removed.Load())
	for i := range 40 {
		key := fmt.Sprint("new ", i)
		requireCommitted(t, stores[2], key, key)
	}
	head, err := stores[2].Head(t.Context())
	require.NoError(t, err)
	events, err := stores[2].Events(t.Context(), head, 10)
	require.NoError(t, err)
	require.Empty(t, events)
}

// TestASweepUsesItsIndex makes sure that a step does not read the whole table.
func TestASweepUsesItsIndex(t *testing.T) {
	t.Parallel()
	m := newMedium(t)
	store := m.open(t, pgstore.Options{})
	m.exec(t, "INSERT INTO "+m.schema+`.records (scope, operation, key, fingerprint, committed, token, attempt, since, due_at)
		SELECT '', '', i::text::bytea, '', true, 1, 1, 0, CASE WHEN i % 1000 = 0 THEN 0 ELSE 9000000000000000 END
		FROM generate_series(1, 20000) i`)
	m.exec(t, "ANALYZE "+m.schema+".records")
	n, err := store.Sweep(t.Context(), 1000)
	require.NoError(t, err)
	require.Equal(t, 20, n)
	require.NoError(t, store.Close()) // so that the server counts it
	conn := m.connect(t)
	require.Eventually(t, func() bool { // the server counts when it comes to it
		var index int64
		require.NoError(t, conn.QueryRow(t.Context(), `SELECT idx_scan FROM pg_stat_user_indexes
			WHERE relid = ($1 || '.records')::regclass AND indexrelname = 'records_by_expiry'`, m.schema).Scan(&index))
		return index > 0
	}, time.Minute, 50*time.Millisecond)
}
