package main

import (
	"context"
	"net/url"
	"testing"
	"time"

	"github.com/cnerium/cnerium-go/internal/raced"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/cnerium/cnerium-go/internal/pgtest"
)

// either returns the URL by which a client finds whichever of two servers is
// the primary.
func either(t *testing.T, primary, standby string) string {
	t.Helper()
	one, err := url.Parse(primary)
	require.NoError(t, err)
	two, err := url.Parse(standby)
	require.NoError(t, err)
	one.Host += "," + two.Host
	return with(t, one.String(), "target_session_attrs", "read-write")
}

// with adds a parameter to a database's URL.
func with(t *testing.T, place, name, value string) string {
	t.Helper()
	u, err := url.Parse(place)
	require.NoError(t, err)
	query := u.Query()
	query.Set(name, value)
	u.RawQuery = query.Encode()
	return u.String()
}

func connect(t *testing.T, url string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

// synchronous lets the primary wait at each commit until the standby has it.
func synchronous(t *testing.T, primary *pgtest.Server) {
	t.Helper()
	primary.Exec(t, "ALTER SYSTEM SET synchronous_standby_names = 'standby'")
	primary.Exec(t, "SELECT pg_reload_conf()")
	conn := connect(t, primary.URL())
	require.Eventually(t, func() bool {
		var n int
		err := conn.QueryRow(t.Context(), "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'").Scan(&n)
		return err == nil && n == 1
	}, time.Minute, 10*time.Millisecond)
}

// promote makes a standby the primary.
func promote(t *testing.T, standby *pgtest.Server) {
	t.Helper()
	_, err := connect(t, standby.URL()).Exec(t.Context(), "SELECT pg_promote()")
	require.NoError(t, err)
}

// TestNodesGoOnAtThePromotedSynchronousStandby loses the primary under load: no
// answer is lost, and no event.
func TestNodesGoOnAtThePromotedSynchronousStandby(t *testing.T) {
	t.Parallel()
	raced.Skip(t, "nodes that lose their database are seen by another test")
	primary := pgtest.NewCluster(t)
	standby := primary.Standby(t, "standby")
	synchronous(t, primary)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	f := newFleet(t, either(t, primary.URL(), standby.URL()))
	f.run(ctx, t, func() {
		f.await(ctx, t, 50)
		primary.Stop(t, pgtest.Immediate)
		promote(t, standby)
		for node := range nodeCount {
			f.await(ctx, t, 20)
			f.killNode(t, node) // the one in its place has never seen the old primary
		}
	})
}

// TestPromotedAsynchronousStandbyMayLackTheLastAnswers shows what
// docs/scale.md warns of.
func TestPromotedAsynchronousStandbyMayLackTheLastAnswers(t *testing.T) {
	t.Parallel()
	raced.Skip(t, "nodes that lose their database are seen by another test")
	primary := pgtest.NewCluster(t)
	standby := primary.Standby(t, "standby")
	node := launch(t, either(t, primary.URL(), standby.URL()))
	require.Equal(t, twoOfP1Answer, node.post(t, "/orders", "k1", twoOfP1).body)
	standby.Stop(t, pgtest.Fast) // it falls behind
	require.Equal(t, 201, node.post(t, "/orders", "k2", twoOfP1).status)
	primary.Stop(t, pgtest.Immediate)
	node.kill(t)
	standby.Start(t)
	promote(t, standby)

	node = launch(t, either(t, primary.URL(), standby.URL()))
	require.Len(t, node.rows(t), 1)
	require.Empty(t, node.post(t, "/orders", "k2", twoOfP1).replayed(), "the order that was answered has to be placed again")
	node.terminate(t)
}
