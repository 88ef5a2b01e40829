package tsclient_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cnerium/cnerium-go/generator/contract"
	"github.com/cnerium/cnerium-go/generator/tsclient"
	"github.com/cnerium/cnerium-go/internal/testenv"
)

// tools are the packages of testdata/npm, installed once in the user's cache.
var tools = sync.OnceValues(func() (string, error) {
	lock, err := os.ReadFile("testdata/npm/package-lock.json")
	if err != nil {
		return "", err
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(lock)
	dir := filepath.Join(cache, "cnerium-tests", "npm-"+hex.EncodeToString(sum[:8]))
	if _, err := os.Stat(dir); err == nil {
		return filepath.Join(dir, "node_modules"), nil
	}
	return filepath.Join(dir, "node_modules"), installTools(dir, lock)
})

// installTools makes the folder whole or not at all; another test process may
// do the same at the same time.
func installTools(dir string, lock []byte) error {
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return err
	}
	fresh, err := os.MkdirTemp(filepath.Dir(dir), "npm-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(fresh)
	manifest, err := os.ReadFile("testdata/npm/package.json")
	if err != nil {
		return err
	}
	for name, content := range map[string][]byte{"package.json": manifest, "package-lock.json": lock} {
		if err := os.WriteFile(filepath.Join(fresh, name), content, 0o600); err != nil {
			return err
		}
	}
	install := exec.Command("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund")
	install.Dir = fresh
	if output, err := install.CombinedOutput(); err != nil {
		return &toolError{"npm ci", err, strings.TrimSpace(string(output))}
	}
	if err := os.Rename(fresh, dir); err != nil && !os.IsExist(err) {
		if _, missing := os.Stat(dir); missing != nil {
			return err
		}
	}
	return nil
}

// toolError is the error of a command with what it printed.
type toolError struct {
	command string
	cause   error
	output  string
}

func (e *toolError) Error() string { return e.command + ": " + e.cause.Error() + ": " + e.output }

// nodeModules returns the folder with the packages, or skips the test where
// they cannot be had, unless CNERIUM_TEST_REQUIRE names "npm".
func nodeModules(t *testing.T) string {
	t.Helper()
	dir, err := tools()
	if err != nil && !testenv.Requires("npm") {
		t.Skipf("needs packages from npm: %v", err)
	}
	require.NoError(t, err)
	return dir
}

// strict are the options of tsc: a client must pass where people are strict.
var strict = map[string]any{
	"target": "ES2022", "module": "NodeNext", "moduleResolution": "NodeNext", "lib": []string{"ES2022", "DOM", "DOM.Iterable"}, "types": []string{},
	"strict": true, "noUncheckedIndexedAccess": true, "exactOptionalPropertyTypes": true, "verbatimModuleSyntax": true, "erasableSyntaxOnly": true,
	"noImplicitOverride": true, "noUnusedLocals": true, "noUnusedParameters": true, "noImplicitReturns": true, "isolatedModules": true,
	"noPropertyAccessFromIndexSignature": true, "noFallthroughCasesInSwitch": true, "rootDir": "src", "outDir": "out",
}

// compile is compileTexts with files that are copied from this folder.
func compile(t *testing.T, cs map[string]*contract.Contract, extra map[string]string) string {
	t.Helper()
	texts := make(map[string]string)
	for to, from := range extra {
		content, err := os.ReadFile(from)
		require.NoError(t, err)
		texts[to] = string(content)
	}
	return compileTexts(t, cs, texts)
}

// compileTexts writes the clients of contracts into a folder src each under its
// name, with the given files beside them, and compiles all of it to out. It
// returns the folder of both.
func compileTexts(t *testing.T, cs map[string]*contract.Contract, texts map[string]string) string {
	t.Helper()
	modules := nodeModules(t)
	dir := t.TempDir()
	require.NoError(t, os.Symlink(modules, filepath.Join(dir, "node_modules")))
	config, err := json.Marshal(map[string]any{"compilerOptions": strict, "include": []string{"src"}})
	require.NoError(t, err)
	write(t, filepath.Join(dir, "tsconfig.json"), config)
	write(t, filepath.Join(dir, "package.json"), []byte(`{"type":"module"}`))
	for name, c := range cs {
		files, err := tsclient.Files(c)
		require.NoError(t, err)
		for file, content := range files {
			write(t, filepath.Join(dir, "src", name, file), content)
		}
	}
	for to, text := range texts {
		write(t, filepath.Join(dir, to), []byte(text))
	}
	compiler := exec.CommandContext(t.Context(), filepath.Join(modules, ".bin", "tsc"), "-p", ".")
	compiler.Dir = dir
	output, err := compiler.CombinedOutput()
	require.NoError(t, err, string(bytes.TrimSpace(output)))
	return dir
}

func write(t *testing.T, path string, content []byte) {
	t.Helper()
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
	require.NoError(t, os.WriteFile(path, content, 0o600))
}

// moduleName returns how the client of a contract is imported.
func moduleName(t *testing.T, c *contract.Contract) string {
	t.Helper()
	files, err := tsclient.Files(c)
	require.NoError(t, err)
	for name := range ownFiles(files) {
		return strings.TrimSuffix(name, ".ts") + ".js"
	}
	require.Fail(t, "there is no own module")
	return ""
}
