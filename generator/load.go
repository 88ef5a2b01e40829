package generator

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// ErrNoPackage is the error of a run whose patterns name a package that does
// not exist, or none of a module that is being worked on.
var ErrNoPackage = errors.New("no package to work on")

// node is a package of the import graph, as the go command lists it.
type node struct {
	path      string
	name      string
	dir       string            // absolute; "" when it was not found
	own       bool              // of a module that is being worked on
	fixed     bool              // of the standard library or the module cache: its path and version say what is in it
	root      string            // the folder of its module; "" for the standard library
	files     []string          // absolute, that take part in the build, with cgo files and without tests
	ignored   []string          // absolute, that build constraints leave out
	module    string            // "" for the standard library
	goVersion string            // of the module, such as 1.26
	imports   map[string]string // import path as written, to the path of the package, where they differ
	problem   string            // why the go command did not find it
}

// resolve returns the path of the package that an import path stands for.
func (n *node) resolve(path string) string { return cmp.Or(n.imports[path], path) }

// listing is what the go command says about a run.
type listing struct {
	own   []*node          // the packages that the patterns name
	nodes map[string]*node // those and all that they depend on, by path
}

// list asks the go command, once in a run. Packages with errors are among
// those it returns, because a missing or broken output of ours is such an
// error.
func list(ctx context.Context, opts Options) (*listing, error) {
	patterns, err := opts.patterns()
	if err != nil {
		return nil, err
	}
	output, err := goList(ctx, opts, patterns)
	if err != nil {
		return nil, err
	}
	l := &listing{nodes: make(map[string]*node)}
	var unknown, outside []string
	decoder := json.NewDecoder(bytes.NewReader(output))
	for {
		var p listedPackage
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, fmt.Errorf("list packages: %w", err)
		}
		n := p.node()
		l.nodes[n.path] = n
		switch {
		case p.DepOnly:
		case n.dir == "", n.module == "" && !n.fixed && n.problem != "":
			unknown = append(unknown, p.problem())
		case !n.own:
			outside = append(outside, n.path)
		default:
			l.own = append(l.own, n)
		}
	}
	switch {
	case len(unknown) > 0:
		return nil, fmt.Errorf("%w: %s", ErrNoPackage, strings.Join(unknown, "; "))
	case len(l.own) == 0 && len(outside) > 0:
		return nil, fmt.Errorf("%w: %s: not in the main module", ErrNoPackage, strings.Join(outside, ", "))
	case len(l.own) == 0:
		return nil, fmt.Errorf("%w: nothing matches %s", ErrNoPackage, strings.Join(patterns, " "))
	}
	return l, nil
}

// listedPackage is a package in the output of go list.
type listedPackage struct {
	Dir            string
	ImportPath     string
	Name           string
	Standard       bool
	DepOnly        bool
	Module         *listedModule
	GoFiles        []string
	CgoFiles       []string
	IgnoredGoFiles []string
	ImportMap      map[string]string
	Error          *struct{ Err string }
}

// listedModule is its module.
type listedModule struct {
	Path      string
	Version   string
	Main      bool
	Dir       string
	GoVersion string
	Replace   *listedModule
}

// listedFields are the fields that the go command has to work out.
const listedFields = "Dir,ImportPath,Name,Standard,DepOnly,Module,GoFiles,CgoFiles,IgnoredGoFiles,ImportMap,Error"

// node returns what the run needs to know.
func (p *listedPackage) node() *node {
	n := &node{path: p.ImportPath, name: p.Name, dir: p.Dir, fixed: p.Standard, imports: p.ImportMap}
	n.files = append(within(p.Dir, p.GoFiles), within(p.Dir, p.CgoFiles)...)
	n.ignored = within(p.Dir, p.IgnoredGoFiles)
	if m := p.Module; m != nil {
		n.own, n.module, n.goVersion, n.root = m.Main, m.Path, m.GoVersion, m.Dir
		version := m.Version
		if m.Replace != nil {
			version = m.Replace.Version
		}
		// A vendored package has the version of its module, and no folder of it.
		n.fixed = !m.Main && version != "" && m.Dir != "" && strings.HasPrefix(p.Dir, m.Dir)
	}
	if len(n.files) == 0 {
		n.problem = p.problem()
	}
	return n
}

// within returns the paths of files in a folder.
func within(dir string, names []string) []string {
	paths := make([]string, len(names))
	for i, name := range names {
		paths[i] = name
		if !filepath.IsAbs(name) {
			paths[i] = filepath.Join(dir, name)
		}
	}
	return paths
}

// problem returns what the go command found wrong with a package, in one line:
// the first that says something, with the one that it announces.
func (p *listedPackage) problem() string {
	if p.Error == nil {
		return ""
	}
	text := ""
	for line := range strings.Lines(p.Error.Err) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "# ") {
			continue
		}
		text = strings.TrimSpace(text + " " + line)
		if !strings.HasSuffix(line, ":") {
			break
		}
	}
	return text
}

// goList runs the go command.
func goList(ctx context.Context, opts Options, patterns []string) ([]byte, error) {
	args := []string{"list", "-e", "-deps", "-pgo=off", "-json=" + listedFields}
	if opts.Tags != "" {
		args = append(args, "-tags="+opts.Tags)
	}
	var stderr strings.Builder
	command := exec.CommandContext(ctx, "go", append(append(args, "--"), patterns...)...)
	command.Dir = opts.Dir
	command.Stderr = &stderr
	if os.Getenv("GOGC") == "" { // a sixth of its time for a little memory
		command.Env = append(command.Environ(), "GOGC=200")
	}
	output, err := command.Output()
	if err == nil {
		return output, nil
	}
	err = cmp.Or(ctx.Err(), err)
	if said := strings.TrimPrefix(strings.TrimSpace(stderr.String()), "go: "); said != "" && ctx.Err() == nil {
		err = errors.New(said)
	}
	return nil, fmt.Errorf("list packages: %w", err)
}
