package tsclient_test

import (
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/cnerium/cnerium-go/internal/raced"
	"github.com/cnerium/cnerium-go/internal/testenv"
	"github.com/stretchr/testify/require"
)

// TestClientsDoWhatTheySay runs the tests in testdata/node, with a clock and a
// network that they make themselves.
func TestClientsDoWhatTheySay(t *testing.T) {
	t.Parallel()
	raced.Skip(t, "the client is no Go")
	node := testenv.Node(t)
	tests, err := filepath.Glob("testdata/node/*.mjs")
	require.NoError(t, err)
	files := make(map[string]string)
	args := []string{"--test"}
	for _, path := range tests {
		name := "test/" + filepath.Base(path)
		files[name] = path
		if filepath.Ext(name[:len(name)-len(".mjs")]) == ".test" {
			args = append(args, name)
		}
	}
	run := exec.CommandContext(t.Context(), node, args...)
	run.Dir = compile(t, contracts(), files)
	output, err := run.CombinedOutput()
	require.NoError(t, err, string(output))
	require.Regexp(t, `(?m)^. pass [1-9]`, string(output))
}
