package generator

import (
	"cmp"
	"errors"
	"go/ast"
	"go/build"
	"go/token"
	"go/types"
	"maps"
	"slices"
)

// load gives the sources their types. What is wrong with the code becomes type
// errors; the error is for a package that cannot be read.
func load(d *disk, known map[string]*node, sources []*source) error {
	if len(sources) == 0 {
		return nil
	}
	c := newChecker(d, known)
	if err := c.add(sources); err != nil {
		return err
	}
	r := &reacher{c: c}
	if err := r.run(sources); err != nil {
		return err
	}
	c.check(sources)
	d.trees.Clear() // nobody parses any more
	return nil
}

// checker type-checks what the sources reach, each package once, from source:
// neither a compiler nor its cache is needed for that.
type checker struct {
	disk  *disk
	known map[string]*node
	units map[string]*unit
}

func newChecker(d *disk, known map[string]*node) *checker {
	return &checker{disk: d, known: known, units: make(map[string]*unit)}
}

// add makes the units of the sources.
func (c *checker) add(sources []*source) error {
	for _, src := range sources {
		u := c.unit(src.path)
		if u == nil {
			return errors.New("list packages: the go command does not know " + src.path)
		}
		if err := u.tooNew(); err != nil {
			return err
		}
		u.source, u.files = src, src.files
	}
	each(len(sources), func(i int) { c.units[sources[i].path].index(c.nameOf) })
	return nil
}

// unit returns the unit of a package; nil when it was not found.
func (c *checker) unit(path string) *unit {
	if u := c.units[path]; u != nil {
		return u
	}
	n := c.known[path]
	if n == nil || n.problem != "" || path == "unsafe" {
		return nil
	}
	c.units[path] = newUnit(n)
	return c.units[path]
}

// nameOf returns the name of a package. That of one which was not found is a
// guess, as the type checker makes it.
func (c *checker) nameOf(path string) string {
	if n := c.known[path]; n != nil {
		return cmp.Or(n.name, baseOfPath(path))
	}
	return baseOfPath(path)
}

// sorted returns the units in the order of their paths.
func (c *checker) sorted() []*unit {
	return slices.SortedFunc(maps.Values(c.units), func(a, b *unit) int { return cmp.Compare(a.path, b.path) })
}

// check gives each source its types, and all of them all type errors. First
// come the packages that others need, one after another, then the others at
// the same time.
func (c *checker) check(sources []*source) {
	units := c.sorted()
	needed := make(map[*unit]bool)
	for _, u := range units {
		for used := range u.uses {
			needed[used] = true
		}
	}
	for _, u := range units {
		if needed[u] || u.source == nil {
			c.checkUnit(u)
		}
	}
	each(len(units), func(i int) { c.checkUnit(units[i]) })
	own := make(map[*types.Package]bool)
	var found []types.Error
	for _, u := range units {
		own[u.types] = u.own && u.types != nil
		if !u.fixed {
			found = append(found, u.errors...)
		}
	}
	each(len(sources), func(i int) {
		src, u := sources[i], c.units[sources[i].path]
		src.types, src.own, src.typeErrors = u.types, own, found
		u.describe(c.exported)
	})
}

// exported returns the exported names that the files of a package declare.
func (c *checker) exported(path string) []string {
	u := c.units[path]
	if u == nil {
		return nil
	}
	return slices.DeleteFunc(slices.Collect(maps.Keys(u.names)), func(name string) bool { return !token.IsExported(name) })
}

// checkUnit type-checks a package, unless it is, and before it those it needs.
func (c *checker) checkUnit(u *unit) {
	if u.begun || u.types != nil {
		return
	}
	u.begun = true
	config := types.Config{
		IgnoreFuncBodies: true,
		FakeImportC:      true,
		Importer:         unitImporter{c, u},
		Sizes:            types.SizesFor("gc", build.Default.GOARCH),
		Error: func(err error) {
			if e, ok := errors.AsType[types.Error](err); ok {
				u.errors = append(u.errors, e)
			}
		},
	}
	if u.goVersion != "" {
		config.GoVersion = "go" + u.goVersion
	}
	var info *types.Info
	if u.source != nil {
		info = &types.Info{Defs: make(map[*ast.Ident]types.Object)}
		u.source.info = info
	}
	// The error is the first of those that went to config.Error.
	u.types, _ = config.Check(u.path, c.disk.fset, u.pruned(), info)
}

// unitImporter resolves the imports of one unit.
type unitImporter struct {
	checker *checker
	unit    *unit
}

// Import returns the types of a package, as far as they are reached.
func (i unitImporter) Import(path string) (*types.Package, error) {
	if path == "unsafe" {
		return types.Unsafe, nil
	}
	path = i.unit.resolve(path)
	u := i.checker.units[path]
	switch n := i.checker.known[path]; {
	case n == nil:
		return nil, errors.New("cannot find it")
	case n.problem != "":
		return nil, errors.New(n.problem)
	case u == nil || !i.unit.uses[u]:
		nothing := types.NewPackage(path, i.checker.nameOf(path))
		nothing.MarkComplete()
		return nothing, nil
	case u.types == nil && u.begun:
		return nil, errors.New("import cycle not allowed")
	}
	i.checker.checkUnit(u)
	return u.types, nil
}
