package vet_test

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/cnerium/cnerium-go/internal/raced"
	"github.com/stretchr/testify/require"
	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/analysis/analysistest"

	"github.com/cnerium/cnerium-go/generator/vet"
)

// TestMain keeps the generator's cache apart from the user's, and the go
// command's where it is.
func TestMain(m *testing.M) {
	os.Exit(func() int {
		out, err := exec.Command("go", "env", "GOCACHE").Output()
		if err != nil {
			panic(err)
		}
		cache, err := os.MkdirTemp("", "vet")
		if err != nil {
			panic(err)
		}
		defer os.RemoveAll(cache)
		os.Setenv("GOCACHE", strings.TrimSpace(string(out)))
		os.Setenv("XDG_CACHE_HOME", cache)
		return m.Run()
	}())
}

// TestBodies runs the analyzers of handlers' bodies on a package for each of
// them, where comments say what is expected, and compares what their fixes make
// of the files. Half of each package is right, and nobody may say anything
// about it. The package ignore has exceptions that are used, and others that
// nothing needs.
func TestBodies(t *testing.T) {
	t.Parallel()
	raced.Skip(t, "an analyzer has one goroutine")
	packages := []string{"forward", "goroutine", "handle", "events", "ignore"}
	results := analysistest.RunWithSuggestedFixes(t, analysistest.TestData(), together(vet.Forward, vet.Goroutine, vet.Handle, vet.Events), packages...)
	require.Len(t, results, len(packages))
	for _, result := range results {
		for _, diagnostic := range result.Diagnostics {
			if name := result.Pass.Pkg.Name(); name != "ignore" {
				require.Equal(t, name, diagnostic.Category)
			}
			require.Greater(t, diagnostic.End, diagnostic.Pos)
		}
	}
}

// together is an analyzer that does what several do: so packages are loaded
// once, and each is seen by all.
func together(analyzers ...*analysis.Analyzer) *analysis.Analyzer {
	all := &analysis.Analyzer{Name: "together", Doc: "run several analyzers"}
	for _, a := range analyzers {
		all.Requires = append(all.Requires, a.Requires...)
	}
	all.Run = func(pass *analysis.Pass) (any, error) {
		for _, a := range analyzers {
			if _, err := a.Run(pass); err != nil {
				return nil, err
			}
		}
		return nil, nil
	}
	return all
}

// TestDurable has one package for each thing that the generator can find, and
// one whose comments only mention it.
func TestDurable(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"durable", "documented", "stale", "leftover", "prose"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			analysistest.Run(t, analysistest.TestData(), vet.Durable, name)
		})
	}
}

func TestAnalyzersAreValid(t *testing.T) {
	t.Parallel()
	require.NoError(t, analysis.Validate(vet.Analyzers))
}
