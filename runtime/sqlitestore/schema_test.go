package sqlitestore_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cnerium/cnerium-go/runtime/sqlitestore"
)

func TestANewerSchemaIsRefusedAndLeftAlone(t *testing.T) {
	t.Parallel()
	path := file(t)
	store := open(t, path)
	require.NoError(t, store.Commit(t.Context(), reserve(t, store, "k"), outcome("first")))
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
	for query, index := range map[string]string{
		"SELECT id FROM cnerium_records WHERE state = 'committed' AND expires_at <= 1 ORDER BY expires_at LIMIT 1":  "cnerium_records_by_expiry",
		"SELECT id FROM cnerium_records WHERE state = 'reserved' AND lease_until <= 1 ORDER BY lease_until LIMIT 1": "cnerium_records_by_lease",
	} {
		var id, parent, notUsed int
		var detail string
		require.NoError(t, pool(t, path).QueryRow("EXPLAIN QUERY PLAN "+query).Scan(&id, &parent, &notUsed, &detail))
		require.Contains(t, detail, index)
	}
}
