package sqlitestore_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	cnerium "github.com/cnerium/cnerium-go/runtime"
	"github.com/cnerium/cnerium-go/runtime/sqlitestore"
)

// hold reserves a record and keeps it until the process is killed.
func hold(path string) error {
	ctx := context.Background()
	store, err := sqlitestore.Open(ctx, path, nil)
	if err != nil {
		return err
	}
	held := claim("held")
	held.Lease = time.Hour
	if _, _, err := store.Reserve(ctx, held); err != nil {
		return err
	}
	fmt.Println("held")
	select {}
}

// holder starts a process that holds the key "held", and returns what kills
// it.
func holder(t *testing.T, path string) (kill func()) {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	cmd := exec.CommandContext(t.Context(), self)
	cmd.Env = append(os.Environ(), holdFile+"="+path)
	cmd.Stderr = os.Stderr
	stdout, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	require.True(t, bufio.NewScanner(stdout).Scan())
	return func() {
		require.NoError(t, cmd.Process.Kill())
		require.Error(t, cmd.Wait())
	}
}

func TestANeighbourDoesNotWaitForTheLeaseOfADeadProcess(t *testing.T) {
	t.Parallel()
	path := file(t)
	neighbour := open(t, path)
	kill := holder(t, path)
	require.Equal(t, cnerium.StateReserved, lookup(t, neighbour, "held").State, "it lives")
	kill()
	require.Equal(t, cnerium.StateUnknown, lookup(t, neighbour, "held").State)
	require.WithinDuration(t, time.Now(), lookup(t, neighbour, "held").Since, time.Minute)
}

func TestTheUnknownListHasWhatADeadProcessHeld(t *testing.T) {
	t.Parallel()
	path := file(t)
	neighbour := open(t, path)
	holder(t, path)()
	unknown, err := neighbour.Unknown(t.Context(), 10)
	require.NoError(t, err)
	require.Len(t, unknown, 1)
	require.Equal(t, "held", unknown[0].ID.Key)
}

func TestARestartedProcessDoesNotWaitForItsOldLease(t *testing.T) {
	t.Parallel()
	path := file(t)
	holder(t, path)()
	store := open(t, path)
	require.Equal(t, cnerium.StateUnknown, lookup(t, store, "held").State)
	boots, err := filepath.Glob(path + "-boot-*")
	require.NoError(t, err)
	require.Len(t, boots, 1, "the file of the dead process is gone")
}

func TestADeadProcessIsTakenOverAtOnce(t *testing.T) {
	t.Parallel()
	for name, take := range map[string]func(store *sqlitestore.Store, claim cnerium.Claim) (int, error){
		"Reserve": func(store *sqlitestore.Store, claim cnerium.Claim) (int, error) {
			_, lease, err := store.Reserve(t.Context(), claim)
			if lease == nil {
				return 0, err
			}
			return lease.Attempt, err
		},
		"Transact": func(store *sqlitestore.Store, claim cnerium.Claim) (attempt int, err error) {
			_, err = store.Transact(t.Context(), claim, func(_ context.Context, n int) (cnerium.Outcome, error) {
				attempt = n
				return outcome("again"), nil
			})
			return attempt, err
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := file(t)
			neighbour := open(t, path)
			kill := holder(t, path)
			again := claim("held")
			again.Takeover = true
			attempt, err := take(neighbour, again)
			require.NoError(t, err)
			require.Zero(t, attempt, "it lives")
			kill()
			attempt, err = take(neighbour, again)
			require.NoError(t, err)
			require.Equal(t, 2, attempt)
		})
	}
}

func TestAMissingBootFileProvesNothing(t *testing.T) {
	t.Parallel()
	path := file(t)
	kill := holder(t, path)
	boots, err := filepath.Glob(path + "-boot-*")
	require.NoError(t, err)
	require.Len(t, boots, 1)
	require.NoError(t, os.Remove(boots[0]))
	store := open(t, path)
	require.Equal(t, cnerium.StateReserved, lookup(t, store, "held").State)
	kill()
	require.Equal(t, cnerium.StateReserved, lookup(t, store, "held").State, "until its lease ends")
}

func TestACleanCloseLeavesNoBootBehind(t *testing.T) {
	t.Parallel()
	path := file(t)
	store := open(t, path)
	require.NoError(t, store.Close())
	boots, err := filepath.Glob(path + "-boot-*")
	require.NoError(t, err)
	require.Empty(t, boots)
	var rows int
	require.NoError(t, pool(t, path).QueryRow("SELECT count(*) FROM cnerium_boots").Scan(&rows))
	require.Zero(t, rows)
}
