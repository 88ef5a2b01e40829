package generator

import (
	"context"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// newModule writes a module example.com/shop and returns its folder. The files
// are by their paths with slashes.
func newModule(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	if files["go.mod"] == "" {
		files = maps.Clone(files)
		files["go.mod"] = "module example.com/shop\n\ngo 1.26\n"
	}
	for name, content := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(content), 0o644))
	}
	return dir
}

// handler returns a file of package name with one route.
func handler(name, pattern, operation string) string {
	return "package " + name + "\n\nimport \"context\"\n\n//cnerium:durable POST " + pattern + " " + operation +
		"\nfunc Create(ctx context.Context) error { return nil }\n"
}

// statuses returns the status of each file by its path relative to dir.
func statuses(t *testing.T, dir string, report *Report) map[string]Status {
	t.Helper()
	found := make(map[string]Status)
	for _, f := range report.Files {
		rel, err := filepath.Rel(dir, f.Path)
		require.NoError(t, err)
		found[filepath.ToSlash(rel)] = f.Status
	}
	return found
}

// printed returns diagnostics as the command prints them.
func printed(dir string, diagnostics []Diagnostic) []string {
	var found []string
	for _, d := range diagnostics {
		text, _, _ := strings.Cut(d.Format(dir), "\n")
		found = append(found, filepath.ToSlash(text))
	}
	return found
}

func TestCheckTellsWhatGenerateThenDoes(t *testing.T) {
	t.Parallel()
	dir := newModule(t, map[string]string{
		"fresh/a.go":           handler("fresh", "/fresh", "fresh.create"),
		"stale/a.go":           handler("stale", "/stale", "stale.create"),
		"stale/cnerium_gen.go": outputFirstLine + "\n\npackage stale\n",
		"old/a.go":             "package old\n",
		"old/cnerium_gen.go":   outputFirstLine + "\n\npackage old\n",
		"alone/cnerium_gen.go": outputFirstLine + "\n\npackage alone\n",
		"plain/a.go":           "package plain\n",
	})
	opts := Options{Dir: dir, Patterns: []string{"./..."}}

	report, err := Check(t.Context(), opts)
	require.NoError(t, err)
	require.Empty(t, report.Diagnostics)
	require.False(t, report.Clean())
	require.Equal(t, map[string]Status{
		"fresh/cnerium_gen.go": Missing,
		"stale/cnerium_gen.go": Stale,
		"old/cnerium_gen.go":   LeftOver,
		"alone/cnerium_gen.go": LeftOver,
	}, statuses(t, dir, report))
	require.NoFileExists(t, filepath.Join(dir, "fresh", OutputName))

	report, err = Generate(t.Context(), opts)
	require.NoError(t, err)
	require.True(t, report.Clean())
	require.Equal(t, map[string]Status{
		"fresh/cnerium_gen.go": Written,
		"stale/cnerium_gen.go": Written,
		"old/cnerium_gen.go":   Removed,
		"alone/cnerium_gen.go": Removed,
	}, statuses(t, dir, report))
	for _, f := range report.Files {
		content, err := os.ReadFile(f.Path)
		require.Equal(t, f.New == nil, os.IsNotExist(err))
		require.Equal(t, string(f.New), string(content))
	}

	report, err = Check(t.Context(), opts)
	require.NoError(t, err)
	require.True(t, report.Clean())
	require.Equal(t, map[string]Status{
		"fresh/cnerium_gen.go": UpToDate,
		"stale/cnerium_gen.go": UpToDate,
	}, statuses(t, dir, report))
}

func TestGenerateAgainDoesNotTouchTheFile(t *testing.T) {
	t.Parallel()
	dir := newModule(t, map[string]string{"a.go": handler("shop", "/shop", "shop.create")})
	_, err := Generate(t.Context(), Options{Dir: dir})
	require.NoError(t, err)
	path := filepath.Join(dir, OutputName)
	past := time.Date(2001, 2, 3, 4, 5, 6, 0, time.UTC)
	require.NoError(t, os.Chtimes(path, past, past))

	report, err := Generate(t.Context(), Options{Dir: dir})
	require.NoError(t, err)
	require.Equal(t, map[string]Status{OutputName: UpToDate}, statuses(t, dir, report))
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.True(t, info.ModTime().Equal(past), "modified at %s", info.ModTime())
}

func TestPackageWithDiagnosticsKeepsItsFileAndTheOthersAreWritten(t *testing.T) {
	t.Parallel()
	old := outputFirstLine + "\n\npackage old\n"
	dir := newModule(t, map[string]string{
		"good/a.go":                 handler("good", "/good", "good.create"),
		"bad/a.go":                  strings.Replace(handler("bad", "/bad", "bad.create"), "POST", "GET", 1),
		"bad/cnerium_gen.go":        old,
		"unfinished/a.go":           handler("unfinished", "/unfinished", "unfinished.create") + "\nfunc {}\n\n//cnerium:durable POST /x x.y\n\n5\n",
		"unfinished/cnerium_gen.go": old,
		"lost/a.go":                 "package lost\n\n//cnerium:durable POST /lost lost.create\n\nfunc F() {}\n",
		"lost/cnerium_gen.go":       old,
	})
	report, err := Generate(t.Context(), Options{Dir: dir, Patterns: []string{"./..."}})
	require.NoError(t, err)
	require.False(t, report.Clean())
	require.Equal(t, map[string]Status{"good/cnerium_gen.go": Written}, statuses(t, dir, report))
	categories := make([]string, 0, len(report.Diagnostics))
	for _, d := range report.Diagnostics {
		categories = append(categories, filepath.Base(filepath.Dir(d.Pos.Filename))+" "+d.Category)
	}
	require.Equal(t, []string{"bad method", "lost directive-place", "unfinished syntax"}, slices.Compact(categories))
	for _, name := range []string{"bad", "unfinished", "lost"} {
		content, err := os.ReadFile(filepath.Join(dir, name, OutputName))
		require.NoError(t, err)
		require.Equal(t, old, string(content))
	}
}

func TestOutputOfAFileThatTheBuildLeavesOutIsNotRemoved(t *testing.T) {
	t.Parallel()
	dir := newModule(t, map[string]string{
		"a.go": "package shop\n",
		"b.go": "//go:build special\n\npackage shop\n\n// cnerium: prose\n",
		"c.go": "//go:build special\n\n" + handler("shop", "/shop", "shop.create"),
	})
	path := filepath.Join(dir, OutputName)
	tagged, err := Generate(t.Context(), Options{Dir: dir, Tags: "special"})
	require.NoError(t, err)
	require.FileExists(t, path)

	report, err := Generate(t.Context(), Options{Dir: dir})
	require.NoError(t, err)
	require.Empty(t, report.Files)
	require.Equal(t, []string{
		"cnerium_gen.go:1:1: cnerium_gen.go is left alone: c.go has a directive, and the build leaves that file out [output]",
	}, printed(dir, report.Diagnostics))
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, string(tagged.Files[0].New), string(content))

	require.NoError(t, os.Rename(filepath.Join(dir, "c.go"), filepath.Join(dir, "c_test.go")))
	report, err = Generate(t.Context(), Options{Dir: dir})
	require.NoError(t, err)
	require.Equal(t, map[string]Status{OutputName: Removed}, statuses(t, dir, report))
}

func TestRoutesOfPackagesWithDiagnosticsStillClash(t *testing.T) {
	t.Parallel()
	dir := newModule(t, map[string]string{
		"a/a.go": handler("a", "/a", "same.create") +
			"\n//cnerium:durable POST /b a.remove colour=red\nfunc Remove(ctx context.Context) error { return nil }\n",
		"b/b.go": handler("b", "/b/{$}", "same.create"),
		"c/c.go": handler("c", "/c", "c.create"),
	})
	report, err := Check(t.Context(), Options{Dir: dir, Patterns: []string{"./..."}})
	require.NoError(t, err)
	require.Equal(t, map[string]Status{"c/cnerium_gen.go": Missing}, statuses(t, dir, report))
	require.Len(t, report.Diagnostics, 2)
	require.Equal(t, CategoryOption, report.Diagnostics[0].Category)
	require.Equal(t, CategoryOperationTwice, report.Diagnostics[1].Category)
}

func TestOutputDoesNotDependOnTheNamesOfOtherFiles(t *testing.T) {
	t.Parallel()
	first := handler("shop", "/a", "shop.create")
	second := strings.Replace(handler("shop", "/b", "shop.remove"), "Create", "Remove", 1)
	dir := newModule(t, map[string]string{"a.go": first, "b.go": second, "other.go": "package shop\n"})
	want, err := Generate(t.Context(), Options{Dir: dir})
	require.NoError(t, err)
	require.NoError(t, os.Rename(filepath.Join(dir, "other.go"), filepath.Join(dir, "aa.go")))
	got, err := Check(t.Context(), Options{Dir: dir})
	require.NoError(t, err)
	require.Equal(t, string(want.Files[0].New), string(got.Files[0].New))
}

func TestListDescribesRoutesInTheOrderOfTheSource(t *testing.T) {
	t.Parallel()
	dir := newModule(t, map[string]string{
		"b/b.go": handler("b", "/b", "b.create"),
		"a/z.go": "package a\n\nimport \"context\"\n\ntype S struct{}\n\n//cnerium:durable PUT /z/{id} a.replace\n" +
			"func (S) Replace(ctx context.Context, id string) error { return nil }\n",
		"a/a.go": handler("a", "/a", "a.create"),
	})
	routes, diagnostics, err := List(t.Context(), Options{Dir: dir, Patterns: []string{"./..."}})
	require.NoError(t, err)
	require.Empty(t, diagnostics)
	operations := make([]string, 0, len(routes))
	for _, r := range routes {
		operations = append(operations, r.Operation)
	}
	require.Equal(t, []string{"a.create", "a.replace", "b.create"}, operations)
	text, err := json.Marshal(routes[1])
	require.NoError(t, err)
	require.JSONEq(t, `{
		"method": "PUT", "pattern": "/z/{id}", "operation": "a.replace", "handler": "a.S.Replace",
		"package": "example.com/shop/a", "mode": "plain", "position": "a/z.go:7:1"
	}`, filepath.ToSlash(string(text)))
}

func TestRunThatCannotAskTheGoCommandFails(t *testing.T) {
	t.Parallel()
	dir := newModule(t, map[string]string{"a.go": handler("shop", "/shop", "shop.create")})
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := Generate(canceled, Options{Dir: dir})
	require.ErrorIs(t, err, context.Canceled)
	_, err = Generate(t.Context(), Options{Dir: filepath.Join(dir, "nowhere")})
	require.ErrorIs(t, err, os.ErrNotExist)
	_, err = Generate(t.Context(), Options{Dir: dir, Patterns: []string{"./nowhere"}})
	require.ErrorIs(t, err, ErrNoPackage)
	_, err = Generate(t.Context(), Options{Dir: dir, Patterns: []string{"a.go"}})
	require.ErrorContains(t, err, "a.go is a file")
	require.NoFileExists(t, filepath.Join(dir, OutputName))
}

func TestDiffOfAFileSaysWhatChanges(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "a", OutputName)
	for want, f := range map[string]File{
		"":   {Path: path, Status: UpToDate, Old: []byte("a\n"), New: []byte("a\n")},
		"-+": {Path: path, Status: Stale, Old: []byte("a\n"), New: []byte("b\n")},
		"+":  {Path: path, Status: Missing, New: []byte("b\n")},
		"-":  {Path: path, Status: LeftOver, Old: []byte("a\n")},
	} {
		text := string(f.Diff(dir))
		require.Equal(t, strings.Contains(want, "-"), strings.Contains(text, "\n-a\n"), text)
		require.Equal(t, strings.Contains(want, "+"), strings.Contains(text, "\n+b\n"), text)
		require.Equal(t, f.Status == Stale, strings.Contains(text, "--- a/a/"+OutputName+"\n+++ b/a/"+OutputName+"\n"), text)
	}
}

func TestVersionNamesGo(t *testing.T) {
	t.Parallel()
	words := strings.Fields(Version())
	require.Len(t, words, 2)
	require.True(t, slices.ContainsFunc([]string{"go", "devel"}, func(p string) bool { return strings.HasPrefix(words[1], p) }))
}
