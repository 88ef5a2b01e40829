package generator

import (
	"cmp"
	"maps"
	"slices"
	"strings"
)

// runtimePath and runtimeName are the package that generated code calls.
const (
	runtimePath = "github.com/cnerium/cnerium-go/runtime"
	runtimeName = "cnerium"
)

// importSpec is one line of the import block.
type importSpec struct {
	alias string // "" for none
	path  string
}

// imports are the packages that a generated file names.
type imports struct {
	home  string            // first element of the file's own import path
	names map[string]string // package name by path
	local map[string]string // the name in the file by path, once it is settled
}

// newImports returns the imports of a file of the package with that path.
func newImports(path string) *imports {
	home, _, _ := strings.Cut(path, "/")
	return &imports{home: home, names: make(map[string]string), local: make(map[string]string)}
}

// add notes that the file names a package.
func (im *imports) add(path, name string) { im.names[path] = name }

// settle gives each package its name in the file: its own one where that is
// free. The runtime chooses first, then the standard library.
func (im *imports) settle(scope *names) {
	for _, path := range im.paths() {
		im.local[path] = scope.take(im.names[path])
	}
}

// paths are the paths in the order of the import block, with the runtime in
// front.
func (im *imports) paths() []string {
	return slices.SortedFunc(maps.Keys(im.names), func(a, b string) int {
		return cmp.Or(
			cmp.Compare(im.rank(a), im.rank(b)),
			strings.Compare(a, b),
		)
	})
}

// groups returns the import block: the standard library, then the rest, each
// sorted by path. An alias stands only where the name is not the package's
// own; and before the runtime, whose path does not end with its name.
func (im *imports) groups() [][]importSpec {
	var std, rest []importSpec
	for _, path := range im.paths() {
		spec := importSpec{path: path}
		if local := im.local[path]; local != im.names[path] || path == runtimePath {
			spec.alias = local
		}
		if im.rank(path) == rankStandard {
			std = append(std, spec)
		} else {
			rest = append(rest, spec)
		}
	}
	slices.SortFunc(rest, func(a, b importSpec) int { return strings.Compare(a.path, b.path) })
	return slices.DeleteFunc([][]importSpec{std, rest}, func(g []importSpec) bool { return len(g) == 0 })
}

// The order in which packages choose their names.
const (
	rankRuntime = iota
	rankStandard
	rankOther
)

// rank tells the standard library by the first element of a path, which has
// no dot there; as has that of a module which nobody else imports.
func (im *imports) rank(path string) int {
	first, _, _ := strings.Cut(path, "/")
	switch {
	case path == runtimePath:
		return rankRuntime
	case strings.Contains(first, ".") || first == im.home:
		return rankOther
	}
	return rankStandard
}
