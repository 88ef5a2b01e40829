package sqlitestore_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	cnerium "github.com/cnerium/cnerium-go/runtime"
	"github.com/cnerium/cnerium-go/runtime/sqlitestore"
)

// crashFile is the environment variable that makes the test binary a process
// that writes to the file that it names until it is killed.
const crashFile = "CNERIUM_TEST_CRASH_FILE"

// holdFile makes it a process that reserves the key "held" for an hour and
// then waits to be killed.
const holdFile = "CNERIUM_TEST_HOLD_FILE"

func TestMain(m *testing.M) {
	if path := os.Getenv(holdFile); path != "" {
		fmt.Fprintln(os.Stderr, hold(path))
		os.Exit(1)
	}
	if path := os.Getenv(crashFile); path != "" {
		if err := writeForever(path, os.Getpid()); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
		os.Exit(1) // only a kill ends it as it should
	}
	os.Exit(m.Run())
}

// writeForever lets several clients write at once, so that they share
// transactions, and says each step on stdout once the store has acknowledged
// it.
func writeForever(path string, run int) error {
	ctx := context.Background()
	store, err := sqlitestore.Open(ctx, path, nil)
	if err != nil {
		return err
	}
	failed := make(chan error)
	for client := range 8 {
		go func() {
			for i := 0; ; i++ {
				if err := writeOne(ctx, store, fmt.Sprintf("%d-%d-%d", run, client, i)); err != nil {
					failed <- err
				}
			}
		}()
	}
	return <-failed
}

func writeOne(ctx context.Context, store cnerium.Store, key string) error {
	_, lease, err := store.Reserve(ctx, claim(key))
	if err != nil {
		return err
	}
	fmt.Println("reserved", key)
	if _, err := store.Commit(ctx, lease, outcome(key)); err != nil {
		return err
	}
	fmt.Println("committed", key)
	return nil
}

func TestAcknowledgedWritesSurviveAKill(t *testing.T) {
	t.Parallel()
	path := file(t)
	acknowledged := map[string]string{}
	for round := range 5 {
		for _, line := range killedAfter(t, path, 50+round) {
			step, key, _ := strings.Cut(line, " ")
			acknowledged[key] = step
		}
	}
	store := open(t, path)
	commits := 0
	for key, step := range acknowledged {
		if step == "committed" {
			requireCommitted(t, store, key, key)
			commits++
			continue
		}
		// The kill may have come between the commit and its line. If not,
		// the lease did not survive its process.
		require.Contains(t, []cnerium.State{cnerium.StateUnknown, cnerium.StateCommitted}, lookup(t, store, key).State)
	}
	require.GreaterOrEqual(t, commits, 50)
	requireWhole(t, path, commits)
	require.NoError(t, store.Check(t.Context()))
}

// killedAfter runs a writing process, kills it after so many lines and
// returns all that it said.
func killedAfter(t *testing.T, path string, lines int) []string {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	cmd := exec.CommandContext(t.Context(), self)
	cmd.Env = append(os.Environ(), crashFile+"="+path)
	cmd.Stderr = os.Stderr
	stdout, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	var said []string
	scanner := bufio.NewScanner(stdout)
	for scanner.Scan() {
		said = append(said, scanner.Text())
		if len(said) == lines {
			require.NoError(t, cmd.Process.Kill())
		}
	}
	require.Error(t, cmd.Wait())
	require.GreaterOrEqual(t, len(said), lines)
	return said
}

// requireWhole looks at the file itself: no damage, no record without its
// event, no event without its record.
func requireWhole(t *testing.T, path string, atLeast int) {
	t.Helper()
	db := pool(t, path)
	var integrity string
	require.NoError(t, db.QueryRow("PRAGMA integrity_check").Scan(&integrity))
	require.Equal(t, "ok", integrity)
	var committed, events, paired int
	require.NoError(t, db.QueryRow(`
		SELECT (SELECT count(*) FROM cnerium_records WHERE state = 'committed'),
		       (SELECT count(*) FROM cnerium_events),
		       (SELECT count(*) FROM cnerium_records JOIN cnerium_events ON event = offset)`,
	).Scan(&committed, &events, &paired))
	require.GreaterOrEqual(t, committed, atLeast)
	require.Equal(t, committed, events)
	require.Equal(t, committed, paired)
}
