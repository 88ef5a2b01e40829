package sqlitestore_test

import (
	"context"
	"database/sql"
	"errors"
	"sync"
	"sync/atomic"
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
			for range 20 {
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
		store.NeverRest()
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

// gated makes a store whose clock, and so each read, waits for the gate that is
// set.
func gated(t *testing.T, db *sql.DB) (*sqlitestore.Store, *atomic.Pointer[gate]) {
	t.Helper()
	var current atomic.Pointer[gate]
	store, err := sqlitestore.New(t.Context(), db, &sqlitestore.Options{CacheBytes: -1, Now: func() time.Time {
		if g := current.Load(); g != nil {
			g.here <- struct{}{}
			<-g.open
		}
		return time.Now()
	}})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, store.Close()) })
	return store, &current
}

type gate struct{ here, open chan struct{} }

// together reads with n connections at once, and returns what ends the reads.
func together(t *testing.T, store *sqlitestore.Store, at *atomic.Pointer[gate], n int) (end func()) {
	t.Helper()
	g := &gate{here: make(chan struct{}), open: make(chan struct{})}
	at.Store(g)
	done := make(chan error, n)
	for range n {
		go func() {
			_, err := store.Lookup(context.Background(), claim("k").ID)
			done <- err
		}()
	}
	for range n {
		<-g.here
	}
	at.Store(nil)
	return func() {
		close(g.open)
		for range n {
			require.NoError(t, <-done)
		}
	}
}

func TestReadsOfOneStoreLeaveConnectionsToAnother(t *testing.T) {
	t.Parallel()
	db := pool(t, file(t))
	db.SetMaxOpenConns(8)
	one, atOne := gated(t, db)
	other, atOther := gated(t, db)

	together(t, one, atOne, 4)() // keeps four; the two writers have two
	end := together(t, other, atOther, 2)
	defer end()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	_, err := other.Lookup(ctx, claim("k").ID)
	require.NoError(t, err, "what one store keeps is given back, although nobody reads there any more")
}

func TestReadsLeaveConnectionsToTheApplication(t *testing.T) {
	t.Parallel()
	db := pool(t, file(t))
	db.SetMaxOpenConns(8)
	store, at := gated(t, db)
	store.NeverRest()

	end := together(t, store, at, 4)
	var taken []*sql.Conn
	for range 3 { // all that is left
		conn, err := db.Conn(t.Context())
		require.NoError(t, err)
		taken = append(taken, conn)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	got := make(chan error, 1)
	go func() {
		conn, err := db.Conn(ctx)
		if err == nil {
			err = conn.Close()
		}
		got <- err
	}()
	end()
	require.NoError(t, <-got, "a read that ends gives its connection to who waits")
	for _, conn := range taken {
		require.NoError(t, conn.Close())
	}
}

func TestAStoreThatRestsKeepsNoConnectionForReads(t *testing.T) {
	t.Parallel()
	db := pool(t, file(t))
	store, at := gated(t, db)
	together(t, store, at, 4)()
	require.Eventually(t, func() bool { return db.Stats().InUse == 1 }, 10*time.Second, time.Millisecond)
	require.Equal(t, cnerium.StateAbsent, lookup(t, store, "k").State)
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
	half := make(chan struct{}, 64*20)
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
