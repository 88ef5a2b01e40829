package sqlitestore_test

import (
	"bytes"
	"context"
	"database/sql"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	cnerium "github.com/cnerium/cnerium-go/runtime"
	"github.com/cnerium/cnerium-go/runtime/sqlitestore"
)

func TestAFullDatabaseFailsTheCommitAndNothingOfItIsVisible(t *testing.T) {
	t.Parallel()
	db := plainPool(t, file(t), url.Values{"_pragma": {"max_page_count(120)"}, "_busy_timeout": {"10000"}})
	store, err := sqlitestore.New(t.Context(), db, nil)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, store.Close()) })
	require.NoError(t, store.Check(t.Context()))
	lease := reserve(t, store, "k")
	fill(t, db)

	large := outcome(strings.Repeat("x", 100_000))
	_, err = store.Commit(t.Context(), lease, large)
	require.ErrorContains(t, err, "sqlitestore: commit: no space is left for the database")
	require.NotErrorIs(t, err, cnerium.ErrLeaseLost)
	require.ErrorContains(t, store.Check(t.Context()), "sqlitestore: check: no space is left")
	require.Equal(t, cnerium.StateReserved, lookup(t, store, "k").State)
	events, err := store.Events(t.Context(), "", 10)
	require.NoError(t, err)
	require.Empty(t, events)

	_, err = db.Exec("DROP TABLE ballast")
	require.NoError(t, err)
	require.NoError(t, store.Check(t.Context()))
	commit(t, store, lease, large)
	requireCommitted(t, store, "k", strings.Repeat("x", 100_000))
}

// fill writes until no page is left.
func fill(t *testing.T, db *sql.DB) {
	t.Helper()
	_, err := db.Exec("CREATE TABLE ballast (data BLOB)")
	require.NoError(t, err)
	for _, size := range []int{20_000, 1000} {
		for err == nil {
			_, err = db.Exec("INSERT INTO ballast VALUES (zeroblob(?))", size)
		}
		require.ErrorContains(t, err, "full")
		err = nil
	}
}

func TestADamagedFileIsAnErrorAndNeverAbsent(t *testing.T) {
	t.Parallel()
	path := file(t)
	store := open(t, path)
	for _, key := range []string{"a", "b", "c", "d"} {
		commit(t, store, reserve(t, store, key), outcome(strings.Repeat("x", 3000)))
	}
	require.NoError(t, store.Close())
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	damaged := append(bytes.Clone(data[:4096]), bytes.Repeat([]byte{0xa5}, len(data)-4096)...)
	require.NoError(t, os.WriteFile(path, damaged, 0o600))

	_, err = sqlitestore.Open(t.Context(), path, nil)
	require.ErrorContains(t, err, "restore it from a backup")
}

func TestADamagedRecordIsAnErrorAndNeverAbsent(t *testing.T) {
	t.Parallel()
	path := file(t)
	store, err := sqlitestore.Open(t.Context(), path, uncached)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, store.Close()) })
	commit(t, store, reserve(t, store, "k"), outcome("x"))
	_, err = pool(t, path).Exec("UPDATE cnerium_records SET fingerprint = x'ff'")
	require.NoError(t, err)
	_, err = store.Lookup(t.Context(), claim("k").ID)
	require.ErrorContains(t, err, "stored record is damaged")
	_, lease, err := store.Reserve(t.Context(), claim("k"))
	require.ErrorContains(t, err, "stored record is damaged")
	require.Nil(t, lease)
}

func TestAPoolThatIsClosedBeforeItsStoreFailsEveryCall(t *testing.T) {
	t.Parallel()
	db := pool(t, file(t))
	store, err := sqlitestore.New(t.Context(), db, nil)
	require.NoError(t, err)
	require.NoError(t, store.Check(t.Context()))
	require.NoError(t, db.Close()) // by mistake, before the store
	require.Error(t, store.Check(t.Context()))
	_, err = store.Lookup(t.Context(), claim("k").ID)
	require.Error(t, err)
	require.NoError(t, store.Close())
}

func TestAnUnwritableFolderIsAnErrorThatSaysSo(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), "folder")
	require.NoError(t, os.Mkdir(folder, 0o500))
	if probe, err := os.Create(filepath.Join(folder, "probe")); err == nil {
		require.NoError(t, probe.Close())
		t.Skip("this user may write everywhere")
	}
	_, err := sqlitestore.Open(t.Context(), filepath.Join(folder, "store.db"), nil)
	require.ErrorContains(t, err, "readable and writable")
}

func TestAWaiterLeavesWhenItsContextEnds(t *testing.T) {
	t.Parallel()
	for _, path := range []string{file(t), ":memory:"} {
		// The clock is read while the turn is held, and stands still there.
		reached, resume := make(chan struct{}), make(chan struct{})
		now := func() time.Time {
			reached <- struct{}{}
			<-resume
			return time.Now()
		}
		store, err := sqlitestore.Open(t.Context(), path, &sqlitestore.Options{Now: now})
		require.NoError(t, err)
		done := make(chan error)
		go func() {
			_, _, err := store.Reserve(t.Context(), claim("k"))
			done <- err
		}()
		<-reached
		ctx, cancel := context.WithCancel(t.Context())
		waiter := make(chan error)
		go func() { waiter <- store.Check(ctx) }()
		cancel()
		require.ErrorIs(t, <-waiter, context.Canceled)
		close(resume)
		require.NoError(t, <-done)
		require.NoError(t, store.Close())
	}
}

func TestAWriteThatHasBegunIsCarriedThrough(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	now := func() time.Time {
		cancel()
		return time.Now()
	}
	store, err := sqlitestore.Open(t.Context(), file(t), &sqlitestore.Options{Now: now})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, store.Close()) })
	_, lease, err := store.Reserve(ctx, claim("k"))
	require.NoError(t, err)
	require.ErrorIs(t, ctx.Err(), context.Canceled)
	commit(t, store, lease, outcome("x"))
	requireCommitted(t, store, "k", "x")
}

func TestAPanicInTheClockLeavesTheStoreUsable(t *testing.T) {
	t.Parallel()
	broken := true
	now := func() time.Time {
		if broken {
			panic("no time")
		}
		return time.Now()
	}
	store, err := sqlitestore.Open(t.Context(), file(t), &sqlitestore.Options{Now: now})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, store.Close()) })
	require.Panics(t, func() { _, _, _ = store.Reserve(t.Context(), claim("k")) })
	broken = false
	commit(t, store, reserve(t, store, "k"), outcome("x"))
}

func TestReadsWaitForNoWriter(t *testing.T) {
	t.Parallel()
	path := file(t)
	store := open(t, path)
	commit(t, store, reserve(t, store, "k"), outcome("x"))
	tx, err := pool(t, path).Begin() // takes the write lock
	require.NoError(t, err)
	requireCommitted(t, store, "k", "x")
	_, err = store.Events(t.Context(), "", 10)
	require.NoError(t, err)
	_, err = store.Unknown(t.Context(), 10)
	require.NoError(t, err)
	require.NoError(t, tx.Rollback())
}
