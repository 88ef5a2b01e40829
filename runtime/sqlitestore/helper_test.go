package sqlitestore_test

import (
	"database/sql"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	cnerium "github.com/cnerium/cnerium-go/runtime"
	"github.com/cnerium/cnerium-go/runtime/sqlitestore"
)

func claim(key string) cnerium.Claim {
	return cnerium.Claim{
		ID:          cnerium.ID{Scope: "tenant", Operation: "orders.create", Key: key},
		Fingerprint: cnerium.Fingerprint{1},
		Lease:       time.Minute,
	}
}

func outcome(body string) cnerium.Outcome {
	return cnerium.Outcome{
		Response:  cnerium.Bytes(201, "application/json", []byte(body)).Stored(),
		Events:    []cnerium.Event{{Operation: "orders.create", Type: "order.created", Data: []byte("{}")}},
		Retention: time.Hour,
	}
}

// uncached are the options of a store whose every read is one of the database.
var uncached = &sqlitestore.Options{CacheBytes: -1}

// file returns a path in a folder that goes away with the test.
func file(t testing.TB) string {
	t.Helper()
	return filepath.Join(t.TempDir(), "store.db")
}

func open(t testing.TB, path string) *sqlitestore.Store {
	t.Helper()
	store, err := sqlitestore.Open(t.Context(), path, nil)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, store.Close()) })
	return store
}

func pool(t testing.TB, path string) *sql.DB {
	t.Helper()
	db, err := sqlitestore.OpenDB(t.Context(), path)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return db
}

func reserve(t testing.TB, store cnerium.Store, key string) *cnerium.Lease {
	t.Helper()
	_, lease, err := store.Reserve(t.Context(), claim(key))
	require.NoError(t, err)
	require.NotNil(t, lease)
	return lease
}

// commit returns the cursor of the last event.
func commit(t testing.TB, store cnerium.Store, lease *cnerium.Lease, o cnerium.Outcome) string {
	t.Helper()
	cursor, err := store.Commit(t.Context(), lease, o)
	require.NoError(t, err)
	return cursor
}

func requireCommitted(t testing.TB, store cnerium.Store, key, body string) {
	t.Helper()
	record := lookup(t, store, key)
	require.Equal(t, cnerium.StateCommitted, record.State)
	require.Equal(t, body, record.Response.Body)
}

func lookup(t testing.TB, store cnerium.Store, key string) cnerium.Record {
	t.Helper()
	record, err := store.Lookup(t.Context(), claim(key).ID)
	require.NoError(t, err)
	return record
}
