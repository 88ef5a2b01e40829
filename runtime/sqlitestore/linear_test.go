package sqlitestore_test

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cnerium/cnerium-go/runtime/internal/modeltest"
)

func TestConcurrentHistoriesOfTwoStoresOnAFileAreLinearizable(t *testing.T) {
	t.Parallel()
	modeltest.Linear(t, inFile, *long)
}

func TestConcurrentHistoriesInMemoryAreLinearizable(t *testing.T) {
	t.Parallel()
	modeltest.Linear(t, inMemory, *long)
}

// linearFile is the environment variable that makes the test binary record a
// history on the file that it names.
const linearFile = "CNERIUM_TEST_LINEAR_FILE"

// TestHistoriesOfTwoProcessesAreLinearizable merges what two processes did to
// one file at the same time.
func TestHistoriesOfTwoProcessesAreLinearizable(t *testing.T) {
	t.Parallel()
	rounds := 3
	if *long {
		rounds = 100
	}
	for range rounds {
		path := file(t)
		store := openFile(t, path, modeltest.Clock)
		child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestLinearChild$")
		child.Env = append(os.Environ(), linearFile+"="+path)
		child.Stderr = os.Stderr
		output, err := child.StdoutPipe()
		require.NoError(t, err)
		require.NoError(t, child.Start())
		decoder := json.NewDecoder(output)
		var ready bool
		require.NoError(t, decoder.Decode(&ready))

		history, err := twoProcesses(0).Record(t.Context(), store)
		require.NoError(t, err)
		var theirs []modeltest.Operation
		require.NoError(t, decoder.Decode(&theirs))
		require.NotEmpty(t, theirs)
		history = append(history, theirs...)
		require.True(t, modeltest.Linearizable(history))
		modeltest.Agree(t, inFile, store, history)
		require.NoError(t, store.Close())
		_ = child.Wait() // its tests have nothing more to say
	}
}

// twoProcesses is the load of one of them.
func twoProcesses(first int) modeltest.Load {
	return modeltest.Load{Write: writeRow, First: first, Clients: 4, Steps: 80, Keys: 12}
}

// TestLinearChild is the other process.
func TestLinearChild(t *testing.T) {
	path := os.Getenv(linearFile)
	if path == "" {
		t.Skip("runs as a child only")
	}
	encoder := json.NewEncoder(os.Stdout)
	store := openFile(t, path, modeltest.Clock)
	require.NoError(t, encoder.Encode(true))
	history, err := twoProcesses(100).Record(context.Background(), store)
	require.NoError(t, err)
	require.NoError(t, encoder.Encode(history))
	require.NoError(t, store.Close())
}
