package generator

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"go/version"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
)

// unit is a package of which a directive reaches something.
type unit struct {
	*node
	source *source     // nil when it has no directive
	files  []*ast.File // without output of ours; nil until they are parsed

	names   map[string][]declared // what the files declare, but for methods
	methods map[string][]declared // by the name of the receiver's type
	imports map[*ast.File]*fileImports

	constants map[string][]declared // by the names in them; nil until they are asked for

	wanted map[string]depth   // the names that are reached
	kept   map[ast.Node]depth // and their declarations
	uses   map[*unit]bool     // the units that kept declarations name

	types  *types.Package
	errors []types.Error
	begun  bool
}

// declared is one declaration of a name.
type declared struct {
	file *ast.File
	decl ast.Decl
	spec ast.Spec // nil for a function
}

// fileImports are the imports of a file.
type fileImports struct {
	paths map[string]string // of packages, by their names in the file
	dots  []string          // of packages whose names stand in the file as its own
}

func newUnit(n *node) *unit {
	return &unit{node: n, wanted: make(map[string]depth), kept: make(map[ast.Node]depth), uses: make(map[*unit]bool)}
}

// parse reads the files of a unit.
func (u *unit) parse(d *disk) error {
	for _, name := range slices.Compact(slices.Sorted(slices.Values(u.node.files))) {
		content, err := d.readFile(name)
		if err == nil && filepath.Base(name) == OutputName && isOutput(content) {
			continue // but a client is a package like others
		}
		parsed, err := d.parse(name)
		if err != nil {
			return fmt.Errorf("read package %s: %w", u.path, err)
		}
		u.files = append(u.files, parsed.tree)
		for _, f := range parsed.faults {
			u.errors = append(u.errors, types.Error{Fset: d.fset, Pos: f.pos, Msg: f.message})
		}
	}
	return nil
}

// index notes what the files declare and import. The function tells the name
// of the package at a path.
func (u *unit) index(packageName func(path string) string) {
	u.names = make(map[string][]declared)
	u.methods = make(map[string][]declared)
	u.imports = make(map[*ast.File]*fileImports)
	for _, file := range u.files {
		u.indexImports(file, packageName)
		for _, decl := range file.Decls {
			switch decl := decl.(type) {
			case *ast.FuncDecl:
				d := declared{file: file, decl: decl}
				if decl.Recv == nil {
					u.names[decl.Name.Name] = append(u.names[decl.Name.Name], d)
				} else if base := baseName(decl.Recv); base != "" {
					u.methods[base] = append(u.methods[base], d)
				}
			case *ast.GenDecl:
				u.indexSpecs(file, decl)
			}
		}
	}
}

func (u *unit) indexSpecs(file *ast.File, decl *ast.GenDecl) {
	for _, spec := range decl.Specs {
		d := declared{file, decl, spec}
		switch spec := spec.(type) {
		case *ast.TypeSpec:
			u.names[spec.Name.Name] = append(u.names[spec.Name.Name], d)
		case *ast.ValueSpec:
			for _, name := range spec.Names {
				u.names[name.Name] = append(u.names[name.Name], d)
			}
		}
	}
}

func (u *unit) indexImports(file *ast.File, packageName func(path string) string) {
	found := &fileImports{paths: make(map[string]string)}
	u.imports[file] = found
	for _, spec := range file.Imports {
		path, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			continue
		}
		path = u.resolve(path)
		switch {
		case spec.Name == nil:
			found.paths[packageName(path)] = path
		case spec.Name.Name == ".":
			found.dots = append(found.dots, path)
		case spec.Name.Name != "_":
			found.paths[spec.Name.Name] = path
		}
	}
}

// baseName returns the name of a receiver's type, "" when it has none.
func baseName(recv *ast.FieldList) string {
	if len(recv.List) == 0 {
		return ""
	}
	return nameOf(recv.List[0].Type)
}

// nameOf returns the name of a type, which is that of a field that embeds it.
func nameOf(e ast.Expr) string {
	if ident := identOf(e); ident != nil {
		return ident.Name
	}
	return ""
}

// identOf returns the identifier in a type that is its name; nil when it has
// none.
func identOf(e ast.Expr) *ast.Ident {
	for {
		switch x := e.(type) {
		case *ast.ParenExpr:
			e = x.X
		case *ast.StarExpr:
			e = x.X
		case *ast.IndexExpr:
			e = x.X
		case *ast.IndexListExpr:
			e = x.X
		case *ast.Ident:
			return x
		case *ast.SelectorExpr:
			return x.Sel
		default:
			return nil
		}
	}
}

// tooNew returns an error for a module that is written in a newer Go than this
// program knows.
func (n *node) tooNew() error {
	v := "go" + n.goVersion
	if n.own && version.IsValid(v) && version.Compare(version.Lang(v), runtime.Version()) > 0 {
		return fmt.Errorf("module %s needs %s, but cneriumgen was built with %s", n.module, v, runtime.Version())
	}
	return nil
}

// sketch makes the types of a package of others of which only names are
// reached, without parsing it: gofmt writes their declarations in one way
// only. It fails when they are not all found.
func (u *unit) sketch(d *disk) bool {
	p := types.NewPackage(u.path, u.name)
	for name := range u.wanted {
		underlying := u.sketchType(d, name)
		if underlying == nil {
			return false
		}
		object := types.NewTypeName(token.NoPos, p, name, nil)
		types.NewNamed(object, underlying, nil)
		p.Scope().Insert(object)
	}
	p.MarkComplete()
	u.types = p
	return true
}

func (u *unit) sketchType(d *disk, name string) types.Type {
	for _, path := range u.node.files {
		content, err := d.readFile(path)
		switch {
		case err != nil:
			return nil
		case bytes.Contains(content, []byte("\ntype "+name+" struct {\n")):
			return types.NewStruct(nil, nil)
		case bytes.Contains(content, []byte("\ntype "+name+" interface {\n")):
			return types.NewInterfaceType(nil, nil).Complete()
		}
	}
	return nil
}

// describe gives the source the names that its package has besides types. The
// function returns the exported names of a package.
func (u *unit) describe(exported func(path string) []string) {
	u.source.declared = make(map[string]token.Pos, len(u.names))
	for name, list := range u.names {
		if name != "_" && name != "init" {
			u.source.declared[name] = list[0].position(name)
		}
	}
	for _, file := range u.files {
		for name := range u.imports[file].paths {
			u.source.imported = append(u.source.imported, name)
		}
		for _, path := range u.imports[file].dots {
			u.source.imported = append(u.source.imported, exported(path)...)
		}
	}
}

// position returns the place of a name in its declaration.
func (d declared) position(name string) token.Pos {
	switch spec := d.spec.(type) {
	case *ast.TypeSpec:
		return spec.Name.Pos()
	case *ast.ValueSpec:
		i := slices.IndexFunc(spec.Names, func(ident *ast.Ident) bool { return ident.Name == name })
		return spec.Names[i].Pos()
	}
	return d.decl.(*ast.FuncDecl).Name.Pos()
}
