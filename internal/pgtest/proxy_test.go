package pgtest_test

import (
	"context"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/cnerium/cnerium-go/internal/pgtest"
)

// insert writes one row in a statement of its own. Its messages to the server
// are Parse, Bind, Describe, Execute and Sync.
func insert(ctx context.Context, conn *pgx.Conn, n int) error {
	_, err := conn.Exec(ctx, "INSERT INTO rows VALUES ($1)", pgx.QueryExecModeExec, n)
	return err
}

// proxied returns a proxy to a database with an empty table, and a connection
// that does not go through it.
func proxied(t *testing.T) (*pgtest.Proxy, *pgx.Conn) {
	t.Helper()
	url := pgtest.Start(t).Database(t)
	direct := connect(t, url)
	_, err := direct.Exec(t.Context(), "CREATE TABLE rows (n int PRIMARY KEY)")
	require.NoError(t, err)
	return pgtest.NewProxy(t, url), direct
}

func names(steps []pgtest.Step, side pgtest.Side) []string {
	var names []string
	for _, step := range steps {
		if step.Side == side {
			names = append(names, step.String())
		}
	}
	return names
}

func TestProxyRecordsTheStepsOfAnOperation(t *testing.T) {
	t.Parallel()
	proxy, _ := proxied(t)
	conn := connect(t, proxy.URL())
	steps := proxy.Record(func() { require.NoError(t, insert(t.Context(), conn, 1)) })
	require.Equal(t, []string{"client Parse", "client Bind", "client Describe", "client Execute", "client Sync"}, names(steps, pgtest.Client))
	require.Equal(t, []string{
		"backend ParseComplete", "backend BindComplete", "backend NoData", "backend CommandComplete", "backend ReadyForQuery",
	}, names(steps, pgtest.Backend))
	require.Len(t, pgtest.Points(steps), 2*len(steps))
}

// TestProxyCutsBeforeAndAfterEachStep cuts an INSERT everywhere. It has run
// exactly when its Sync has reached the server, and the client knows it exactly
// when it got the answer's last message.
func TestProxyCutsBeforeAndAfterEachStep(t *testing.T) {
	t.Parallel()
	proxy, direct := proxied(t)
	conn := connect(t, proxy.URL())
	steps := proxy.Record(func() { require.NoError(t, insert(t.Context(), conn, 0)) })
	clients, backends := len(names(steps, pgtest.Client)), len(names(steps, pgtest.Backend))
	for i, point := range pgtest.Points(steps) {
		conn := connect(t, proxy.URL())
		pid := conn.PgConn().PID()
		proxy.Arm(point)
		err := insert(t.Context(), conn, i+1)
		require.True(t, proxy.Disarm(), point)
		require.Eventually(t, func() bool {
			return ask[int](t, direct, "SELECT count(*) FROM pg_stat_activity WHERE pid = $1", pid) == 0
		}, time.Minute, time.Millisecond, point)
		stored := ask[bool](t, direct, "SELECT EXISTS (SELECT FROM rows WHERE n = $1)", i+1)
		sent := point.Side == pgtest.Backend || point == pgtest.Point{Side: pgtest.Client, N: clients, Sent: true}
		known := point == pgtest.Point{Side: pgtest.Backend, N: backends, Sent: true}
		require.Equal(t, sent, stored, point)
		require.Equal(t, known, err == nil, point)
	}
}

// pgx asks the server to cancel what it was cut off from. A statement that takes
// long enough would always hear of it in time.
func TestProxyLosesTheRequestToCancelOfAConnectionThatItCuts(t *testing.T) {
	t.Parallel()
	proxy, direct := proxied(t)
	slowly := func(conn *pgx.Conn, n int) error {
		_, err := conn.Exec(t.Context(), "INSERT INTO rows SELECT $1::int FROM pg_sleep(0.3)", pgx.QueryExecModeExec, n)
		return err
	}
	conn := connect(t, proxy.URL())
	steps := proxy.Record(func() { require.NoError(t, slowly(conn, 0)) })
	pid := conn.PgConn().PID()
	proxy.Arm(pgtest.Point{Side: pgtest.Client, N: len(names(steps, pgtest.Client)), Sent: true})
	require.Error(t, slowly(conn, 1))
	require.True(t, proxy.Disarm())
	require.Eventually(t, func() bool {
		return ask[int](t, direct, "SELECT count(*) FROM pg_stat_activity WHERE pid = $1", pid) == 0
	}, time.Minute, time.Millisecond)
	require.True(t, ask[bool](t, direct, "SELECT EXISTS (SELECT FROM rows WHERE n = 1)"))
}

func TestProxyThatHangsHoldsMessagesUntilTheyAreReleased(t *testing.T) {
	t.Parallel()
	proxy, direct := proxied(t)
	conn := connect(t, proxy.URL())
	proxy.Arm(pgtest.Point{Side: pgtest.Client, N: 5, Hang: true}) // Sync
	done := make(chan error, 1)
	go func() { done <- insert(t.Context(), conn, 1) }()
	require.Eventually(t, func() bool { return !proxy.Armed() }, time.Minute, time.Millisecond)
	require.Zero(t, ask[int](t, direct, "SELECT count(*) FROM rows"))
	require.Empty(t, done)
	proxy.Release()
	require.NoError(t, <-done)
	require.Equal(t, 1, ask[int](t, direct, "SELECT count(*) FROM rows"))
	require.True(t, proxy.Disarm())
}

func TestProxyThatHangsLetsAClientGiveUp(t *testing.T) {
	t.Parallel()
	proxy, _ := proxied(t)
	conn := connect(t, proxy.URL())
	proxy.Arm(pgtest.Point{Side: pgtest.Backend, N: 5, Hang: true})
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	require.ErrorIs(t, insert(ctx, conn, 1), context.DeadlineExceeded)
}

func TestProxyThatIsDownCutsWhatThereIsAndWhatComes(t *testing.T) {
	t.Parallel()
	proxy, _ := proxied(t)
	conn := connect(t, proxy.URL())
	proxy.Down()
	require.Error(t, conn.Ping(t.Context()))
	_, err := pgx.Connect(t.Context(), proxy.URL())
	require.Error(t, err)
	proxy.Up()
	require.NoError(t, connect(t, proxy.URL()).Ping(t.Context()))
}
