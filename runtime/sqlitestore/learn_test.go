package sqlitestore_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	cnerium "github.com/cnerium/cnerium-go/runtime"
	"github.com/cnerium/cnerium-go/runtime/sqlitestore"
)

// populate stores so many records, by a store that is closed again.
func populate(t *testing.T, path string, n int) {
	t.Helper()
	store, err := sqlitestore.Open(t.Context(), path, nil)
	require.NoError(t, err)
	commit(t, store, reserve(t, store, "0"), outcome("0"))
	require.NoError(t, store.Close())
	_, err = pool(t, path).Exec(`
		WITH RECURSIVE n (i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ?)
		INSERT INTO cnerium_records (scope, operation, key, fingerprint, state, token, attempt, since, expires_at, status, header, body)
		SELECT scope, operation, i, fingerprint, state, token, attempt, since, expires_at, status, header, body
		FROM cnerium_records, n`, n)
	require.NoError(t, err)
}

// requireKnown checks that none of so many records is taken for new.
func requireKnown(t *testing.T, store *sqlitestore.Store, n int) {
	t.Helper()
	for i := range n {
		require.False(t, store.LikelyAbsent(claim(fmt.Sprint(i)).ID), i)
	}
}

func TestANewKeyIsKnownToBeNew(t *testing.T) {
	t.Parallel()
	store := open(t, file(t))
	for _, key := range []string{"reserved", "transacted"} {
		require.True(t, store.LikelyAbsent(claim(key).ID), "in a new database")
	}
	lease := reserve(t, store, "reserved")
	require.False(t, store.LikelyAbsent(lease.ID), "somebody works on it")
	commit(t, store, lease, outcome("done"))
	_, err := store.Transact(t.Context(), claim("transacted"), func(context.Context, int) (cnerium.Outcome, error) {
		return outcome("done"), nil
	})
	require.NoError(t, err)
	for _, key := range []string{"reserved", "transacted"} {
		require.False(t, store.LikelyAbsent(claim(key).ID), key)
	}
	require.True(t, store.LikelyAbsent(claim("new").ID))
}

func TestAFewKeysAreLearntWhenTheStoreOpens(t *testing.T) {
	t.Parallel()
	path := file(t)
	populate(t, path, 499)
	store := open(t, path)
	require.True(t, store.LikelyAbsent(claim("new").ID))
	requireKnown(t, store, 499)
}

func TestManyKeysAreLearntInTheBackground(t *testing.T) {
	t.Parallel()
	path := file(t)
	const n = 2600
	populate(t, path, n)
	synctest.Test(t, func(t *testing.T) {
		store := open(t, path)
		require.False(t, store.LikelyAbsent(claim("new").ID), "it has not seen all")
		commit(t, store, reserve(t, store, "meanwhile"), outcome("done"))
		time.Sleep(time.Second)
		require.True(t, store.LikelyAbsent(claim("new").ID))
		require.False(t, store.LikelyAbsent(claim("meanwhile").ID))
		requireKnown(t, store, n)
	})
}

func TestCloseEndsTheLearning(t *testing.T) {
	t.Parallel()
	path := file(t)
	populate(t, path, 2600)
	synctest.Test(t, func(t *testing.T) { // fails when a goroutine is left
		store, err := sqlitestore.Open(t.Context(), path, nil)
		require.NoError(t, err)
		require.NoError(t, store.Close())
		_, err = store.Sweep(t.Context(), 10)
		require.ErrorIs(t, err, sqlitestore.ErrClosed)
	})
}

func TestAStoreThatIsNotAloneKnowsNothing(t *testing.T) {
	t.Parallel()
	path := file(t)
	synctest.Test(t, func(t *testing.T) {
		first := open(t, path)
		require.True(t, first.LikelyAbsent(claim("new").ID))

		second := open(t, path)
		require.False(t, second.LikelyAbsent(claim("new").ID), "the first one was there before")
		commit(t, second, reserve(t, second, "of the second"), outcome("done"))

		time.Sleep(time.Second)
		commit(t, first, reserve(t, first, "of the first"), outcome("done"))
		require.False(t, first.LikelyAbsent(claim("new").ID), "it has noticed the second")
		sweep(t, first)
		require.False(t, first.LikelyAbsent(claim("new").ID), "which is still there")

		require.NoError(t, second.Close())
		sweep(t, first)
		require.True(t, first.LikelyAbsent(claim("new").ID), "now it is alone again")
		for _, key := range []string{"of the first", "of the second"} {
			require.False(t, first.LikelyAbsent(claim(key).ID), key)
		}
	})
}

func TestARecordOfAnotherIsKnownOnceItIsMet(t *testing.T) {
	t.Parallel()
	path := file(t)
	synctest.Test(t, func(t *testing.T) { // time stands still: the first has not noticed the second
		first := open(t, path)
		reserve(t, first, "own") // looks for others, and then not before a second is over
		second := open(t, path)
		for _, key := range []string{"reserve", "transact"} {
			commit(t, second, reserve(t, second, key), outcome(key))
			require.True(t, first.LikelyAbsent(claim(key).ID), key)
		}
		_, lease, err := first.Reserve(t.Context(), claim("reserve"))
		require.NoError(t, err)
		require.Nil(t, lease)
		found, err := first.Transact(t.Context(), claim("transact"), func(context.Context, int) (cnerium.Outcome, error) {
			panic("the handler runs")
		})
		require.NoError(t, err)
		require.Equal(t, "transact", found.Response.Body)
		for _, key := range []string{"reserve", "transact"} {
			require.False(t, first.LikelyAbsent(claim(key).ID), key)
		}
	})
}

func TestAStoreThatWasThereInBetweenIsNoticed(t *testing.T) {
	t.Parallel()
	path := file(t)
	synctest.Test(t, func(t *testing.T) {
		store := open(t, path)
		populate(t, path, 3)
		time.Sleep(time.Second)
		commit(t, store, reserve(t, store, "of the first"), outcome("done"))
		require.False(t, store.LikelyAbsent(claim("new").ID))
		sweep(t, store)
		require.True(t, store.LikelyAbsent(claim("new").ID))
		requireKnown(t, store, 3)
	})
}

func TestMoreKeysThanThereIsRoomForAreNotLearnt(t *testing.T) {
	t.Parallel()
	path := file(t)
	populate(t, path, 2)
	db := pool(t, path)
	_, err := db.Exec("UPDATE cnerium_records SET id = 100000000 WHERE key = '1'")
	require.NoError(t, err)
	store := open(t, path)
	sweep(t, store)
	require.False(t, store.LikelyAbsent(claim("new").ID))
	_, err = db.Exec("DELETE FROM cnerium_records WHERE key = '1'")
	require.NoError(t, err)
	sweep(t, store)
	require.True(t, store.LikelyAbsent(claim("new").ID))
}

func TestADeadProcessIsNobodyToBeBlindFor(t *testing.T) {
	t.Parallel()
	path := file(t)
	kill := holder(t, path)
	store := open(t, path)
	sweep(t, store)
	require.False(t, store.LikelyAbsent(claim("new").ID), "the other one lives")
	kill()
	sweep(t, store)
	require.True(t, store.LikelyAbsent(claim("new").ID))
	require.False(t, store.LikelyAbsent(claim("held").ID))
}

func TestACommittedKeyIsKnownUntilItExpires(t *testing.T) {
	t.Parallel()
	store, clock := clocked(t, file(t), sqlitestore.Options{CacheBytes: 1 << 20})
	commit(t, store, reserve(t, store, "k"), outcome("done"))
	lease := reserve(t, store, "held")
	clock.Add(2 * time.Minute.Milliseconds()) // the leases are over
	for i := range 100_000 {                  // more than a generation
		store.Known().Add(claim(fmt.Sprint("n", i)).ID, clock.Load(), clock.Load())
	}
	require.False(t, store.LikelyAbsent(claim("k").ID))
	commit(t, store, lease, outcome("late"))
	require.False(t, store.LikelyAbsent(claim("held").ID))
}

func TestWithoutACacheThereAreNoHints(t *testing.T) {
	t.Parallel()
	store, err := sqlitestore.Open(t.Context(), file(t), uncached)
	require.NoError(t, err)
	defer func() { require.NoError(t, store.Close()) }()
	require.False(t, store.LikelyAbsent(claim("new").ID))
}
