package pgstore_test

import (
	"net/url"
	"os"
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cnerium/cnerium-go/internal/pgtest"
	cnerium "github.com/cnerium/cnerium-go/runtime"
	"github.com/cnerium/cnerium-go/runtime/pgstore"
)

// become waits until a query on the server answers yes.
func become(t *testing.T, m medium, query string) {
	t.Helper()
	conn := m.connect(t)
	require.Eventually(t, func() bool {
		var yes bool
		return conn.QueryRow(t.Context(), query).Scan(&yes) == nil && yes
	}, time.Minute, 10*time.Millisecond, query)
}

// synchronize lets the commits of a primary wait for the standby of a name.
func synchronize(t *testing.T, m medium, name string) {
	t.Helper()
	m.exec(t, "ALTER SYSTEM SET synchronous_standby_names = '"+name+"'")
	m.exec(t, "SELECT pg_reload_conf()")
	become(t, m, "SELECT current_setting('synchronous_standby_names') <> ''")
}

const (
	inSync  = "SELECT count(*) = 1 FROM pg_stat_replication WHERE sync_state IN ('sync', 'quorum') AND state = 'streaming'"
	alone   = "SELECT count(*) = 0 FROM pg_stat_replication"
	waiting = "SELECT count(*) = 1 FROM pg_stat_activity WHERE wait_event = 'SyncRep'"
)

// TestARequiredStandbyMustBeThereAndIsWaitedFor has a standby come and go.
func TestARequiredStandbyMustBeThereAndIsWaitedFor(t *testing.T) {
	t.Parallel()
	primary := pgtest.NewCluster(t)
	m := medium{url: primary.URL(), schema: "cnerium"}
	m.open(t, pgstore.Options{}) // makes the schema
	opts := pgstore.Options{RequireSynchronousStandby: true}
	refuses := func(text string) {
		t.Helper()
		_, err := pgstore.Open(t.Context(), m.url, &opts)
		require.ErrorContains(t, err, text)
	}
	refuses("synchronous_standby_names is empty")
	standby := primary.Standby(t, "standby")
	refuses("synchronous_standby_names is empty") // it is there, and nobody waits for it
	synchronize(t, m, "other")
	refuses("no synchronous standby is connected") // what is waited for is another one
	synchronize(t, m, "standby")
	become(t, m, inSync)
	store := m.open(t, opts)
	require.NoError(t, store.Check(t.Context()))

	standby.Stop(t, pgtest.Fast)
	become(t, m, alone)
	require.ErrorContains(t, store.Check(t.Context()), "no synchronous standby is connected")
	done := make(chan error, 1)
	go func() {
		_, _, err := store.Reserve(t.Context(), claim("k"))
		done <- err
	}()
	become(t, m, waiting)
	require.Empty(t, done, "what only the primary has is not acknowledged")
	standby.Start(t)
	require.NoError(t, <-done)
	require.Equal(t, cnerium.StateReserved, lookup(t, store, "k").State)
}

// TestARoleSeesTheRequiredStandbyWithPgMonitor has the role that is documented,
// which may not see replication.
func TestARoleSeesTheRequiredStandbyWithPgMonitor(t *testing.T) {
	t.Parallel()
	primary := pgtest.NewCluster(t)
	m := medium{url: primary.URL(), schema: "cnerium"}
	m.open(t, pgstore.Options{})
	primary.Standby(t, "standby")
	synchronize(t, m, "ANY 1 (standby, other)")
	become(t, m, inSync)
	role, roleURL := primary.Role(t, m.url)
	m.exec(t, "GRANT USAGE ON SCHEMA cnerium TO "+role)
	m.exec(t, "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA cnerium TO "+role)
	m.exec(t, "GRANT SELECT, USAGE ON ALL SEQUENCES IN SCHEMA cnerium TO "+role)
	opts := pgstore.Options{RequireSynchronousStandby: true}
	_, err := pgstore.Open(t.Context(), roleURL, &opts)
	require.ErrorContains(t, err, "pg_monitor")
	m.exec(t, "GRANT pg_monitor TO "+role)
	store := medium{url: roleURL, schema: m.schema}.open(t, opts)
	commit(t, store, reserve(t, store, "k"), outcome("k"))
}

// epochStatement is what docs/scale.md says to do when commits were lost.
func epochStatement(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../../docs/scale.md")
	require.NoError(t, err)
	found := regexp.MustCompile(`(?m)^UPDATE cnerium\.meta SET epoch = .*;$`).Find(text)
	require.NotEmpty(t, found)
	return string(found)
}

// TestAStandbyIsRefusedUntilItIsPromoted loses the primary, with what the
// standby had not got, and gives the store a new epoch as docs/scale.md says.
func TestAStandbyIsRefusedUntilItIsPromoted(t *testing.T) {
	t.Parallel()
	primary := pgtest.NewCluster(t)
	m := medium{url: primary.URL(), schema: "cnerium"}
	store := m.open(t, pgstore.Options{})
	standby := primary.Standby(t, "standby")
	become(t, m, "SELECT count(*) = 1 FROM pg_stat_replication WHERE state = 'streaming'")
	kept := commit(t, store, reserve(t, store, "kept"), outcome("kept"))
	require.NoError(t, store.MarkPublished(t.Context(), "mail", kept))
	become(t, m, "SELECT pg_current_wal_lsn() = replay_lsn FROM pg_stat_replication")
	_, err := pgstore.Open(t.Context(), standby.URL(), nil)
	require.ErrorContains(t, err, "standby")

	// With both in the URL it finds the primary, whichever comes first.
	u, err := url.Parse(standby.URL())
	require.NoError(t, err)
	other, err := url.Parse(m.url)
	require.NoError(t, err)
	u.Host += "," + other.Host
	both := medium{url: u.String(), schema: m.schema}
	requireCommitted(t, both.open(t, pgstore.Options{}), "kept", "kept")

	standby.Stop(t, pgtest.Fast) // it falls behind
	lost := commit(t, store, reserve(t, store, "lost"), outcome("lost"))
	primary.Stop(t, pgtest.Immediate)
	standby.Start(t)
	standby.Exec(t, "SELECT pg_promote()")
	standby.Exec(t, epochStatement(t))

	store = both.open(t, pgstore.Options{})
	requireCommitted(t, store, "kept", "kept")
	require.Equal(t, cnerium.StateAbsent, lookup(t, store, "lost").State)
	next := commit(t, store, reserve(t, store, "other"), outcome("other"))
	for _, cursor := range []string{kept, lost} {
		_, err = store.Events(t.Context(), cursor, 10)
		require.ErrorIs(t, err, cnerium.ErrCursor)
	}
	mark, err := store.Published(t.Context(), "mail")
	require.NoError(t, err)
	events, err := store.Events(t.Context(), mark, 10)
	require.NoError(t, err, "a publisher goes on where it was")
	require.Len(t, events, 1)
	require.Equal(t, next, events[0].Cursor)
}

func TestAPromiseThatPortableCannotKeepIsRefused(t *testing.T) {
	t.Parallel()
	server := pgtest.Start(t)
	_, err := pgstore.Open(t.Context(), server.Database(t), &pgstore.Options{Portable: true, RequireSynchronousStandby: true})
	require.ErrorContains(t, err, "RequireSynchronousStandby cannot be kept")
}
