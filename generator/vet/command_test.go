package vet_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cnerium/cnerium-go/internal/raced"
	"github.com/stretchr/testify/require"
	"golang.org/x/tools/txtar"
)

// TestGoVet has go vet run the real command on a module of its own, and compares
// what is printed with what the archive says. A small module stands for this
// one, because go vet would load all that its stores depend on.
func TestGoVet(t *testing.T) {
	t.Parallel()
	raced.Skip(t, "the command is built without it")
	archive, err := txtar.ParseFile(filepath.Join("testdata", "govet.txtar"))
	require.NoError(t, err)
	m := newModule(t, archive)

	m.vets(t, 1, "want/all", "./...")
	m.vets(t, 1, "want/tagged", "-tags=special", "./tagged")
	m.vets(t, 1, "want/goroutine", "-goroutine", "./...")
	m.vets(t, 0, "", "./clean", "./tagged", "github.com/cnerium/cnerium-go/elsewhere")

	m.vets(t, 0, "", "-fix", "-handle", "./shop")
	fixed, err := os.ReadFile(filepath.Join(m.dir, "shop", "shop.go"))
	require.NoError(t, err)
	require.Equal(t, m.files["want/shop.go"], string(fixed))
}

// module is a module on disk, and the tool to vet it with.
type module struct {
	dir, tool string
	files     map[string]string
	env       []string
}

// newModule builds the tool, and writes the files of an archive.
func newModule(t *testing.T, archive *txtar.Archive) *module {
	t.Helper()
	root, err := filepath.Abs(filepath.Join("..", ".."))
	require.NoError(t, err)
	m := &module{
		dir:   t.TempDir(),
		tool:  filepath.Join(t.TempDir(), "cneriumgen"),
		files: make(map[string]string),
		env:   append(os.Environ(), "GOPROXY=off", "GOSUMDB=off", "GOTOOLCHAIN=local", "GOWORK=off", "GOFLAGS=-buildvcs=false"),
	}
	build := exec.Command("go", "build", "-buildvcs=false", "-o", m.tool, "./cmd/cneriumgen")
	build.Dir = root
	out, err := build.CombinedOutput()
	require.NoError(t, err, string(out))
	for _, file := range archive.Files {
		m.files[file.Name] = string(file.Data)
		if !strings.HasPrefix(file.Name, "want/") {
			m.write(t, file.Name, string(file.Data))
		}
	}
	return m
}

func (m *module) write(t *testing.T, name, content string) {
	t.Helper()
	path := filepath.Join(m.dir, filepath.FromSlash(name))
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
	require.NoError(t, os.WriteFile(path, []byte(content), 0o644))
}

// vets runs go vet, which has to end with the code and print the file of the
// archive; "" for nothing.
func (m *module) vets(t *testing.T, code int, want string, args ...string) {
	t.Helper()
	var stderr strings.Builder
	command := exec.Command("go", append([]string{"vet", "-vettool=" + m.tool}, args...)...)
	command.Dir, command.Env, command.Stderr = m.dir, m.env, &stderr
	err := command.Run()
	got := 0
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		got, err = exit.ExitCode(), nil
	}
	require.NoError(t, err)
	require.ElementsMatch(t, findings(m.files[want]), findings(stderr.String()), "go vet %s", args)
	require.Equal(t, code, got)
}

// findings splits what go vet prints, which has the packages in any order.
func findings(text string) []string {
	return strings.Split(strings.ReplaceAll(text, "\n\t", "\t"), "\n")
}
