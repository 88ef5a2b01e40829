package sqlitestore_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	cnerium "github.com/cnerium/cnerium-go/runtime"
	"github.com/cnerium/cnerium-go/runtime/sqlitestore"
)

// Sweep counts events by their offsets, which holds only without gaps.
func TestWhatIsRolledBackLeavesNoGapInTheOffsets(t *testing.T) {
	t.Parallel()
	path := file(t)
	store := open(t, path)
	for i := range 3 {
		lease := reserve(t, store, "lost")
		require.NoError(t, store.Release(t.Context(), lease))
		_, err := store.Commit(t.Context(), lease, outcome("late"))
		require.ErrorIs(t, err, cnerium.ErrLeaseLost)
		commit(t, store, reserve(t, store, fmt.Sprint(i)), outcome("x"))
	}
	_, err := pool(t, path).Exec(`
		BEGIN;
		INSERT INTO cnerium_events (committed_at, emitted_at, operation, room, type) VALUES (1, 1, 'o', '', 't');
		ROLLBACK`)
	require.NoError(t, err)
	commit(t, store, reserve(t, store, "last"), outcome("x"))
	var first, last, count int
	row := pool(t, path).QueryRow("SELECT min(offset), max(offset), count(*) FROM cnerium_events")
	require.NoError(t, row.Scan(&first, &last, &count))
	require.Equal(t, []int{1, 4, 4}, []int{first, last, count})
}

func TestOptionsSayHowLongEventsAreKept(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	for name, c := range map[string]struct {
		opts   sqlitestore.Options
		marked bool // a publisher waits at the beginning
		stays  time.Duration
		goes   time.Duration
	}{
		"by default a day":                         {stays: day - 1e6, goes: day},
		"by default a week for a publisher":        {marked: true, stays: 7*day - 1e6, goes: 7 * day},
		"as long as EventRetention says":           {opts: sqlitestore.Options{EventRetention: time.Hour}, stays: time.Hour - 1e6, goes: time.Hour},
		"not at all":                               {opts: sqlitestore.Options{EventRetention: -1}, stays: -1, goes: 0},
		"not at all, but for a publisher":          {opts: sqlitestore.Options{EventRetention: -1}, marked: true, stays: 7*day - 1e6, goes: 7 * day},
		"waiting for no publisher":                 {opts: sqlitestore.Options{UnpublishedRetention: -1}, marked: true, stays: day - 1e6, goes: day},
		"for a publisher at least as long as else": {opts: sqlitestore.Options{EventRetention: 8 * day}, marked: true, stays: 8*day - 1e6, goes: 8 * day},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			now := time.UnixMilli(1_767_000_000_000)
			c.opts.Now = func() time.Time { return now }
			store := holding(t, c.opts, c.marked)
			begin := now
			if c.stays >= 0 {
				now = begin.Add(c.stays)
				require.Zero(t, sweep(t, store))
			}
			now = begin.Add(c.goes)
			require.Equal(t, 1, sweep(t, store))
		})
	}
}

func TestANegativeMaxEventsIsNoLimit(t *testing.T) {
	t.Parallel()
	for limit, removed := range map[int]int{1: 2, -1: 0, 0: 0} {
		store, err := sqlitestore.Open(t.Context(), ":memory:", &sqlitestore.Options{MaxEvents: limit})
		require.NoError(t, err)
		o := outcome("x")
		o.Events = append(o.Events, o.Events[0], o.Events[0])
		commit(t, store, reserve(t, store, "k"), o)
		require.Equal(t, removed, sweep(t, store))
		require.NoError(t, store.Close())
	}
}

// holding opens a store and commits an event, with a record that stays.
func holding(t *testing.T, opts sqlitestore.Options, marked bool) cnerium.Store {
	t.Helper()
	store, err := sqlitestore.Open(t.Context(), ":memory:", &opts)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, store.Close()) })
	if marked {
		head, err := store.Head(t.Context())
		require.NoError(t, err)
		require.NoError(t, store.MarkPublished(t.Context(), "mail", head))
	}
	o := outcome("x")
	o.Retention = 1000 * time.Hour
	commit(t, store, reserve(t, store, "k"), o)
	return store
}

func sweep(t testing.TB, store cnerium.Store) int {
	t.Helper()
	n, err := store.Sweep(t.Context(), 100)
	require.NoError(t, err)
	return n
}
