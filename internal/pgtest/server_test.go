package pgtest_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/cnerium/cnerium-go/internal/raced"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/cnerium/cnerium-go/internal/pgtest"
)

func connect(t *testing.T, url string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

func ask[T any](t *testing.T, conn *pgx.Conn, query string, args ...any) T {
	t.Helper()
	var answer T
	require.NoError(t, conn.QueryRow(t.Context(), query, args...).Scan(&answer), query)
	return answer
}

func TestDatabasesAreApartAndGoAwayWithTheirTest(t *testing.T) {
	t.Parallel()
	server := pgtest.Start(t)
	var name string
	t.Run("", func(t *testing.T) {
		one, two := connect(t, server.Database(t)), connect(t, server.Database(t))
		_, err := one.Exec(t.Context(), "CREATE TABLE here (n int)")
		require.NoError(t, err)
		require.True(t, ask[bool](t, one, "SELECT to_regclass('here') IS NOT NULL"))
		require.False(t, ask[bool](t, two, "SELECT to_regclass('here') IS NOT NULL"))
		name = ask[string](t, one, "SELECT current_database()")
	})
	conn := connect(t, server.URL())
	require.Zero(t, ask[int](t, conn, "SELECT count(*) FROM pg_database WHERE datname = $1", name))
}

func TestSchemaIsAnUnusedNameAndIsDroppedAtTheEnd(t *testing.T) {
	t.Parallel()
	server := pgtest.Start(t)
	var name string
	t.Run("", func(t *testing.T) {
		var url string
		url, name = server.Schema(t)
		_, err := connect(t, url).Exec(t.Context(), "CREATE SCHEMA "+name)
		require.NoError(t, err)
	})
	conn := connect(t, server.URL())
	require.False(t, ask[bool](t, conn, "SELECT to_regnamespace($1) IS NOT NULL", name))
}

func TestRoleMayDoNothingUntilItIsAllowed(t *testing.T) {
	t.Parallel()
	server := pgtest.Start(t)
	database := server.Database(t)
	_, url := server.Role(t, database)
	conn := connect(t, url)
	_, err := conn.Exec(t.Context(), "CREATE SCHEMA mine")
	require.ErrorContains(t, err, "permission denied")
}

func TestWhatWasCommittedSurvivesAnImmediateStop(t *testing.T) {
	t.Parallel()
	raced.Skip(t, "what works is PostgreSQL")
	server := pgtest.NewCluster(t, "log_min_messages = warning")
	url := server.Database(t)
	conn := connect(t, url)
	_, err := conn.Exec(t.Context(), "CREATE TABLE kept (n int); INSERT INTO kept VALUES (7)")
	require.NoError(t, err)
	for _, mode := range []pgtest.Mode{pgtest.Immediate, pgtest.Fast} {
		server.Stop(t, mode)
		_, err = pgx.Connect(t.Context(), url)
		require.Error(t, err)
		server.Start(t)
		require.Equal(t, 7, ask[int](t, connect(t, url), "SELECT n FROM kept"))
	}
	require.Error(t, conn.Ping(t.Context()))
}

func TestStandbyFollowsItsPrimaryAndCanTakeItsPlace(t *testing.T) {
	t.Parallel()
	raced.Skip(t, "what works is PostgreSQL")
	primary := pgtest.NewCluster(t)
	standby := primary.Standby(t, "follower")
	primary.Exec(t, "ALTER SYSTEM SET synchronous_standby_names = 'follower'")
	primary.Exec(t, "SELECT pg_reload_conf()")
	require.Eventually(t, func() bool {
		return ask[int](t, connect(t, primary.URL()), "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'") == 1
	}, time.Minute, time.Millisecond)
	primary.Exec(t, "CREATE TABLE kept (n int); INSERT INTO kept VALUES (7)")
	primary.Stop(t, pgtest.Immediate)

	conn := connect(t, standby.URL())
	require.True(t, ask[bool](t, conn, "SELECT pg_is_in_recovery()"))
	require.True(t, ask[bool](t, conn, "SELECT pg_promote()"))
	require.Equal(t, 7, ask[int](t, conn, "SELECT n FROM kept"))
	standby.Exec(t, "INSERT INTO kept VALUES (8)")
}

func TestClustersAreAsDurableAsRealOnes(t *testing.T) {
	t.Parallel()
	conn := connect(t, pgtest.Start(t).URL())
	for _, setting := range []string{"fsync", "synchronous_commit", "full_page_writes"} {
		require.Equal(t, "on", ask[string](t, conn, "SELECT current_setting($1)", setting), setting)
	}
}

// TestNoClusterOutlivesItsTests kills a test process and looks at what is left.
func TestNoClusterOutlivesItsTests(t *testing.T) {
	t.Parallel()
	pgtest.Start(t) // skips where there is nothing to start
	temp := t.TempDir()
	for path := temp; path != filepath.Dir(path) && os.Geteuid() == 0 && path != os.TempDir(); path = filepath.Dir(path) {
		require.NoError(t, os.Chmod(path, 0o777)) // for the user that PostgreSQL runs as
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestVictim$")
	cmd.Env = append(os.Environ(), asVictim+"=1", "TMPDIR="+temp, "CNERIUM_TEST_REQUIRE=postgres")
	stdout, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	line, err := bufio.NewReader(stdout).ReadString('\n')
	require.NoError(t, err)
	url := strings.TrimSpace(line)
	require.Regexp(t, "^postgres://", url)
	conn := connect(t, url)

	require.NoError(t, cmd.Process.Kill())
	_ = cmd.Wait()
	require.Eventually(t, func() bool {
		left, err := filepath.Glob(filepath.Join(temp, "pgtest*"))
		return err == nil && len(left) == 0
	}, time.Minute, 20*time.Millisecond)
	require.Error(t, conn.Ping(t.Context()))
	_, err = pgx.Connect(t.Context(), url)
	require.Error(t, err)
}

// spectator stands for a test, and remembers how it ended.
type spectator struct {
	testing.TB

	skipped, failed string
}

func (s *spectator) Helper() {}

func (s *spectator) Skipf(format string, args ...any) {
	s.skipped = fmt.Sprintf(format, args...)
	runtime.Goexit()
}

func (s *spectator) Fatalf(format string, args ...any) {
	s.failed = fmt.Sprintf(format, args...)
	runtime.Goexit()
}

// watch runs what a test would do, and returns how that test would end.
func watch(t *testing.T, test func(tb testing.TB)) *spectator {
	t.Helper()
	s := &spectator{TB: t}
	done := make(chan struct{})
	go func() {
		defer close(done)
		test(s)
	}()
	<-done
	return s
}

func TestWithoutPostgreSQLATestIsSkippedOrFailsWhereItIsRequired(t *testing.T) {
	t.Setenv("TMPDIR", filepath.Join(t.TempDir(), "missing")) // no cluster can be made here
	start := func(tb testing.TB) { pgtest.NewCluster(tb) }

	t.Setenv("CNERIUM_TEST_REQUIRE", "")
	got := watch(t, start)
	require.Contains(t, got.skipped, "CNERIUM_TEST_POSTGRES")
	require.Empty(t, got.failed)

	t.Setenv("CNERIUM_TEST_REQUIRE", "browser, postgres")
	got = watch(t, start)
	require.Contains(t, got.failed, "CNERIUM_TEST_POSTGRES")
	require.Empty(t, got.skipped)
}
