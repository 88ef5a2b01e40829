package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cnerium/cnerium-go/internal/raced"
	"github.com/stretchr/testify/require"

	"github.com/cnerium/cnerium-go/generator"
	"github.com/cnerium/cnerium-go/generator/vet"
)

// TestExamplesOfWhatVetFinds runs the command as the tool of go vet over the
// examples of its explanations: the bad one has its category, and the good one
// has no finding but that the generated file is missing. The runtime is the one
// that the analyzers have in their own tests, so that no database is compiled.
func TestExamplesOfWhatVetFinds(t *testing.T) {
	t.Parallel()
	if raced.On {
		t.Skip("go vet runs as it is")
	}
	w := &watched{dir: t.TempDir()}
	standIn := filepath.Join(w.dir, "cnerium")
	require.NoError(t, os.CopyFS(standIn, os.DirFS("../../generator/vet/testdata/src/github.com/cnerium/cnerium-go")))
	w.write(t, "cnerium/go.mod", "module github.com/cnerium/cnerium-go\n\ngo 1.26.0\n")
	w.write(t, "go.mod", "module example.com/shop\n\ngo 1.26.0\n\nrequire github.com/cnerium/cnerium-go v0.0.0\n\nreplace github.com/cnerium/cnerium-go => ./cnerium\n")
	tool, err := exec.LookPath("cneriumgen")
	require.NoError(t, err)
	categories := []string{vet.CategoryForward, vet.CategoryGoroutine, vet.CategoryHandle, vet.CategoryEvents, vet.CategoryIgnore}
	for _, category := range categories {
		e := generator.Explain(category)
		require.NotNil(t, e, category)
		require.NotEmpty(t, e.Bad, category)
		for folder, files := range map[string][]generator.ExplainedFile{"bad": e.Bad, "good": e.Good} {
			for _, f := range files {
				w.write(t, folder+"/"+category+"/"+f.Name, f.Content)
			}
		}
	}
	found := vetted(t, tool, w.dir)
	for _, category := range categories {
		require.Regexp(t, `(?m)^bad/`+category+`/orders.go:.*\[`+category+`\]$`, found)
	}
	for _, line := range nonEmptyLines(found) {
		if strings.HasPrefix(line, "good/") {
			require.Contains(t, line, "["+vet.CategoryStale+"]")
		}
	}
}

// vetted returns what go vet prints.
func vetted(t *testing.T, tool, dir string) string {
	t.Helper()
	command := exec.CommandContext(t.Context(), "go", "vet", "-vettool="+tool, "./bad/...", "./good/...")
	command.Dir = dir
	output, err := command.CombinedOutput()
	require.Error(t, err, "nothing was found: %s", output)
	return string(output)
}
