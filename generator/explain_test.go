package generator_test

import (
	"context"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/cnerium/cnerium-go/internal/raced"
	"github.com/stretchr/testify/require"

	"github.com/cnerium/cnerium-go/generator"
)

// categoriesIn returns the values of the constants of a file that are
// categories.
func categoriesIn(t *testing.T, file string) []string {
	t.Helper()
	tree, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
	require.NoError(t, err)
	var found []string
	ast.Inspect(tree, func(n ast.Node) bool {
		if spec, ok := n.(*ast.ValueSpec); ok && strings.HasPrefix(spec.Names[0].Name, "Category") {
			category, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
			require.NoError(t, err)
			found = append(found, category)
		}
		return true
	})
	require.NotEmpty(t, found, file)
	return found
}

// isChange reports whether a category is one of changes.
func isChange(t *testing.T, category string) bool {
	t.Helper()
	return slices.Contains(categoriesIn(t, "breaking.go"), category)
}

func TestEachCategoryHasAnExplanation(t *testing.T) {
	t.Parallel()
	all := make(map[string]bool)
	for _, file := range []string{"diagnostic.go", "breaking.go", "explain.go", "vet/vet.go"} {
		for _, category := range categoriesIn(t, file) {
			all[category] = true
		}
	}
	var explained []string
	for _, e := range generator.Explanations() {
		explained = append(explained, e.Category)
		require.NotEmpty(t, e.Summary, e.Category)
		require.False(t, strings.HasSuffix(e.Summary, "."), "%s: %s", e.Category, e.Summary)
		require.NotEmpty(t, e.Text, e.Category)
		require.Equal(t, len(e.Bad) > 0, len(e.Good) > 0, e.Category)
		require.Equal(t, isChange(t, e.Category), len(e.Before) > 0, e.Category)
		require.Equal(t, e.Category == generator.CategoryStale, len(e.Bad) == 0, e.Category)
	}
	require.Equal(t, slices.Sorted(maps.Keys(all)), explained)
	require.Nil(t, generator.Explain("nonsense"))
}

// TestExamplesOfExplanations generates for the examples, which are packages of
// one module: the bad one has its category and no other, and the good one has
// none and compiles.
func TestExamplesOfExplanations(t *testing.T) {
	t.Parallel()
	if raced.On {
		t.Skip("one run follows the other, as in TestGolden")
	}
	dir := t.TempDir()
	writeExamples(t, dir)
	for _, e := range generator.Explanations() {
		if slices.Contains(categoriesIn(t, "vet/vet.go"), e.Category) {
			continue // go vet finds these: there is a test beside the command
		}
		t.Run(e.Category, func(t *testing.T) {
			t.Parallel()
			if isChange(t, e.Category) {
				compareExample(t, dir, e)
				return
			}
			require.Equal(t, []string{e.Category}, slices.Compact(findings(t, filepath.Join(dir, "bad", e.Category))))
			require.Empty(t, findings(t, filepath.Join(dir, "good", e.Category)))
		})
	}
	t.Run("compile", func(t *testing.T) {
		t.Parallel()
		command := exec.CommandContext(t.Context(), "go", "vet", "./good/...")
		command.Dir = dir
		output, err := command.CombinedOutput()
		require.NoError(t, err, string(output))
	})
}

// findings returns the categories of the diagnostics of a package.
func findings(t *testing.T, dir string) []string {
	t.Helper()
	report, err := generator.Check(context.Background(), generator.Options{Dir: dir})
	require.NoError(t, err)
	var found []string
	for _, d := range report.Diagnostics {
		found = append(found, d.Category)
	}
	return found
}

// compareExample compares the routes before with those after.
func compareExample(t *testing.T, dir string, e *generator.Explanation) {
	t.Helper()
	lock := func(folder string) *generator.Lock {
		at := filepath.Join(dir, folder, e.Category)
		routes, diagnostics, err := generator.List(context.Background(), generator.Options{Dir: at, Shapes: true})
		require.NoError(t, err)
		require.Empty(t, diagnostics)
		for i := range routes {
			routes[i].Package = "orders"
		}
		return generator.NewLock(folder, at, routes)
	}
	before := lock("before")
	var found []string
	for _, change := range generator.Breaking(before, lock("bad")) {
		found = append(found, change.Category)
		require.Equal(t, e.Category == generator.CategoryCompatibleChange, change.Compatible)
	}
	require.Equal(t, []string{e.Category}, slices.Compact(found))
	for _, change := range generator.Breaking(before, lock("good")) {
		require.True(t, change.Compatible, change.Message)
	}
}

// writeExamples lays out the examples as packages of one module.
func writeExamples(t *testing.T, dir string) {
	t.Helper()
	root, err := filepath.Abs("..")
	require.NoError(t, err)
	sum, err := os.ReadFile(filepath.Join(root, "go.sum"))
	require.NoError(t, err)
	module, err := os.ReadFile(filepath.Join(root, "go.mod"))
	require.NoError(t, err)
	_, requirements, _ := strings.Cut(string(module), "require (")
	write(t, filepath.Join(dir, "go.sum"), string(sum))
	write(t, filepath.Join(dir, "go.mod"), fmt.Sprintf("module example.com/shop\n\ngo 1.26.0\n\n"+
		"require github.com/cnerium/cnerium-go v0.0.0\n\nreplace github.com/cnerium/cnerium-go => %s\n\nrequire (%s", root, requirements))
	for _, e := range generator.Explanations() {
		for folder, files := range map[string][]generator.ExplainedFile{"before": e.Before, "bad": e.Bad, "good": e.Good} {
			for _, f := range files {
				write(t, filepath.Join(dir, folder, e.Category, filepath.FromSlash(f.Name)), f.Content)
			}
		}
	}
}

func write(t *testing.T, name, content string) {
	t.Helper()
	require.NoError(t, os.MkdirAll(filepath.Dir(name), 0o755))
	require.NoError(t, os.WriteFile(name, []byte(content), 0o644))
}
