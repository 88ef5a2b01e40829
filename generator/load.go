package generator

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"go/token"
	"go/types"
	"os"
	"slices"
	"strings"

	"golang.org/x/tools/go/gcexportdata"
	"golang.org/x/tools/go/packages"
)

// ErrNoPackage is the error of a run whose patterns name a package that does
// not exist, or none of a module that is being worked on.
var ErrNoPackage = errors.New("no package to work on")

// list returns the packages that the patterns name. Packages with errors are
// among them, because a missing or broken output of ours is such an error.
func list(ctx context.Context, opts Options) ([]goPackage, error) {
	patterns, err := opts.patterns()
	if err != nil {
		return nil, err
	}
	mode := packages.NeedName | packages.NeedFiles | packages.NeedModule
	found, err := goList(ctx, opts, mode, patterns)
	if err != nil {
		return nil, err
	}
	var own []goPackage
	var unknown, outside []string
	for _, p := range found {
		switch {
		case p.Dir == "":
			unknown = append(unknown, problem(p))
		case !isOwn(p):
			outside = append(outside, p.PkgPath)
		default:
			own = append(own, goPackage{path: p.PkgPath, dir: p.Dir, files: p.GoFiles, ignored: p.IgnoredFiles})
		}
	}
	switch {
	case len(unknown) > 0:
		return nil, fmt.Errorf("%w: %s", ErrNoPackage, strings.Join(unknown, "; "))
	case len(own) == 0 && len(outside) > 0:
		return nil, fmt.Errorf("%w: %s: not in the main module", ErrNoPackage, strings.Join(outside, ", "))
	case len(own) == 0:
		return nil, fmt.Errorf("%w: nothing matches %s", ErrNoPackage, strings.Join(patterns, " "))
	}
	return own, nil
}

// load gives the sources their types and returns an error only when the go
// command cannot be asked; what is wrong with the code becomes type errors.
func load(ctx context.Context, opts Options, sources []*source) error {
	if len(sources) == 0 {
		return nil
	}
	known, err := graph(ctx, opts, sources)
	if err != nil {
		return err
	}
	c := newChecker(sources[0].fset)
	if err := c.reach(known, sources); err != nil {
		return err
	}
	exports, err := exportFiles(ctx, opts, c.outside)
	if err != nil {
		return err
	}
	c.importOutside = exportImporter(c.fset, exports)
	c.check(sources)
	return nil
}

// graph returns all packages that those with directives depend on, by their
// paths.
func graph(ctx context.Context, opts Options, sources []*source) (map[string]*node, error) {
	var paths []string
	for _, src := range sources {
		paths = append(paths, src.path)
	}
	mode := packages.NeedName | packages.NeedFiles | packages.NeedModule | packages.NeedImports | packages.NeedDeps
	roots, err := goList(ctx, opts, mode, paths)
	if err != nil {
		return nil, err
	}
	nodes := make(map[string]*node)
	packages.Visit(roots, nil, func(p *packages.Package) {
		n := &node{path: p.PkgPath, own: isOwn(p), imports: make(map[string]string)}
		if n.own {
			n.files = p.GoFiles
			n.module, n.goVersion = p.Module.Path, p.Module.GoVersion
		}
		for path, imported := range p.Imports {
			n.imports[path] = imported.PkgPath
		}
		if len(p.Errors) > 0 && len(p.GoFiles) == 0 {
			n.problem = problem(p)
		}
		nodes[p.PkgPath] = n
	})
	return nodes, nil
}

// exportFile is the export data of a package, or why there is none.
type exportFile struct {
	name    string
	problem string
}

// exportFiles makes the go command compile packages, as far as its cache does
// not have them, and returns their export data by path.
func exportFiles(ctx context.Context, opts Options, paths []string) (map[string]exportFile, error) {
	files := make(map[string]exportFile)
	if len(paths) == 0 {
		return files, nil
	}
	found, err := goList(ctx, opts, packages.NeedName|packages.NeedExportFile, paths)
	if err != nil {
		return nil, err
	}
	for _, p := range found {
		files[p.PkgPath] = exportFile{p.ExportFile, problem(p)}
	}
	return files, nil
}

// exportImporter returns a function that gives the types of compiled packages.
func exportImporter(fset *token.FileSet, files map[string]exportFile) func(path string) (*types.Package, error) {
	imported := make(map[string]*types.Package)
	return func(path string) (*types.Package, error) {
		if p := imported[path]; p != nil && p.Complete() {
			return p, nil
		}
		export := files[path]
		if export.name == "" {
			return nil, errors.New(cmp.Or(export.problem, "it does not compile"))
		}
		f, err := os.Open(export.name)
		if err != nil {
			return nil, err
		}
		defer func() { _ = f.Close() }()
		// Export data lies in an archive up to Go 1.27 and bare after it. The
		// reader takes both.
		//lint:ignore SA1019 nothing else reads the archives
		data, err := gcexportdata.NewReader(f) //nolint:staticcheck // nothing else reads the archives
		if err != nil {
			return nil, err
		}
		return gcexportdata.Read(data, fset, imported, path)
	}
}

// goList asks the go command for packages.
func goList(ctx context.Context, opts Options, mode packages.LoadMode, patterns []string) ([]*packages.Package, error) {
	config := &packages.Config{
		Mode:    mode,
		Context: ctx,
		Dir:     opts.Dir,
		Env:     append(os.Environ(), "GOPACKAGESDRIVER=off"),
	}
	if opts.Tags != "" {
		config.BuildFlags = []string{"-tags=" + opts.Tags}
	}
	found, err := packages.Load(config, patterns...)
	if err != nil {
		return nil, fmt.Errorf("list packages: %w", cmp.Or(ctx.Err(), plainError(err)))
	}
	slices.SortFunc(found, func(a, b *packages.Package) int { return strings.Compare(a.PkgPath, b.PkgPath) })
	return found, nil
}

// plainError returns what the go command said, without the words that
// go/packages puts around it.
func plainError(err error) error {
	text := strings.TrimPrefix(strings.TrimSpace(err.Error()), "err: ")
	before, said, _ := strings.Cut(text, "stderr:")
	said = strings.TrimPrefix(strings.TrimSpace(said), "go: ")
	return errors.New(cmp.Or(said, strings.TrimRight(before, ": ")))
}

// isOwn reports whether a package belongs to the main module, or to one of
// the modules of a workspace.
func isOwn(p *packages.Package) bool { return p.Module != nil && p.Module.Main }

// problem returns what the go command found wrong with a package, in one line:
// the first that says something, with the one that it announces.
func problem(p *packages.Package) string {
	if len(p.Errors) == 0 {
		return ""
	}
	text := ""
	for line := range strings.Lines(p.Errors[0].Msg) {
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
