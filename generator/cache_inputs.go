package generator

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// inputs are the files and folders that a result depends on, besides what its
// key says. Their paths are absolute and sorted.
//
// Nothing in them is left to guessing: packages of the standard library and of
// the module cache are known by their versions, which stand in VERSION, go.mod
// and go.sum; of all others every Go file counts, taking part or not.
type inputs struct {
	Files   []string // by their bytes, or that they are not there
	Folders []string // by their Go files, or that they are not there
	Trees   []string // as Folders, with all folders below that the go command walks
	Coded   []coded  // folders whose output may lie there or not
}

// coded is a folder for which there is code.
type coded struct{ Dir, Package string }

// inputCollector collects inputs.
type inputCollector struct {
	files, folders, trees map[string]bool
	disk                  *disk
}

// newInputs begins to collect the inputs of a run, before the go command reads
// them: what describes the module and the workspace that the run could be in.
func newInputs(opts Options, d *disk) (*inputCollector, error) {
	c := &inputCollector{make(map[string]bool), make(map[string]bool), make(map[string]bool), d}
	if err := c.environment(opts); err != nil {
		return nil, err
	}
	for file := range c.files {
		_, _ = d.sum(file) // whether it is there is enough, and what else is wrong with it comes up later
	}
	return c, nil
}

// inputs returns the inputs of a run. The error is a reason why not all of
// them are known.
func (c *inputCollector) inputs(opts Options, r *result, listed *listing) (inputs, error) {
	modules := make(map[string]string) // those that can change: folder by path
	for _, n := range listed.nodes {
		if n.problem != "" {
			return inputs{}, fmt.Errorf("%s was not found, and may be next time", n.path)
		}
		if !n.fixed && n.root != "" {
			modules[n.module] = n.root
		}
	}
	for _, n := range listed.nodes {
		c.node(n, modules)
	}
	for _, pattern := range opts.Patterns {
		c.pattern(opts, pattern)
	}
	in := inputs{
		Files:   slices.Sorted(maps.Keys(c.files)),
		Folders: slices.Sorted(maps.Keys(c.folders)),
		Trees:   slices.Sorted(maps.Keys(c.trees)),
	}
	for _, f := range r.Folders {
		if f.Sum != "" {
			in.Coded = append(in.Coded, coded{f.Dir, f.Name})
		}
	}
	return in, nil
}

// environment adds the settings of the go command, and the modules and the
// workspace that the run could be in.
func (c *inputCollector) environment(opts Options) error {
	if err := c.settings(); err != nil {
		return err
	}
	dir, err := filepath.Abs(opts.Dir)
	if err != nil {
		return err
	}
	for ; ; dir = filepath.Dir(dir) {
		c.module(dir)
		c.workspace(filepath.Join(dir, "go.work"))
		if dir == filepath.Dir(dir) {
			break
		}
	}
	if file := os.Getenv("GOWORK"); filepath.IsAbs(file) {
		c.workspace(file)
	}
	return nil
}

// settings adds the files that set variables for the go command. What replaces
// files of a module, or its workspace, by others is not followed.
func (c *inputCollector) settings() error {
	command, err := goCommand()
	if err != nil {
		return err
	}
	files := []string{filepath.Join(command.root, "go.env")}
	switch file := os.Getenv("GOENV"); file {
	case "off":
	case "":
		user, err := os.UserConfigDir()
		if err != nil {
			return err
		}
		files = append(files, filepath.Join(user, "go", "env"))
	default:
		files = append(files, file)
	}
	settings := []string{"GOFLAGS=" + os.Getenv("GOFLAGS")}
	for _, file := range files {
		c.files[file] = true
		settings = slices.AppendSeq(settings, c.lines(file))
	}
	for _, setting := range settings {
		for _, word := range []string{"-modfile", "-overlay", "-toolexec"} {
			if strings.HasPrefix(setting, "GOFLAGS=") && strings.Contains(setting, word) {
				return fmt.Errorf("GOFLAGS has %s", word)
			}
		}
		if strings.HasPrefix(setting, "GOWORK=") {
			return errors.New("GOWORK is set for good")
		}
	}
	return nil
}

// module adds what describes the module in a folder, and the modules that it
// replaces others by.
func (c *inputCollector) module(dir string) {
	file := filepath.Join(dir, "go.mod")
	if c.files[file] {
		return
	}
	c.files[file] = true
	c.files[filepath.Join(dir, "go.sum")] = true
	c.files[filepath.Join(dir, "vendor", "modules.txt")] = true
	for line := range c.lines(file) {
		if _, target, ok := strings.Cut(line, "=>"); ok {
			c.local(dir, target)
		}
	}
}

// workspace adds what describes a workspace, and its modules.
func (c *inputCollector) workspace(file string) {
	c.files[file] = true
	c.files[file+".sum"] = true
	dir := filepath.Dir(file)
	c.files[filepath.Join(dir, "vendor", "modules.txt")] = true
	for line := range c.lines(file) {
		for word := range strings.FieldsSeq(line) {
			c.local(dir, word)
		}
	}
}

// local adds the module at a path as go.mod and go.work write it.
func (c *inputCollector) local(dir, path string) {
	path = strings.Trim(strings.TrimSpace(path), "\"`")
	if path == "" || strings.ContainsAny(path, " \t") {
		return // a module path and its version
	}
	path = filepath.FromSlash(path)
	if !filepath.IsAbs(path) {
		path = filepath.Join(dir, path)
	}
	if _, err := os.Stat(filepath.Join(path, "go.mod")); err == nil || strings.HasPrefix(path, dir) {
		c.module(path)
	}
}

// lines yields the lines of a file without their comments.
func (c *inputCollector) lines(file string) func(yield func(string) bool) {
	content, err := c.disk.readFile(file)
	if err != nil {
		content = nil
	}
	return func(yield func(string) bool) {
		for line := range strings.Lines(string(content)) {
			line, _, _ = strings.Cut(line, "//")
			if !yield(line) {
				return
			}
		}
	}
}

// node adds a package.
func (c *inputCollector) node(n *node, modules map[string]string) {
	for path, root := range modules {
		// If there were such a folder, it would be this package.
		if rest, ok := strings.CutPrefix(n.path, path+"/"); ok {
			c.folders[filepath.Join(root, filepath.FromSlash(rest))] = true
		}
	}
	if n.fixed {
		return
	}
	c.folders[n.dir] = true
	if n.root == "" {
		return
	}
	c.module(n.root)
	for dir := n.dir; dir != n.root && len(dir) > len(n.root); dir = filepath.Dir(dir) {
		c.files[filepath.Join(dir, "go.mod")] = true // it would cut the folder off
	}
}

// pattern adds the folders that the go command walks for a pattern.
func (c *inputCollector) pattern(opts Options, pattern string) {
	dir, walks, ok := opts.folderOf(pattern)
	switch {
	case ok && walks:
		c.trees[dir] = true
	case ok:
	case walks, !strings.ContainsAny(pattern, "./"): // all, work, and what may become such a word
		for file := range c.files {
			if filepath.Base(file) == "go.mod" {
				if _, err := os.Stat(file); err == nil {
					c.trees[filepath.Dir(file)] = true
				}
			}
		}
	}
}

// errUnsettled is the error of an input that cannot be relied on.
var errUnsettled = errors.New("a file has been written since the run began, or just before")
