package goclient

import (
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cnerium/cnerium-go/generator/contract"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// goldens are folders of testdata, which are packages with these contracts.
var goldens = map[string]func() *contract.Contract{
	"shop":    shop,
	"types":   everyType,
	"awkward": awkwardNames,
}

func TestGolden(t *testing.T) {
	t.Parallel()
	for name, of := range goldens {
		path := filepath.Join("testdata", name, FileName)
		files, err := Files(of(), name)
		require.NoError(t, err, name)
		require.Len(t, files, 1)
		if *update {
			require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
			require.NoError(t, os.WriteFile(path, files[FileName], 0o644))
		}
		want, err := os.ReadFile(path)
		require.NoError(t, err)
		require.Equal(t, string(want), string(files[FileName]), "%s: if that is what it should be, run go test -update", path)
	}
}

// TestGoldensCompile runs go vet, which compiles first.
func TestGoldensCompile(t *testing.T) {
	t.Parallel()
	args := []string{"vet"}
	for name := range goldens {
		args = append(args, "./testdata/"+name)
	}
	out, err := exec.CommandContext(t.Context(), "go", args...).CombinedOutput()
	require.NoError(t, err, string(out))
}
