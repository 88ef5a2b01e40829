package sqlitestore_test

import (
	"database/sql"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	cnerium "github.com/cnerium/cnerium-go/runtime"
	"github.com/cnerium/cnerium-go/runtime/sqlitestore"
)

// versionTwo makes a database as the second version of the schema had it.
func versionTwo(t *testing.T, path string, published int) *sql.DB {
	t.Helper()
	db := pool(t, path)
	run := func(script string, args ...any) {
		_, err := db.ExecContext(t.Context(), script, args...)
		require.NoError(t, err)
	}
	run("CREATE TABLE cnerium_schema (version INTEGER PRIMARY KEY, applied_at INTEGER NOT NULL DEFAULT 1) STRICT")
	for i, name := range []string{"0001_initial", "0002_boots"} {
		script, err := os.ReadFile("schema/" + name + ".sql")
		require.NoError(t, err)
		run(string(script))
		run("INSERT INTO cnerium_schema (version) VALUES (?)", i+1)
	}
	run(`INSERT INTO cnerium_events (committed_at, emitted_at, operation, room, type, data)
		VALUES (?1, 1, 'o', '', 't', x'31'), (?1, 2, 'o', 'r', 't', x'32'), (?1, 3, 'o', '', 't', x'33')`,
		time.Now().Add(-48*time.Hour).UnixMilli()) // published ones may go
	run("DELETE FROM cnerium_events WHERE offset = 1")
	run("UPDATE cnerium_meta SET removed = 1, published = ?", published)
	run(`INSERT INTO cnerium_records (scope, operation, key, fingerprint, state, token, attempt, since, expires_at, status, body, event)
		VALUES ('tenant', 'orders.create', 'k', zeroblob(32), 'committed', 1, 1, 1000, ?, 201, CAST('first' AS BLOB), 3)`,
		time.Now().Add(time.Hour).UnixMilli())
	return db
}

func TestADatabaseOfTheVersionWithOnePublisherGoesOn(t *testing.T) {
	t.Parallel()
	path := file(t)
	require.NoError(t, versionTwo(t, path, 2).Close())
	store := open(t, path)
	ctx := t.Context()

	record := lookup(t, store, "k")
	require.Equal(t, "first", record.Response.Body)
	events, err := store.Events(ctx, "", 10)
	require.NoError(t, err)
	require.Len(t, events, 2)
	require.Equal(t, record.Cursor, events[1].Cursor)
	want := cnerium.Event{
		ID: events[0].Cursor, Cursor: events[0].Cursor,
		Operation: "o", Room: "r", Type: "t", Time: time.UnixMilli(2).UTC(), Data: []byte("2"),
	}
	require.Equal(t, want, events[0])

	mark := published(t, store)
	require.Equal(t, events[0].Cursor, mark)
	require.Equal(t, 1, sweep(t, store), "only what was published may go")
	rest, err := store.Events(ctx, mark, 10)
	require.NoError(t, err)
	require.Equal(t, events[1:], rest)

	next := outcome("second")
	next.Events[0].Subject = "order 2"
	cursor := commit(t, store, reserve(t, store, "next"), next)
	require.NoError(t, store.MarkPublished(ctx, "", rest[0].Cursor))
	rest, err = store.Events(ctx, rest[0].Cursor, 10)
	require.NoError(t, err)
	require.Len(t, rest, 1)
	require.Equal(t, cursor, rest[0].Cursor)
	require.Equal(t, "order 2", rest[0].Subject)
}

func TestADatabaseInWhichNothingWasPublishedGetsNoMark(t *testing.T) {
	t.Parallel()
	path := file(t)
	require.NoError(t, versionTwo(t, path, 0).Close())
	store := open(t, path)
	require.Empty(t, published(t, store))
	events, err := store.Events(t.Context(), "", 10)
	require.NoError(t, err)
	require.Len(t, events, 2)
}

func published(t *testing.T, store cnerium.Store) string {
	t.Helper()
	cursor, err := store.Published(t.Context(), "")
	require.NoError(t, err)
	return cursor
}

func TestANewerSchemaIsRefusedAndLeftAlone(t *testing.T) {
	t.Parallel()
	path := file(t)
	store := open(t, path)
	commit(t, store, reserve(t, store, "k"), outcome("first"))
	require.NoError(t, store.Close())

	db := pool(t, path)
	_, err := db.Exec("INSERT INTO cnerium_schema (version) VALUES (1000)")
	require.NoError(t, err)
	for range 2 {
		_, err = sqlitestore.Open(t.Context(), path, nil)
		require.ErrorIs(t, err, sqlitestore.ErrNewerSchema)
		require.ErrorContains(t, err, "version 1000")
		_, err = sqlitestore.New(t.Context(), db, nil)
		require.ErrorIs(t, err, sqlitestore.ErrNewerSchema)
	}
	_, err = db.Exec("DELETE FROM cnerium_schema WHERE version = 1000")
	require.NoError(t, err)
	requireCommitted(t, open(t, path), "k", "first")
}

func TestOpeningAgainAppliesNoMigrationTwice(t *testing.T) {
	t.Parallel()
	path := file(t)
	for range 3 {
		require.NoError(t, open(t, path).Close())
	}
	var versions, highest int
	row := pool(t, path).QueryRow("SELECT count(*), max(version) FROM cnerium_schema WHERE applied_at > 0")
	require.NoError(t, row.Scan(&versions, &highest))
	require.Positive(t, versions)
	require.Equal(t, versions, highest)
}

func TestAFailedMigrationLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	path := file(t)
	db := pool(t, path)
	_, err := db.Exec("CREATE TABLE cnerium_events (mine TEXT)") // in the way of ours
	require.NoError(t, err)
	_, err = sqlitestore.New(t.Context(), db, nil)
	require.ErrorContains(t, err, "migrate to version 1")
	var tables int
	require.NoError(t, db.QueryRow("SELECT count(*) FROM sqlite_schema WHERE name = 'cnerium_records'").Scan(&tables))
	require.Zero(t, tables)

	_, err = db.Exec("DROP TABLE cnerium_events")
	require.NoError(t, err)
	store, err := sqlitestore.New(t.Context(), db, nil)
	require.NoError(t, err)
	require.NoError(t, store.Close())
}

func TestSweepAndTheListOfUnknownRecordsUseTheirIndexes(t *testing.T) {
	t.Parallel()
	path := file(t)
	open(t, path)
	events := "SELECT offset FROM cnerium_events WHERE offset > 1 AND offset <= 9 AND committed_at > 1 " +
		"AND (committed_at > 2 AND offset > 3 OR offset > 4) ORDER BY offset LIMIT 1"
	for query, index := range map[string]string{
		events: "USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)",
		"SELECT id FROM cnerium_records WHERE state = 'committed' AND expires_at <= 1 ORDER BY expires_at LIMIT 1":  "cnerium_records_by_expiry",
		"SELECT id FROM cnerium_records WHERE state = 'reserved' AND lease_until <= 1 ORDER BY lease_until LIMIT 1": "cnerium_records_by_lease",
	} {
		var id, parent, notUsed int
		var detail string
		require.NoError(t, pool(t, path).QueryRow("EXPLAIN QUERY PLAN "+query).Scan(&id, &parent, &notUsed, &detail))
		require.Contains(t, detail, index)
	}
}
