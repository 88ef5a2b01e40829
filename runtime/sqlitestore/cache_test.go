package sqlitestore_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	cnerium "github.com/cnerium/cnerium-go/runtime"
	"github.com/cnerium/cnerium-go/runtime/sqlitestore"
)

// clocked opens a store with a clock that the test sets.
func clocked(t *testing.T, path string, opts sqlitestore.Options) (*sqlitestore.Store, *atomic.Int64) {
	t.Helper()
	clock := new(atomic.Int64)
	clock.Store(1_767_000_000_000)
	opts.Now = func() time.Time { return time.UnixMilli(clock.Load()) }
	store, err := sqlitestore.Open(t.Context(), path, &opts)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, store.Close()) })
	return store, clock
}

// spoil makes all records unreadable, behind the store's back.
func spoil(t *testing.T, path string) {
	t.Helper()
	_, err := pool(t, path).Exec("UPDATE cnerium_records SET fingerprint = x'ff'")
	require.NoError(t, err)
}

func TestAReplayReadsNothing(t *testing.T) {
	t.Parallel()
	path := file(t)
	store := open(t, path)
	commit(t, store, reserve(t, store, "first"), outcome("first"))
	_, err := store.Transact(t.Context(), claim("second"), func(context.Context, int) (cnerium.Outcome, error) {
		return outcome("second"), nil
	})
	require.NoError(t, err)
	other := open(t, path)
	commit(t, other, reserve(t, other, "third"), outcome("third"))
	first, second, third := lookup(t, other, "first"), lookup(t, other, "second"), lookup(t, store, "third")

	spoil(t, path)
	require.Equal(t, first, lookup(t, store, "first"), "kept at the commit")
	require.Equal(t, second, lookup(t, store, "second"), "kept at the commit of a handler")
	require.Equal(t, third, lookup(t, store, "third"), "kept at the first look")
	require.Equal(t, "first", first.Response.Body)
}

func TestACachedRecordExpires(t *testing.T) {
	t.Parallel()
	store, clock := clocked(t, file(t), sqlitestore.Options{})
	commit(t, store, reserve(t, store, "k"), outcome("first"))
	clock.Add(time.Hour.Milliseconds() - 1)
	requireCommitted(t, store, "k", "first")
	clock.Add(1)
	require.Equal(t, cnerium.StateAbsent, lookup(t, store, "k").State)
	commit(t, store, reserve(t, store, "k"), outcome("second"))
	requireCommitted(t, store, "k", "second")
}

func TestTheCacheIsBounded(t *testing.T) {
	t.Parallel()
	path := file(t)
	store, _ := clocked(t, path, sqlitestore.Options{CacheBytes: 128 << 10})
	const n = 200
	for i := range n { // of about 1 KiB each
		commit(t, store, reserve(t, store, fmt.Sprint(i)), outcome(strings.Repeat("x", 500)))
	}
	commit(t, store, reserve(t, store, "huge"), outcome(strings.Repeat("x", 100_000)))
	spoil(t, path)
	kept, old := 0, 0
	for i := range n {
		if _, err := store.Lookup(t.Context(), claim(fmt.Sprint(i)).ID); err == nil {
			kept++
			if i < n/4 {
				old++
			}
		}
	}
	require.Greater(t, kept, 60)
	require.Less(t, kept, 130)
	_, err := store.Lookup(t.Context(), claim("huge").ID)
	require.Error(t, err, "one record does not take the room of many")
	require.Less(t, old, n/10, "the oldest go")
	_, err = store.Lookup(t.Context(), claim(fmt.Sprint(n-1)).ID)
	require.NoError(t, err)
}

func TestAClosedStoreAnswersNothingFromItsCache(t *testing.T) {
	t.Parallel()
	store, err := sqlitestore.Open(t.Context(), file(t), nil)
	require.NoError(t, err)
	commit(t, store, reserve(t, store, "k"), outcome("x"))
	require.NoError(t, store.Close())
	_, err = store.Lookup(t.Context(), claim("k").ID)
	require.Error(t, err)
}

func TestAReleasedReservationIsNotCached(t *testing.T) {
	t.Parallel()
	store := open(t, file(t))
	lease := reserve(t, store, "k")
	require.NoError(t, store.Release(t.Context(), lease))
	_, err := store.Commit(t.Context(), lease, outcome("late"))
	require.ErrorIs(t, err, cnerium.ErrLeaseLost)
	require.Equal(t, cnerium.StateAbsent, lookup(t, store, "k").State)
}

func TestACacheReturnsWhatItWasGivenOrNothing(t *testing.T) {
	t.Parallel()
	cache := sqlitestore.NewCache(256 << 10)
	// The record of a key in one of its lives, which all differ in size.
	recordOf := func(key, life int) cnerium.Record {
		text := strings.Repeat(fmt.Sprintf("%d.%d ", key, life), (key*7+life*13)%400)
		return cnerium.Record{
			ID:          cnerium.ID{Scope: fmt.Sprint("tenant ", key%3), Operation: "orders.create", Key: fmt.Sprint(key)},
			State:       cnerium.StateCommitted,
			Fingerprint: cnerium.Fingerprint{byte(key), 31: byte(life)},
			Attempt:     life + 1,
			Since:       time.UnixMilli(int64(1_767_000_000_000 + life)).UTC(),
			Response:    cnerium.StoredResponse{Status: 200 + life%100, Header: cnerium.StoredHeader(text[:len(text)/3]), Body: text},
			Cursor:      text[:min(len(text), life%20)],
		}
	}
	const clients, keys, lives = 8, 100, 40
	var found atomic.Int64
	var wg sync.WaitGroup
	for client := range clients {
		wg.Go(func() {
			var taken []cnerium.Record // and used when their memory may be used again
			for life := range lives {
				for key := client * keys; key < (client+1)*keys; key++ {
					want := recordOf(key, life)
					cache.Keep(want, int64(life+1))
					if got, ok := cache.Get(want.ID, int64(life)); ok {
						require.Equal(t, want, got)
						taken = append(taken, got)
						found.Add(1)
					}
					_, ok := cache.Get(want.ID, int64(life+1))
					require.False(t, ok, "it has expired")
				}
			}
			for _, r := range taken {
				var key int
				_, err := fmt.Sscan(r.ID.Key, &key)
				require.NoError(t, err)
				require.Equal(t, recordOf(key, r.Attempt-1), r)
			}
		})
	}
	wg.Wait()
	require.Greater(t, found.Load(), int64(clients*keys*lives/2))
	require.LessOrEqual(t, cache.Bytes(), 256<<10)
}
