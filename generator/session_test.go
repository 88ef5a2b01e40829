package generator_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cnerium/cnerium-go/generator"
)

// TestSessionFindsWhatARunFromNothingFinds edits a module in the ways that
// matter to the go command, and in those that do not.
func TestSessionFindsWhatARunFromNothingFinds(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	put := func(name, content string) func() {
		return func() { write(t, filepath.Join(dir, name), content) }
	}
	remove := func(name string) func() {
		return func() { require.NoError(t, os.RemoveAll(filepath.Join(dir, name))) }
	}
	handler := func(pkg, head, input string) string {
		return fmt.Sprintf("package %s\n\nimport \"context\"\n%s\n//cnerium:durable POST /%[1]s %[1]s.create\nfunc Create(ctx context.Context, in %s) error { return nil }\n", pkg, head, input)
	}
	const (
		input = "\ntype Input struct{ %s string }\n"
		cold  = true
	)
	var notes []string
	opts := generator.Options{Dir: dir, Patterns: []string{"./..."}}
	session := generator.NewSession(generator.Options{
		Dir: dir, Patterns: opts.Patterns, OpenAPI: "",
		Note: func(remark string) { notes = append(notes, remark) },
	})
	put("go.mod", "module example.com/shop\n\ngo 1.26.0\n")()
	for _, step := range []struct {
		name string
		edit func()
		asks bool
	}{
		{"first", put("a/a.go", handler("a", fmt.Sprintf(input, "X"), "Input")), cold},
		{"our own output has come", func() {}, false},
		{"field", put("a/a.go", handler("a", fmt.Sprintf(input, "Y"), "Input")), false},
		{"diagnostic", put("a/a.go", handler("a", fmt.Sprintf(input, "Y"), "chan int")), false},
		{"mended", put("a/a.go", handler("a", fmt.Sprintf(input, "Y"), "Input")), false},
		{"type error", put("a/a.go", handler("a", "", "Input")), false},
		{"another file of the package", put("a/b.go", "package a\n"+fmt.Sprintf(input, "Z")), cold},
		{"its body", put("a/b.go", "package a\n"+fmt.Sprintf(input, "Other")), false},
		{"a build constraint", put("a/b.go", "//go:build never\n\npackage a\n"+fmt.Sprintf(input, "Other")), cold},
		{"none", put("a/b.go", "package a\n"+fmt.Sprintf(input, "Other")), cold},
		{"a package that is imported", put("b/b.go", "package b\n"+fmt.Sprintf(input, "Deep")), cold},
		{"an import", put("a/b.go", "package a\n\nimport \"example.com/shop/b\"\n\ntype Input = b.Input\n"), cold},
		{"what is imported", put("b/b.go", "package b\n\ntype Input struct{ Deeper chan int }\n"), false},
		{"a test", put("a/a_test.go", "package a\n"), false},
		{"its directive", put("a/a_test.go", "package a\n\n//cnerium:durable POST /t t.t\n"), false},
		{"a package is gone", remove("b"), cold},
		{"and the other", remove("a"), cold},
		{"a new one", put("c/c.go", handler("c", fmt.Sprintf(input, "X"), "Input")), cold},
		{"go.mod", put("go.mod", "module example.com/shop\n\ngo 1.26.1\n"), cold},
		{"a module in it", put("c/go.mod", "module example.com/c\n"), cold},
		{"again one", remove("c/go.mod"), cold},
	} {
		step.edit()
		ageAll(t, dir)
		notes = nil
		got, err := session.Generate(context.Background())
		want, wantErr := generator.Check(context.Background(), opts)
		require.Equal(t, wantErr != nil, err != nil, "%s: %v", step.name, err)
		require.Equal(t, !step.asks, len(notes) == 1 && notes[0] == "the go command was not asked", "%s: %v", step.name, notes)
		if err != nil {
			require.EqualError(t, err, wantErr.Error(), step.name)
			continue
		}
		require.Equal(t, want.Diagnostics, got.Diagnostics, step.name)
		for _, f := range want.Files {
			require.Equal(t, generator.UpToDate, f.Status, "%s: %s", step.name, f.Path)
		}
	}
}

// ageAll makes all files and folders old, so that none seems to have changed
// while a run was under way.
func ageAll(t *testing.T, dir string) {
	t.Helper()
	past := time.Date(2001, 2, 3, 4, 5, 6, 0, time.UTC)
	require.NoError(t, filepath.WalkDir(dir, func(path string, _ os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Chtimes(path, past, past)
	}))
}

func TestSessionRefusesATargetThatCannotBe(t *testing.T) {
	t.Parallel()
	_, err := generator.NewSession(generator.Options{Dir: t.TempDir(), OpenAPI: "openapi.txt"}).Generate(context.Background())
	require.ErrorIs(t, err, generator.ErrTarget)
}

func TestSessionDoesNotKeepWhatMayHaveChangedMeanwhile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, filepath.Join(dir, "go.mod"), "module example.com/shop\n\ngo 1.26.0\n")
	write(t, filepath.Join(dir, "a.go"), "package a\n")
	ageAll(t, dir)
	future := time.Now().Add(time.Hour)
	require.NoError(t, os.Chtimes(filepath.Join(dir, "a.go"), future, future))
	var notes []string
	session := generator.NewSession(generator.Options{Dir: dir, Note: func(remark string) { notes = append(notes, remark) }})
	for range 2 {
		_, err := session.Generate(context.Background())
		require.NoError(t, err)
	}
	require.Len(t, notes, 2)
	for _, note := range notes {
		require.Contains(t, note, "the go command will be asked again: a file has been written since the run began")
	}
}
