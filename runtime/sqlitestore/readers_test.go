package sqlitestore_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	cnerium "github.com/cnerium/cnerium-go/runtime"
	"github.com/cnerium/cnerium-go/runtime/sqlitestore"
)

// crowd looks a record up at many places at once, each a few times.
func crowd(store *sqlitestore.Store, look func(err error)) {
	var wg sync.WaitGroup
	for range 64 {
		wg.Go(func() {
			for range 50 {
				_, err := store.Lookup(context.Background(), claim("k").ID)
				look(err)
			}
		})
	}
	wg.Wait()
}

func TestReadsKeepHalfOfThePoolAtMost(t *testing.T) {
	t.Parallel()
	for limit, kept := range map[int]int{2: 0, 3: 0, 7: 0, 8: 4, 20: 10} {
		db := pool(t, file(t))
		db.SetMaxOpenConns(limit)
		store, err := sqlitestore.New(t.Context(), db, uncached)
		require.NoError(t, err)
		crowd(store, func(err error) {
			if err != nil {
				t.Error(err)
			}
		})
		inUse := db.Stats().InUse - 1 // the writer
		require.LessOrEqual(t, inUse, kept, "of %d", limit)
		if kept > 0 {
			require.Positive(t, inUse, "of %d", limit)
		}
		require.NoError(t, store.Close())
		require.Zero(t, db.Stats().InUse)
		require.NoError(t, db.Ping())
	}
}

func TestAReadSeesWhatWasCommittedBefore(t *testing.T) {
	t.Parallel()
	path := file(t)
	store, err := sqlitestore.Open(t.Context(), path, uncached)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, store.Close()) })
	other := open(t, path)
	for _, key := range []string{"a", "b", "c"} {
		require.Equal(t, cnerium.StateAbsent, lookup(t, store, key).State)
		commit(t, other, reserve(t, other, key), outcome(key))
		requireCommitted(t, store, key, key)
	}
	_, err = pool(t, path).Exec("ALTER TABLE cnerium_records ADD COLUMN more INTEGER")
	require.NoError(t, err)
	requireCommitted(t, store, "a", "a")
}

func TestACloseBetweenReadsGivesAllConnectionsBack(t *testing.T) {
	t.Parallel()
	db := pool(t, file(t))
	store, err := sqlitestore.New(t.Context(), db, uncached)
	require.NoError(t, err)
	half := make(chan struct{}, 64*50)
	closed := make(chan error, 1)
	go func() {
		for range cap(half) / 2 {
			<-half
		}
		closed <- store.Close()
	}()
	crowd(store, func(err error) {
		half <- struct{}{}
		if err != nil && !errors.Is(err, sqlitestore.ErrClosed) {
			t.Error(err)
		}
	})
	require.NoError(t, <-closed)
	require.Zero(t, db.Stats().InUse)
	_, err = store.Lookup(t.Context(), claim("k").ID)
	require.ErrorIs(t, err, sqlitestore.ErrClosed)
}

func TestAReadThatPanicsGivesItsConnectionBack(t *testing.T) {
	t.Parallel()
	db := pool(t, file(t))
	broken := false
	store, err := sqlitestore.New(t.Context(), db, &sqlitestore.Options{CacheBytes: -1, Now: func() time.Time {
		if broken {
			panic("the clock is broken")
		}
		return time.Now()
	}})
	require.NoError(t, err)
	for range 100 { // more than there are connections
		broken = true
		require.Panics(t, func() { _, _ = store.Lookup(t.Context(), claim("k").ID) })
		broken = false
		require.Equal(t, cnerium.StateAbsent, lookup(t, store, "k").State)
	}
	require.NoError(t, store.Close())
	require.Zero(t, db.Stats().InUse)
}

func TestAReadWhoseContextHasEndedDoesNotBegin(t *testing.T) {
	t.Parallel()
	store := open(t, file(t))
	ctx, cancel := context.WithCancel(t.Context())
	lookup(t, store, "k") // keeps a connection
	cancel()
	_, err := store.Lookup(ctx, claim("k").ID)
	require.ErrorIs(t, err, context.Canceled)
	_, err = store.Events(ctx, "", 1)
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, cnerium.StateAbsent, lookup(t, store, "k").State)
}
