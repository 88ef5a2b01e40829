package tsclient_test

import (
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// findNode returns the path of node, or skips the test where there is none,
// unless CNERIUM_TEST_REQUIRE names "node".
func findNode(t *testing.T) string {
	t.Helper()
	node, err := exec.LookPath("node")
	if err != nil && !requires("node") {
		t.Skip("needs node, which is not installed")
	}
	require.NoError(t, err)
	return node
}

// TestClientsDoWhatTheySay runs the tests in testdata/node, with a clock and a
// network that they make themselves.
func TestClientsDoWhatTheySay(t *testing.T) {
	t.Parallel()
	node := findNode(t)
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
