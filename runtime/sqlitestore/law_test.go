package sqlitestore_test

import (
	"context"
	"database/sql"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/cnerium/cnerium-go/internal/raced"
	"github.com/stretchr/testify/require"

	cnerium "github.com/cnerium/cnerium-go/runtime"
	"github.com/cnerium/cnerium-go/runtime/sqlitestore"
	"github.com/cnerium/cnerium-go/runtime/storetest"
)

// notRaced skips what the race detector has no need to see again.
func notRaced(t *testing.T) {
	t.Helper()
	raced.Skip(t, "it sees the law kept in a file")
}

// onlyLong skips a combination of what other tests see by itself.
func onlyLong(t *testing.T) {
	t.Helper()
	if !*long {
		t.Skip("a long campaign: run it with -cnerium.long")
	}
}

func TestStoreInAFileKeepsTheLaw(t *testing.T) {
	t.Parallel()
	storetest.Run(t, inFile)
}

func TestStoreWithoutACacheKeepsTheLaw(t *testing.T) {
	t.Parallel()
	onlyLong(t)
	storetest.Run(t, inFileUncached)
}

func TestStoreInMemoryKeepsTheLaw(t *testing.T) {
	t.Parallel()
	notRaced(t)
	storetest.Run(t, inMemory)
}

func TestStoreInTheApplicationsPoolKeepsTheLaw(t *testing.T) {
	t.Parallel()
	notRaced(t)
	storetest.Run(t, inPool)
}

func TestStoreInTheApplicationsPoolInMemoryKeepsTheLaw(t *testing.T) {
	t.Parallel()
	onlyLong(t)
	storetest.Run(t, inPoolInMemory)
}

var (
	inFile = storetest.Config{
		Open: func(t *testing.T, now func() time.Time) cnerium.Store {
			return openFile(t, filepath.Join(t.TempDir(), "store.db"), now)
		},
		Join: func(t *testing.T, store cnerium.Store, now func() time.Time) cnerium.Store {
			return openFile(t, store.(fileStore).path, now)
		},
		Write: writeRow,
		Rows:  rowsByFile,
	}
	inFileUncached = storetest.Config{
		Open: func(t *testing.T, now func() time.Time) cnerium.Store {
			return openUncached(t, filepath.Join(t.TempDir(), "store.db"), now)
		},
		Join: func(t *testing.T, store cnerium.Store, now func() time.Time) cnerium.Store {
			return openUncached(t, store.(fileStore).path, now)
		},
		Write: writeRow,
		Rows:  rowsByFile,
	}
	inMemory = storetest.Config{
		Open: func(t *testing.T, now func() time.Time) cnerium.Store {
			return openFile(t, ":memory:", now)
		},
		Write: writeRow,
		Rows:  rowsByTransaction,
	}
	inPool = storetest.Config{
		Open: func(t *testing.T, now func() time.Time) cnerium.Store {
			return openPool(t, filepath.Join(t.TempDir(), "store.db"), now)
		},
		Join:  joinPool,
		Write: writeRow,
		Rows:  rowsByPool,
	}
	inPoolInMemory = storetest.Config{
		Open:  func(t *testing.T, now func() time.Time) cnerium.Store { return openPool(t, ":memory:", now) },
		Join:  joinPool,
		Write: writeRow,
		Rows:  rowsByTransaction, // another connection would find the table locked
	}
)

// lawful are the options that the law asks for.
func lawful(now func() time.Time) *sqlitestore.Options {
	return &sqlitestore.Options{
		Now:                  now,
		EventRetention:       storetest.EventRetention,
		UnpublishedRetention: storetest.UnpublishedRetention,
		MaxEvents:            storetest.MaxEvents,
	}
}

// writeRow writes a row of the application in a handler's transaction.
func writeRow(ctx context.Context, row string) error {
	tx := sqlitestore.TxFrom(ctx)
	if _, err := tx.ExecContext(ctx, "CREATE TABLE IF NOT EXISTS app_rows (row TEXT)"); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, "INSERT INTO app_rows VALUES (?)", row)
	return err
}

// rowsByPool reads the rows as any other part of the application would.
func rowsByPool(ctx context.Context, store cnerium.Store) ([]string, error) {
	return readRows(ctx, store.(poolStore).db)
}

// rowsByFile reads the rows as another process would.
func rowsByFile(ctx context.Context, store cnerium.Store) ([]string, error) {
	db, err := sqlitestore.OpenDB(ctx, store.(fileStore).path)
	if err != nil {
		return nil, err
	}
	rows, err := readRows(ctx, db)
	return rows, errors.Join(err, db.Close())
}

// rowsByTransaction reads the rows in a transaction that is undone.
func rowsByTransaction(ctx context.Context, store cnerium.Store) ([]string, error) {
	var rows []string
	var failed error
	c := claim("reads the rows")
	_, err := store.(cnerium.Transactor).Transact(ctx, c, func(ctx context.Context, _ int) (cnerium.Outcome, error) {
		rows, failed = readRows(ctx, sqlitestore.TxFrom(ctx))
		return cnerium.Outcome{}, errUndo
	})
	if !errors.Is(err, errUndo) {
		return nil, err
	}
	return rows, failed
}

var errUndo = errors.New("undo")

// querier is what a pool and a transaction have in common.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

func readRows(ctx context.Context, q querier) ([]string, error) {
	found, err := q.QueryContext(ctx, "SELECT row FROM app_rows ORDER BY rowid")
	if err != nil {
		if strings.Contains(err.Error(), "no such table") {
			return nil, nil
		}
		return nil, err
	}
	var rows []string
	for found.Next() {
		var row string
		if err := found.Scan(&row); err != nil {
			return nil, errors.Join(err, found.Close())
		}
		rows = append(rows, row)
	}
	return rows, errors.Join(found.Err(), found.Close())
}

// fileStore remembers where it is, to be joined.
type fileStore struct {
	*sqlitestore.Store
	path string
}

func openFile(t *testing.T, path string, now func() time.Time) cnerium.Store {
	store, err := sqlitestore.Open(t.Context(), path, lawful(now))
	require.NoError(t, err)
	return fileStore{Store: store, path: path}
}

func openUncached(t *testing.T, path string, now func() time.Time) cnerium.Store {
	options := lawful(now)
	options.CacheBytes = uncached.CacheBytes
	store, err := sqlitestore.Open(t.Context(), path, options)
	require.NoError(t, err)
	return fileStore{Store: store, path: path}
}

// poolStore remembers its pool, to be joined.
type poolStore struct {
	*sqlitestore.Store
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
	options := lawful(now)
	options.CacheBytes = uncached.CacheBytes // so that the database is read
	joined, err := sqlitestore.New(t.Context(), db, options)
	require.NoError(t, err)
	return poolStore{Store: joined, db: db}
}
