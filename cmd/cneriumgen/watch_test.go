package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fsnotify/fsnotify"
	"github.com/rogpeppe/go-internal/testscript"
	"github.com/stretchr/testify/require"
)

// watched is a watch that runs as a process in a module of its own.
type watched struct {
	dir     string
	command *exec.Cmd
	lines   *bufio.Scanner // of standard output and standard error
}

const watchedSource = `package orders

import "context"

// Create places an order.
//
//cnerium:durable POST /orders orders.create
func Create(ctx context.Context) error { return nil }
`

// startWatch starts a watch.
func startWatch(t *testing.T, args ...string) *watched {
	t.Helper()
	w := &watched{dir: newModule(t)}
	w.write(t, "orders/orders.go", watchedSource)
	w.command = exec.CommandContext(t.Context(), "cneriumgen", append(append([]string{"watch"}, args...), "./...")...)
	w.command.Dir = w.dir
	w.command.Env = append(os.Environ(), "GOPROXY=off", "GOFLAGS=-buildvcs=false", "GOWORK=off")
	reader, writer, err := os.Pipe()
	require.NoError(t, err)
	w.command.Stdout, w.command.Stderr = writer, writer
	require.NoError(t, w.command.Start())
	t.Cleanup(func() {
		_ = w.command.Process.Kill()
		_ = w.command.Wait()
		_ = reader.Close()
	})
	require.NoError(t, writer.Close())
	w.lines = bufio.NewScanner(reader)
	return w
}

// newModule returns the folder of a module that uses this one.
func newModule(t *testing.T) string {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	require.NoError(t, err)
	root, err := filepath.Abs("../..")
	require.NoError(t, err)
	sums, err := os.ReadFile(filepath.Join(root, "go.sum"))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "go.sum"), sums, 0o644))
	require.NoError(t, writeModule(&testscript.Env{WorkDir: dir, Vars: []string{"REPO=" + root}}))
	return dir
}

// write replaces a file as editors do, by a rename.
func (w *watched) write(t *testing.T, name, content string) {
	t.Helper()
	path := filepath.Join(w.dir, filepath.FromSlash(name))
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
	require.NoError(t, os.WriteFile(path+"~", []byte(content), 0o644))
	require.NoError(t, os.Rename(path+"~", path))
}

// until reads what is printed until a line has the text in it.
func (w *watched) until(t *testing.T, text string) {
	t.Helper()
	var seen []string
	for w.lines.Scan() {
		seen = append(seen, w.lines.Text())
		if strings.Contains(w.lines.Text(), text) {
			return
		}
	}
	require.Fail(t, "not printed: "+text, strings.Join(seen, "\n"))
}

func TestWatchGeneratesWhatChanges(t *testing.T) {
	t.Parallel()
	w := startWatch(t)
	w.until(t, "wrote orders/cnerium_gen.go")

	w.write(t, "orders/orders.go", strings.Replace(watchedSource, "orders.create", "orders.place", 1))
	w.until(t, "wrote orders/cnerium_gen.go")
	written, err := os.ReadFile(filepath.Join(w.dir, "orders", "cnerium_gen.go"))
	require.NoError(t, err)
	require.Contains(t, string(written), `"orders.place"`)

	// What somebody has removed comes again.
	require.NoError(t, os.Remove(filepath.Join(w.dir, "orders", "cnerium_gen.go")))
	w.until(t, "wrote orders/cnerium_gen.go")

	// A package in a folder that was not there, below another such folder.
	w.write(t, "shop/carts/carts.go", strings.NewReplacer("package orders", "package carts", "orders", "carts").Replace(watchedSource))
	w.until(t, "wrote shop/carts/cnerium_gen.go")
	w.write(t, "shop/carts/carts.go", strings.NewReplacer("package orders", "package carts", "/orders orders", "/carts carts.new").Replace(watchedSource))
	w.until(t, "wrote shop/carts/cnerium_gen.go")
	require.NoError(t, os.Rename(filepath.Join(w.dir, "shop"), filepath.Join(w.dir, "store")))
	w.write(t, "orders/orders.go", watchedSource)
	w.until(t, "wrote orders/cnerium_gen.go")
	w.write(t, "store/carts/carts.go", "package carts\n")
	w.until(t, "removed store/carts/cnerium_gen.go")
}

func TestWatchTellsOfDiagnosticsWhenTheyComeAndGo(t *testing.T) {
	t.Parallel()
	w := startWatch(t)
	w.until(t, "wrote orders/cnerium_gen.go")
	w.write(t, "orders/orders.go", strings.Replace(watchedSource, "POST /orders", "GET /orders", 1))
	w.until(t, "orders/orders.go:7:19: GET only reads")
	// It is the same one, a line below; what is new is told, and only that.
	w.write(t, "orders/orders.go", strings.Replace(watchedSource, "// Create", "// New.\n//\n//cnerium:durable PUT /x x.y x\nfunc New() error { return nil }\n\n// Create", 1))
	w.until(t, "mended orders/orders.go: GET only reads")
	w.write(t, "orders/orders.go", watchedSource)
	w.until(t, "mended orders/orders.go: ")
	w.write(t, "go.mod", "module")
	w.until(t, "cneriumgen: list packages: ")
}

func TestWatchEndsWhenItIsInterrupted(t *testing.T) {
	t.Parallel()
	for _, signal := range []os.Signal{os.Interrupt, syscall.SIGTERM} {
		w := startWatch(t)
		w.until(t, "wrote orders/cnerium_gen.go")
		require.NoError(t, w.command.Process.Signal(signal))
		require.NoError(t, w.command.Wait())
		require.False(t, w.lines.Scan(), w.lines.Text())
	}
}

func TestWatchCanPoll(t *testing.T) {
	t.Parallel()
	w := startWatch(t, "-poll=10ms")
	w.until(t, "wrote orders/cnerium_gen.go")
	w.write(t, "orders/orders.go", strings.Replace(watchedSource, "orders.create", "orders.place", 1))
	w.until(t, "wrote orders/cnerium_gen.go")
}

func TestWatchOfNothingFails(t *testing.T) {
	t.Parallel()
	dir := newModule(t)
	var out, complaints strings.Builder
	require.Equal(t, exitFailed, run([]string{"watch", "-C", dir, "./nowhere"}, &out, &complaints))
	require.Contains(t, complaints.String(), "no package to work on")
}

func TestSettleWaitsForQuietButNotForEver(t *testing.T) {
	t.Parallel()
	const quiet, limit = 20 * time.Millisecond, 250 * time.Millisecond
	for _, test := range []struct {
		name  string
		every time.Duration // between changes
		count int
		want  time.Duration // after the first change
	}{
		{"one change", time.Hour, 1, quiet},
		{"three near each other", 10 * time.Millisecond, 3, 40 * time.Millisecond},
		{"apart", 30 * time.Millisecond, 3, quiet},
		{"without end", 10 * time.Millisecond, 1000, limit},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				changes := make(chan struct{}, 1)
				done := make(chan struct{})
				begin := time.Now()
				go func() {
					defer close(done)
					for range test.count {
						tell(changes)
						select {
						case <-ctx.Done():
							return
						case <-time.After(test.every):
						}
					}
				}()
				require.NoError(t, settle(ctx, changes, quiet, limit))
				require.Equal(t, test.want, time.Since(begin))
				cancel()
				<-done
			})
		})
	}
}

func TestSettleEndsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, settle(ctx, nil, time.Hour, time.Hour), context.Canceled)
}

// hasChanged reports whether a watcher has told of a change.
func hasChanged(w *treeWatcher) bool {
	select {
	case <-w.changes:
		return true
	default:
		return false
	}
}

func TestWatcherTellsOfInputsOnly(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, name := range []string{"a", "a/b", "node_modules/c", ".git", "testdata", "other"} {
		require.NoError(t, os.MkdirAll(filepath.Join(dir, filepath.FromSlash(name)), 0o755))
	}
	require.NoError(t, os.WriteFile(filepath.Join(dir, "other", "go.mod"), nil, 0o644))
	var output atomic.Value
	output.Store(filepath.Join(dir, "client", "client_gen.go"))
	w, err := newTreeWatcher([]string{dir}, func(path string) bool { return path == output.Load() })
	require.NoError(t, err)
	defer w.fs.Close()
	require.ElementsMatch(t, []string{dir, filepath.Join(dir, "a"), filepath.Join(dir, "a", "b")}, w.fs.WatchList())

	for _, test := range []struct {
		name string
		op   fsnotify.Op
		want bool
	}{
		{"a/a.go", fsnotify.Write, true},
		{"a/a.go", fsnotify.Remove, true},
		{"go.mod", fsnotify.Write, true},
		{"go.work", fsnotify.Create, true},
		{"a/b", fsnotify.Remove, true},
		{"a/a.go", fsnotify.Chmod, false},
		{"a/.a.go.swp", fsnotify.Create, false},
		{"a/.#a.go", fsnotify.Create, false},
		{"a/a.txt", fsnotify.Write, false},
		{"openapi.yaml", fsnotify.Write, false},
		{"client/client_gen.go", fsnotify.Create, false},
		{"client/client_gen.go", fsnotify.Remove, true},
	} {
		w.handle(fsnotify.Event{Name: filepath.Join(dir, filepath.FromSlash(test.name)), Op: test.op})
		require.Equal(t, test.want, hasChanged(w), "%s %s", test.op, test.name)
	}
}

func TestWatcherThatLosesEventsLooksAgain(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	w, err := newTreeWatcher([]string{dir}, func(string) bool { return false })
	require.NoError(t, err)
	defer w.fs.Close()
	require.NoError(t, os.Mkdir(filepath.Join(dir, "a"), 0o755))
	w.lost(fsnotify.ErrEventOverflow)
	require.Contains(t, w.fs.WatchList(), filepath.Join(dir, "a"))
	require.True(t, hasChanged(w))
	require.Empty(t, w.problems)
	w.lost(errors.New("strange"))
	require.EqualError(t, <-w.problems, "strange")
}

func TestWatchErrorsSayWhatToDo(t *testing.T) {
	t.Parallel()
	require.ErrorContains(t, watchError("a", fmt.Errorf("add: %w", syscall.ENOSPC)), "fs.inotify.max_user_watches=524288, or use -poll 1s")
	require.ErrorContains(t, watchError("a", syscall.EMFILE), "fs.inotify.max_user_instances=1024, or use -poll 1s")
	require.ErrorIs(t, watchError("a", fs.ErrInvalid), fs.ErrInvalid)
	_, err := newTreeWatcher([]string{filepath.Join(t.TempDir(), "gone")}, nil)
	require.ErrorIs(t, err, fs.ErrNotExist)
}

func TestOutputThatNobodyReadsEndsAWatch(t *testing.T) {
	t.Parallel()
	w := &watched{dir: newModule(t)}
	w.write(t, "orders/orders.go", watchedSource)
	require.Equal(t, exitFailed, run([]string{"watch", "-C", w.dir, "./..."}, closed{}, io.Discard))
}
