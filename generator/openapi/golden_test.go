package openapi_test

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cnerium/cnerium-go/generator/contract"
	"github.com/cnerium/cnerium-go/generator/openapi"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func TestGolden(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]*contract.Contract{"minimal": minimal(), "shop": shop()} {
		for _, format := range []string{openapi.JSON, openapi.YAML} {
			document, err := openapi.Document(c, format)
			require.NoError(t, err)
			compare(t, name+".openapi."+format, document)
			events, err := openapi.Events(c, format)
			require.NoError(t, err)
			if len(c.Events) == 0 {
				require.Nil(t, events)
				continue
			}
			compare(t, name+".asyncapi."+format, events)
		}
	}
}

func compare(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		require.NoError(t, os.WriteFile(path, got, 0o600))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err, "run the test with -update to write it")
	require.Equal(t, string(want), string(got), path)
}
