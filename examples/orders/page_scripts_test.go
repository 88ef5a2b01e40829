package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestScriptsOfThePageAreCompiled compiles the TypeScript client again, which
// also checks its types. It needs npm, and skips without it unless
// CNERIUM_TEST_REQUIRE names "npm".
func TestScriptsOfThePageAreCompiled(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	compiler := exec.CommandContext(t.Context(), "npx", "--yes", "--prefer-offline", "--package", "typescript@7.0.2", "tsc", "-p", "page", "--outDir", dir)
	output, err := compiler.CombinedOutput()
	if err != nil && !strings.Contains(string(output), "error TS") {
		required := slices.Contains(strings.Split(os.Getenv("CNERIUM_TEST_REQUIRE"), ","), "npm")
		require.False(t, required, "%v: %s", err, output)
		t.Skipf("needs the compiler of TypeScript from npm: %v: %s", err, output)
	}
	require.NoError(t, err, string(output))

	made, kept := scripts(t, dir), scripts(t, filepath.Join("page", "client"))
	require.NotEmpty(t, made)
	for name, text := range made {
		require.Equal(t, text, kept[name], "%s is stale: page.go has the command that makes it", name)
		delete(kept, name)
	}
	require.Empty(t, kept, "these come from nothing: delete them")
}

// scripts returns the scripts in a folder.
func scripts(t *testing.T, dir string) map[string]string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(dir, "*.js"))
	require.NoError(t, err)
	files := make(map[string]string)
	for _, path := range paths {
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		files[filepath.Base(path)] = string(text)
	}
	return files
}
