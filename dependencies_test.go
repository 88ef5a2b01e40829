package cneriumgo_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const module = "github.com/cnerium/cnerium-go/"

// allowed is what the files of a folder may import besides the standard
// library; "database/sql" stands here too, because it is not for everybody.
// Files named _test.go may import what they need.
var allowed = map[string][]string{
	"runtime":                {},
	"runtime/memstore":       {module + "runtime"},
	"runtime/storetest":      {module + "runtime"},
	"runtime/sqlitestore":    {module + "runtime", module + "runtime/internal/known", "database/sql", "modernc.org/sqlite", "github.com/gofrs/flock"},
	"runtime/pgstore":        {module + "runtime", module + "runtime/internal/known", "github.com/jackc/pgx/v5"},
	"runtime/internal/known": {module + "runtime"},
	"runtime/internal/modeltest": {
		module + "runtime", module + "runtime/storetest",
		"pgregory.net/rapid", "github.com/anishathalye/porcupine", "github.com/stretchr/testify/require",
	},
	"internal/pgtest":                      {module + "internal/testenv", "github.com/jackc/pgx/v5", "github.com/stretchr/testify/require"},
	"runtime/sqlitestore/internal/faultfs": {"modernc.org/libc", "modernc.org/sqlite"},
	"runtime/feed":                         {module + "runtime"},
	"runtime/ws":                           {module + "runtime", module + "runtime/feed", "github.com/coder/websocket"},
	"runtime/sse":                          {module + "runtime", module + "runtime/feed"},
	"runtime/browser":                      {},
	"runtime/client":                       {"github.com/cenkalti/backoff/v5"},
	"internal/atomicfile":                  {},
	"internal/testenv":                     {},
	"generator/internal/ident":             {},
	"internal/raced":                       {},
	"internal/faultproxy":                  {"github.com/stretchr/testify/require"},
	"generator": {
		module + "generator/contract", module + "generator/openapi", module + "generator/goclient", module + "generator/tsclient",
		module + "generator/internal/ident", module + "internal/atomicfile",
		"github.com/rogpeppe/go-internal/diff", "golang.org/x/tools/txtar",
	},
	"generator/contract": {},
	"generator/openapi":  {module + "generator/contract", "github.com/sv-tools/openapi", "go.yaml.in/yaml/v4"},
	"generator/goclient": {module + "generator/contract", module + "generator/internal/ident"},
	"generator/tsclient": {module + "generator/contract", module + "generator/internal/ident"},
	"generator/vet": {
		module + "generator", "golang.org/x/tools/go/analysis", "golang.org/x/tools/go/ast", "golang.org/x/tools/go/types",
	},
	"cmd/cneriumgen": {
		module + "generator", module + "generator/vet", module + "internal/atomicfile",
		"github.com/fsnotify/fsnotify", "golang.org/x/tools/go/analysis/unitchecker",
	},
	"examples/orders": {
		module + "runtime", module + "runtime/sqlitestore", module + "runtime/ws", module + "runtime/sse", module + "runtime/browser",
		module + "examples/orders/internal/api", module + "examples/orders/postgres", "database/sql",
	},
	"examples/orders/internal/api": {module + "runtime"},
	"examples/orders/ordersclient": {module + "runtime/client"},
	"examples/orders/placeorder":   {module + "examples/orders/ordersclient", module + "runtime/client"},
	"examples/orders/postgres": {
		module + "runtime", module + "runtime/pgstore", module + "examples/orders/internal/api", "github.com/jackc/pgx/v5",
	},
}

func TestEachFileImportsWhatItsFolderMay(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && path != "." && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata" || isModule(path)) {
			return filepath.SkipDir
		}
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		folder := filepath.ToSlash(filepath.Dir(path))
		seen[folder] = true
		rules, ok := allowed[folder]
		require.True(t, ok, "%s: the folder has no rule; write one", path)
		for _, imported := range imports(t, path) {
			require.True(t, mayImport(imported, rules), "%s must not import %s", path, imported)
		}
		return nil
	})
	require.NoError(t, err)
	for folder := range allowed {
		require.True(t, seen[folder], "the rule for %s is for nothing", folder)
	}
}

// isModule reports whether the folder is a module of its own.
func isModule(folder string) bool {
	_, err := os.Stat(filepath.Join(folder, "go.mod"))
	return err == nil
}

func imports(t *testing.T, path string) []string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
	require.NoError(t, err)
	var paths []string
	for _, spec := range file.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		require.NoError(t, err)
		paths = append(paths, imported)
	}
	return paths
}

func mayImport(imported string, rules []string) bool {
	first, _, _ := strings.Cut(imported, "/")
	if !strings.Contains(first, ".") && imported != "database/sql" {
		return true
	}
	return slices.ContainsFunc(rules, func(rule string) bool {
		own := strings.HasPrefix(rule, module)
		return imported == rule || !own && strings.HasPrefix(imported, rule+"/")
	})
}

// TestUsersLinkOnlyWhatTheyImport looks at what the go command would link.
func TestUsersLinkOnlyWhatTheyImport(t *testing.T) {
	t.Parallel()
	for pkg, forbidden := range map[string][]string{
		"./runtime":                    {".", "database/sql"},
		"./runtime/memstore":           {"database/sql", "modernc.org/sqlite", "github.com/coder/websocket"},
		"./runtime/feed":               {"database/sql", "github.com/coder/websocket"},
		"./runtime/sse":                {"database/sql", "github.com/coder/websocket"},
		"./runtime/ws":                 {"database/sql", "github.com/stretchr/testify"},
		"./runtime/client":             {"database/sql", module + "runtime/feed", "github.com/stretchr/testify", "modernc.org/sqlite"},
		"./examples/orders/placeorder": {"database/sql", "modernc.org/sqlite", module + "runtime/feed"},
		"./runtime/browser":            {"database/sql", module + "runtime/feed", "github.com/coder/websocket"},
		"./runtime/sqlitestore":        {"github.com/jackc/pgx", "github.com/stretchr/testify", "golang.org/x/tools", "github.com/coder/websocket"},
		"./runtime/pgstore":            {"modernc.org/sqlite", "github.com/stretchr/testify", "github.com/coder/websocket"},
		"./examples/orders":            {"github.com/stretchr/testify", "golang.org/x/tools", "github.com/chromedp"},
		"./cmd/cneriumgen":             {"github.com/stretchr/testify", "modernc.org/sqlite", module + "runtime"},
	} {
		out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", pkg).CombinedOutput()
		require.NoError(t, err, string(out))
		for dep := range strings.FieldsSeq(string(out)) {
			first, _, _ := strings.Cut(dep, "/")
			for _, prefix := range forbidden {
				outside := prefix == "." && strings.Contains(first, ".") && dep != strings.TrimSuffix(module, "/")+"/runtime"
				require.False(t, outside || strings.HasPrefix(dep, prefix), "%s links %s", pkg, dep)
			}
		}
	}
}
