package sqlitestore_test

import (
	"database/sql"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	cnerium "github.com/cnerium/cnerium-go/runtime"
	"github.com/cnerium/cnerium-go/runtime/sqlitestore"
	"github.com/cnerium/cnerium-go/runtime/storetest"
)

func TestStoreInAFileKeepsTheLaw(t *testing.T) {
	t.Parallel()
	storetest.Run(t, storetest.Config{
		Open: func(t *testing.T, now func() time.Time) cnerium.Store {
			return openFile(t, filepath.Join(t.TempDir(), "store.db"), now)
		},
		Join: func(t *testing.T, store cnerium.Store, now func() time.Time) cnerium.Store {
			return openFile(t, store.(fileStore).path, now)
		},
	})
}

func TestStoreInMemoryKeepsTheLaw(t *testing.T) {
	t.Parallel()
	storetest.Run(t, storetest.Config{
		Open: func(t *testing.T, now func() time.Time) cnerium.Store {
			return openFile(t, ":memory:", now)
		},
	})
}

func TestStoreInTheApplicationsPoolKeepsTheLaw(t *testing.T) {
	t.Parallel()
	storetest.Run(t, storetest.Config{
		Open: func(t *testing.T, now func() time.Time) cnerium.Store {
			return openPool(t, filepath.Join(t.TempDir(), "store.db"), now)
		},
		Join: joinPool,
	})
}

func TestStoreInTheApplicationsPoolInMemoryKeepsTheLaw(t *testing.T) {
	t.Parallel()
	storetest.Run(t, storetest.Config{
		Open: func(t *testing.T, now func() time.Time) cnerium.Store { return openPool(t, ":memory:", now) },
		Join: joinPool,
	})
}

// fileStore remembers where it is, to be joined.
type fileStore struct {
	cnerium.Store
	path string
}

func openFile(t *testing.T, path string, now func() time.Time) cnerium.Store {
	store, err := sqlitestore.Open(t.Context(), path, &sqlitestore.Options{Now: now})
	require.NoError(t, err)
	return fileStore{Store: store, path: path}
}

// poolStore remembers its pool, to be joined.
type poolStore struct {
	cnerium.Store
	db *sql.DB
}

func openPool(t *testing.T, path string, now func() time.Time) cnerium.Store {
	db, err := sqlitestore.OpenDB(t.Context(), path)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return joinPool(t, poolStore{db: db}, now)
}

func joinPool(t *testing.T, store cnerium.Store, now func() time.Time) cnerium.Store {
	db := store.(poolStore).db
	joined, err := sqlitestore.New(t.Context(), db, &sqlitestore.Options{Now: now})
	require.NoError(t, err)
	return poolStore{Store: joined, db: db}
}
