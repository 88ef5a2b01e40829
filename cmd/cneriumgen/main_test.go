package main

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/cnerium/cnerium-go/internal/raced"
	"github.com/rogpeppe/go-internal/testscript"
	"github.com/stretchr/testify/require"
)

func TestMain(m *testing.M) { testscript.Main(m, map[string]func(){"cneriumgen": main}) }

// TestScripts runs the command as a user does. Each script has one behaviour
// of the command line for its subject.
func TestScripts(t *testing.T) {
	t.Parallel()
	if raced.On {
		t.Skip("one command runs after the other")
	}
	testscript.Run(t, testscript.Params{
		Dir:                 filepath.Join("testdata", "script"),
		RequireUniqueNames:  true,
		RequireExplicitExec: true,
		Setup:               setup,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": exits,
			"age":   age,
		},
		Condition: func(name string) (bool, error) { return name == "root" && os.Geteuid() == 0, nil },
	})
}

// setup lets scripts build against this working copy of the module, and keeps
// the go command from fetching anything. Its build cache is the user's own, so
// that the standard library is not compiled anew for each script.
func setup(env *testscript.Env) error {
	out, err := exec.Command("go", "env", "GOMOD", "GOCACHE", "GOMODCACHE").Output()
	if err != nil {
		return err
	}
	values := strings.Split(strings.TrimSpace(string(out)), "\n")
	env.Setenv("REPO", filepath.Dir(values[0]))
	env.Setenv("GOCACHE", values[1])
	env.Setenv("GOMODCACHE", values[2])
	env.Setenv("GOPROXY", "off")
	env.Setenv("GOSUMDB", "off")
	env.Setenv("GOTOOLCHAIN", "local")
	env.Setenv("GOFLAGS", "-buildvcs=false")
	env.Setenv("XDG_CACHE_HOME", filepath.Join(env.WorkDir, ".cache"))
	sums, err := os.ReadFile(filepath.Join(env.Getenv("REPO"), "go.sum"))
	if err != nil {
		return err
	}
	// Either name is read: the first in a module, the second in a workspace.
	for _, name := range []string{"go.sum", "go.work.sum"} {
		if err := os.WriteFile(filepath.Join(env.WorkDir, name), sums, 0o644); err != nil {
			return err
		}
	}
	return writeModule(env)
}

// exits runs a command that has to end with the code of its first argument.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits code command [args...]")
	}
	code := "0"
	var exit *exec.ExitError
	if err := ts.Exec(args[1], args[2:]...); errors.As(err, &exit) {
		code = strconv.Itoa(exit.ExitCode())
	} else if err != nil {
		ts.Fatalf("%v", err)
	}
	if code != args[0] {
		ts.Fatalf("exit code %s instead of %s", code, args[0])
	}
}

// age makes all files of a script old: what was written just before a run is
// not kept in the cache.
func age(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) > 0 {
		ts.Fatalf("usage: age")
	}
	past := time.Date(2001, 2, 3, 4, 5, 6, 0, time.UTC)
	ts.Check(filepath.WalkDir(ts.Getenv("WORK"), func(path string, _ fs.DirEntry, err error) error {
		if err != nil || strings.Contains(path, string(filepath.Separator)+".") {
			return err
		}
		return os.Chtimes(path, past, past)
	}))
}

// writeModule makes a script's folder a module that uses this one, unless it is
// a workspace.
func writeModule(env *testscript.Env) error {
	if _, err := os.Stat(filepath.Join(env.WorkDir, "go.work")); err == nil {
		return nil
	}
	module, err := os.ReadFile(filepath.Join(env.Getenv("REPO"), "go.mod"))
	if err != nil {
		return err
	}
	// The same requirements, so that the go command has nothing to add.
	_, requirements, _ := strings.Cut(string(module), "require (")
	content := "module example.com/shop\n\ngo 1.26.0\n\nrequire github.com/cnerium/cnerium-go v0.0.0\n\n" +
		"replace github.com/cnerium/cnerium-go => " + env.Getenv("REPO") + "\n\nrequire (" + requirements
	return os.WriteFile(filepath.Join(env.WorkDir, "go.mod"), []byte(content), 0o644)
}

// closed is a standard output that nobody reads.
type closed struct{}

func (closed) Write([]byte) (int, error) { return 0, os.ErrClosed }

func TestOutputThatCannotBeWrittenIsAFailure(t *testing.T) {
	t.Parallel()
	var stderr strings.Builder
	require.Equal(t, exitFailed, run([]string{"version"}, closed{}, &stderr))
	require.Contains(t, stderr.String(), "file already closed")
	require.Equal(t, exitFailed, run([]string{"version"}, closed{}, closed{}))
}

func TestUsageListsEveryCommand(t *testing.T) {
	t.Parallel()
	for _, v := range verbs {
		require.Contains(t, usage(), "\n  "+v.name+" ")
	}
}
