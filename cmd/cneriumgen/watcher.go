package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/fsnotify/fsnotify"
)

// treeWatcher watches the folders of modules.
type treeWatcher struct {
	fs       *fsnotify.Watcher
	roots    []string
	isOutput func(path string) bool
	changes  chan struct{} // holds one that nobody has taken yet, however many there were
	problems chan error    // holds some
}

// newTreeWatcher watches all folders below the roots that can have packages.
func newTreeWatcher(roots []string, isOutput func(string) bool) (*treeWatcher, error) {
	watcher, err := fsnotify.NewWatcher()
	if err != nil {
		return nil, watchError("", err)
	}
	w := &treeWatcher{fs: watcher, roots: roots, isOutput: isOutput, changes: make(chan struct{}, 1), problems: make(chan error, 16)}
	if err := w.addRoots(); err != nil {
		return nil, errors.Join(err, watcher.Close())
	}
	return w, nil
}

func (w *treeWatcher) addRoots() error {
	for _, root := range w.roots {
		if err := w.add(root); err != nil {
			return err
		}
	}
	return nil
}

// add watches a folder and those below it.
func (w *treeWatcher) add(dir string) error {
	return filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil && path == dir && slices.Contains(w.roots, dir):
			return err
		case err != nil:
			return nil //nolint:nilerr // it is gone again, or nobody may read it
		case !entry.IsDir():
			return nil
		case !slices.Contains(w.roots, path) && (isIgnoredFolder(entry.Name()) || isOtherModule(path)):
			return filepath.SkipDir
		}
		if err := w.fs.Add(path); err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, fs.ErrPermission) {
			return watchError(path, err)
		}
		return nil
	})
}

// isIgnoredFolder reports whether nothing below a folder can be a package of a
// pattern: the go command passes over these names, and node_modules is long.
func isIgnoredFolder(name string) bool {
	return strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_") || name == "node_modules" || name == "testdata" || name == "vendor"
}

// isOtherModule reports whether a folder is that of a module in a module.
func isOtherModule(dir string) bool {
	info, err := os.Stat(filepath.Join(dir, "go.mod"))
	return err == nil && info.Mode().IsRegular()
}

// watchError says what can be done about a limit of the system.
func watchError(path string, err error) error {
	switch {
	case errors.Is(err, syscall.ENOSPC):
		return fmt.Errorf("watch %s: no more folders can be watched: raise the limit, on Linux by sysctl fs.inotify.max_user_watches=524288, or use -poll 1s", path)
	case errors.Is(err, syscall.EMFILE):
		return errors.New("watch: too many programs watch files: raise the limit, on Linux by sysctl fs.inotify.max_user_instances=1024, or use -poll 1s")
	}
	return fmt.Errorf("watch %s: %w", path, err)
}

// run listens until the watcher is closed.
func (w *treeWatcher) run() {
	for {
		select {
		case event, ok := <-w.fs.Events:
			if !ok {
				return
			}
			w.handle(event)
		case err, ok := <-w.fs.Errors:
			if !ok {
				return
			}
			w.lost(err)
		}
	}
}

// handle tells of an event, if it can change what is generated.
func (w *treeWatcher) handle(event fsnotify.Event) {
	if event.Op == fsnotify.Chmod || isIgnoredFolder(filepath.Base(event.Name)) {
		return
	}
	if event.Has(fsnotify.Create) {
		if info, err := os.Lstat(event.Name); err == nil && info.IsDir() {
			// Files may have come into it before it was watched.
			w.report(w.add(event.Name))
			tell(w.changes)
			return
		}
	}
	// A folder that is gone is known by nothing but its name, which has no dot
	// as a rule; a run in vain is cheap.
	gone := event.Has(fsnotify.Remove) || event.Has(fsnotify.Rename)
	isOutput := w.isOutput(event.Name)
	if isInput(event.Name) && !isOutput || gone && (isOutput || filepath.Ext(event.Name) == "") {
		tell(w.changes)
	}
}

// isInput reports whether a file can be one that a run reads, by its name.
func isInput(path string) bool {
	switch name := filepath.Base(path); name {
	case "go.mod", "go.sum", "go.work", "go.work.sum":
		return true
	default:
		return strings.HasSuffix(name, ".go")
	}
}

// lost handles that events were not told of: anything may have changed.
func (w *treeWatcher) lost(err error) {
	if !errors.Is(err, fsnotify.ErrEventOverflow) {
		w.report(err)
	}
	w.report(w.addRoots())
	tell(w.changes)
}

// report hands on an error of watching. When nobody has taken the last ones,
// that one is not more important.
func (w *treeWatcher) report(err error) {
	if err == nil {
		return
	}
	select {
	case w.problems <- err:
		tell(w.changes)
	default:
	}
}

// replacements returns the folders that stand in for modules that a module
// requires.
func replacements(ctx context.Context, root string) ([]string, error) {
	text, err := goCommand(ctx, root, "mod", "edit", "-json")
	if err != nil {
		return nil, fmt.Errorf("read the go.mod of %s: %w", root, err)
	}
	var module struct {
		Replace []struct {
			New struct{ Path, Version string }
		}
	}
	if err := json.Unmarshal([]byte(text), &module); err != nil {
		return nil, fmt.Errorf("read the go.mod of %s: %w", root, err)
	}
	var dirs []string
	for _, r := range module.Replace {
		if r.New.Version != "" {
			continue
		}
		dir := filepath.FromSlash(r.New.Path)
		if !filepath.IsAbs(dir) {
			dir = filepath.Join(root, dir)
		}
		if info, err := os.Stat(dir); err == nil && info.IsDir() {
			dirs = append(dirs, dir)
		}
	}
	return dirs, nil
}

// nonEmptyLines returns the lines of a text.
func nonEmptyLines(text string) []string {
	return slices.DeleteFunc(strings.Split(strings.ReplaceAll(text, "\r\n", "\n"), "\n"), func(line string) bool { return line == "" })
}
