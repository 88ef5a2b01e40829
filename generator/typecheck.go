package generator

import (
	"cmp"
	"errors"
	"fmt"
	"go/ast"
	"go/build"
	"go/token"
	"go/types"
	"go/version"
	"maps"
	"os"
	"runtime"
	"slices"
	"strconv"
)

// node is a package of the import graph.
type node struct {
	path      string
	own       bool              // of a module that is being worked on
	files     []string          // of an own package
	module    string            // of an own package
	goVersion string            // of the module, such as 1.26
	imports   map[string]string // import path as written, to the path of the package
	problem   string            // why the go command did not find it
}

// unit is an own package that a source reaches.
type unit struct {
	*node
	syntax []*ast.File
	source *source // nil when it has no directive
	types  *types.Package
	begun  bool
}

// checker type-checks the own packages that the sources reach: each once,
// from source, without the bodies of functions and without output of ours.
type checker struct {
	fset          *token.FileSet
	units         map[string]*unit
	unknown       map[string]string // packages that were not found, and why
	outside       []string          // what own packages import directly, sorted
	importOutside func(path string) (*types.Package, error)
	errors        []types.Error
}

func newChecker(fset *token.FileSet) *checker {
	return &checker{fset: fset, units: make(map[string]*unit), unknown: make(map[string]string)}
}

// reach parses the own packages that the sources import, directly or not, and
// collects what they import from outside.
func (c *checker) reach(known map[string]*node, sources []*source) error {
	outside := make(map[string]bool)
	var queue []*unit
	for _, src := range sources {
		n := known[src.path]
		if n == nil {
			return fmt.Errorf("list packages: the go command does not know %s", src.path)
		}
		c.units[src.path] = &unit{node: n, syntax: src.files, source: src}
		queue = append(queue, c.units[src.path])
	}
	for len(queue) > 0 {
		u := queue[0]
		queue = queue[1:]
		if err := c.prepare(u); err != nil {
			return err
		}
		for _, path := range u.imported() {
			n := known[path]
			switch {
			case n == nil || n.problem != "":
				c.unknown[path] = "cannot find it"
				if n != nil {
					c.unknown[path] = n.problem
				}
			case !n.own:
				outside[path] = true
			case c.units[path] == nil:
				c.units[path] = &unit{node: n}
				queue = append(queue, c.units[path])
			}
		}
	}
	c.outside = slices.Sorted(maps.Keys(outside))
	return nil
}

// prepare parses the files of a unit that is not parsed yet.
func (c *checker) prepare(u *unit) error {
	if v := "go" + u.goVersion; version.IsValid(v) && version.Compare(version.Lang(v), runtime.Version()) > 0 {
		return fmt.Errorf("module %s needs %s, but cneriumgen was built with %s", u.module, v, runtime.Version())
	}
	if u.source != nil {
		return nil
	}
	for _, name := range slices.Compact(slices.Sorted(slices.Values(u.files))) {
		content, err := os.ReadFile(name)
		if err != nil {
			return fmt.Errorf("read package %s: %w", u.path, err)
		}
		if isOutput(content) {
			continue
		}
		tree, faults := parseFile(c.fset, file{name, content}, 0)
		u.syntax = append(u.syntax, tree)
		for _, f := range faults {
			c.errors = append(c.errors, types.Error{Fset: c.fset, Pos: f.pos, Msg: f.message})
		}
	}
	return nil
}

// imported returns the paths of the packages that a unit imports.
func (u *unit) imported() []string {
	var paths []string
	for _, tree := range u.syntax {
		for _, spec := range tree.Imports {
			path, err := strconv.Unquote(spec.Path.Value)
			if err == nil && path != "C" && path != "unsafe" {
				paths = append(paths, u.resolve(path))
			}
		}
	}
	return paths
}

// resolve returns the path of the package that an import path stands for.
func (u *unit) resolve(path string) string { return cmp.Or(u.imports[path], path) }

// check gives each source its types, and all of them all type errors.
func (c *checker) check(sources []*source) {
	for _, src := range sources {
		c.checkUnit(c.units[src.path])
	}
	own := make(map[*types.Package]bool)
	for _, u := range c.units {
		own[u.types] = u.types != nil
	}
	for _, src := range sources {
		src.types, src.own = c.units[src.path].types, own
		src.typeErrors = c.errors
	}
}

// checkUnit type-checks an own package, and before it those it imports.
func (c *checker) checkUnit(u *unit) {
	u.begun = true
	config := types.Config{
		IgnoreFuncBodies: true,
		FakeImportC:      true,
		Importer:         unitImporter{c, u},
		Sizes:            types.SizesFor("gc", build.Default.GOARCH),
		Error: func(err error) {
			if e, ok := errors.AsType[types.Error](err); ok {
				c.errors = append(c.errors, e)
			}
		},
	}
	if u.goVersion != "" {
		config.GoVersion = "go" + u.goVersion
	}
	var info *types.Info
	if u.source != nil {
		info = &types.Info{
			Defs:  make(map[*ast.Ident]types.Object),
			Uses:  make(map[*ast.Ident]types.Object),
			Types: make(map[ast.Expr]types.TypeAndValue),
		}
		u.source.info = info
	}
	// The error is the first of those that went to config.Error.
	u.types, _ = config.Check(u.path, c.fset, u.syntax, info)
}

// unitImporter resolves the imports of one unit.
type unitImporter struct {
	checker *checker
	unit    *unit
}

// Import returns the types of a package, from source for an own one.
func (i unitImporter) Import(path string) (*types.Package, error) {
	if path == "unsafe" {
		return types.Unsafe, nil
	}
	path = i.unit.resolve(path)
	if why, ok := i.checker.unknown[path]; ok {
		return nil, errors.New(why)
	}
	u := i.checker.units[path]
	switch {
	case u == nil:
		return i.checker.importOutside(path)
	case u.types != nil:
		return u.types, nil
	case u.begun:
		return nil, errors.New("import cycle not allowed")
	}
	i.checker.checkUnit(u)
	return u.types, nil
}
