package sqlitestore_test

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	_ "modernc.org/sqlite"

	cnerium "github.com/cnerium/cnerium-go/runtime"
	"github.com/cnerium/cnerium-go/runtime/sqlitestore"
)

func TestOpenTakesAnyFileName(t *testing.T) {
	t.Parallel()
	for _, name := range []string{
		"plain.db", "with space.db", "what?.db", "100%.db", "%41.db", "a#b.db", "a&b=c.db", "a+b.db", "caf\u00e9.db",
		"quote'\".db", "semi;colon.db", "?", "#", "%", "a?mode=memory", ":memory", "no-suffix",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), name)
			store := open(t, path)
			commit(t, store, reserve(t, store, "k"), outcome("first"))
			info, err := os.Stat(path)
			require.NoError(t, err)
			require.Positive(t, info.Size())
			requireCommitted(t, open(t, path), "k", "first")
		})
	}
}

func TestOpenKeepsARelativePathWhenTheWorkingDirectoryChanges(t *testing.T) {
	folder := t.TempDir()
	t.Chdir(folder)
	store := open(t, "store.db")
	t.Chdir(t.TempDir())
	commit(t, store, reserve(t, store, "k"), outcome("first"))
	requireCommitted(t, store, "k", "first")
	require.FileExists(t, filepath.Join(folder, "store.db"))
	require.NoFileExists(t, "store.db")
}

func TestOpenSaysWhatIsWrongWithThePath(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	garbage := filepath.Join(folder, "garbage.db")
	require.NoError(t, os.WriteFile(garbage, []byte("this was never a database, not for one moment\n"), 0o600))
	for path, want := range map[string]string{
		folder:                                   "is a folder",
		filepath.Join(folder, "missing", "x.db"): "does not exist: create it",
		filepath.Join(garbage, "x.db"):           "garbage.db is not a folder",
		garbage:                                  "not an SQLite database",
		"":                                       "the path is empty",
		"zero\x00byte":                           "zero byte",
		"file:x.db":                              "use New",
		filepath.Join(garbage, "below", "deep.db"): "not a directory",
	} {
		store, err := sqlitestore.Open(t.Context(), path, nil)
		require.Nil(t, store)
		require.ErrorContains(t, err, "sqlitestore: open "+path)
		require.ErrorContains(t, err, want)

		_, err = sqlitestore.OpenDB(t.Context(), path)
		require.ErrorContains(t, err, want)
	}
	kept, err := os.ReadFile(garbage)
	require.NoError(t, err)
	require.Equal(t, "this was never a database, not for one moment\n", string(kept))
}

func TestOpenGivesUpWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := sqlitestore.Open(ctx, file(t), nil)
	require.ErrorIs(t, err, context.Canceled)
	_, err = sqlitestore.OpenDB(ctx, ":memory:")
	require.ErrorIs(t, err, context.Canceled)
}

func TestNewRefusesADatabaseThatCannotBeWritten(t *testing.T) {
	t.Parallel()
	path := file(t)
	require.NoError(t, open(t, path).Close())
	db := plainPool(t, path, url.Values{"mode": {"ro"}})
	_, err := sqlitestore.New(t.Context(), db, nil)
	require.ErrorContains(t, err, "sqlitestore: new: the database cannot be written")
}

func TestNewRefusesAPoolOfOneConnection(t *testing.T) {
	t.Parallel()
	db := pool(t, file(t))
	db.SetMaxOpenConns(1)
	_, err := sqlitestore.New(t.Context(), db, nil)
	require.ErrorContains(t, err, "raise SetMaxOpenConns")
}

func TestNewRefusesConnectionsThatEachHaveTheirOwnDatabase(t *testing.T) {
	t.Parallel()
	db, err := sql.Open("sqlite", ":memory:")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	_, err = sqlitestore.New(t.Context(), db, nil)
	require.ErrorContains(t, err, "do not share one database")
}

func TestNewMakesAPoolWithOtherSettingsDurable(t *testing.T) {
	t.Parallel()
	path := file(t)
	db := plainPool(t, path, url.Values{"_synchronous": {"OFF"}, "_foreign_keys": {"off"}})
	store, err := sqlitestore.New(t.Context(), db, nil)
	require.NoError(t, err)
	var mode string
	require.NoError(t, pool(t, path).QueryRow("PRAGMA journal_mode").Scan(&mode))
	require.Equal(t, "wal", mode)
	require.NoError(t, store.Close())

	// The connection of the store is not handed back with its settings.
	for range 3 {
		var synchronous int
		require.NoError(t, db.QueryRow("PRAGMA synchronous").Scan(&synchronous))
		require.Zero(t, synchronous)
	}
}

func TestCloseLeavesTheApplicationsPoolOpen(t *testing.T) {
	t.Parallel()
	for _, path := range []string{file(t), ":memory:"} {
		db := pool(t, path)
		_, err := db.Exec("CREATE TABLE orders (id TEXT)")
		require.NoError(t, err)
		for i := range 3 {
			store, err := sqlitestore.New(t.Context(), db, nil)
			require.NoError(t, err)
			commit(t, store, reserve(t, store, fmt.Sprint(i)), outcome("x"))
			require.NoError(t, store.Close())
			require.NoError(t, store.Close())
			require.Error(t, store.Check(t.Context()))
			_, err = db.Exec("INSERT INTO orders VALUES ('1')")
			require.NoError(t, err)
		}
		require.Zero(t, db.Stats().InUse)
	}
}

func TestOpenDBSetsEachConnectionUp(t *testing.T) {
	t.Parallel()
	db := pool(t, file(t))
	for range 3 {
		conn, err := db.Conn(t.Context()) // held, so that each is another one
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, conn.Close()) })
		for pragma, want := range map[string]string{
			"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1", "busy_timeout": "10000",
		} {
			var got string
			require.NoError(t, conn.QueryRowContext(t.Context(), "PRAGMA "+pragma).Scan(&got))
			require.Equal(t, want, got, pragma)
		}
	}
}

func TestOpenDBWritesTimesThatSQLiteReads(t *testing.T) {
	t.Parallel()
	db := pool(t, ":memory:")
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	var seconds int64
	require.NoError(t, db.QueryRow("SELECT unixepoch(?)", at).Scan(&seconds))
	require.Equal(t, at.Unix(), seconds)
}

func TestTwoDatabasesInMemoryAreApart(t *testing.T) {
	t.Parallel()
	first, second := open(t, ":memory:"), open(t, ":memory:")
	commit(t, first, reserve(t, first, "k"), outcome("first"))
	require.Equal(t, cnerium.StateAbsent, lookup(t, second, "k").State)
}

func TestADatabaseInMemoryOutlivesIdleConnections(t *testing.T) {
	t.Parallel()
	db := pool(t, ":memory:")
	_, err := db.Exec("CREATE TABLE orders (id TEXT)")
	require.NoError(t, err)
	db.SetMaxIdleConns(0)
	_, err = db.Exec("INSERT INTO orders VALUES ('1')")
	require.NoError(t, err)
}

func TestManyStoresMayOpenOneNewFileAtOnce(t *testing.T) {
	t.Parallel()
	path := file(t)
	var wg sync.WaitGroup
	stores, errs := make([]*sqlitestore.Store, 12), make([]error, 12)
	for i := range stores {
		wg.Go(func() { stores[i], errs[i] = sqlitestore.Open(t.Context(), path, nil) })
	}
	wg.Wait()
	for i, store := range stores {
		require.NoError(t, errs[i])
		commit(t, store, reserve(t, store, fmt.Sprint(i)), outcome("x"))
	}
	for i, store := range stores {
		requireCommitted(t, stores[0], fmt.Sprint(i), "x")
		t.Cleanup(func() { require.NoError(t, store.Close()) })
	}
}

// plainPool opens a file as an application does that does not know OpenDB.
func plainPool(t *testing.T, path string, query url.Values) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+path+"?"+query.Encode())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return db
}
