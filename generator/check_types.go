package generator

import (
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"path"
	"slices"
	"strconv"
	"strings"
)

// checkTypes reports the type errors that a handler's declaration reaches: in
// its own text, and in the declarations of the types that its parameters and
// results are made of. All others are the compiler's business.
func checkTypes(src *source, d directive, sig *types.Signature) []Diagnostic {
	if len(src.typeErrors) == 0 {
		return nil
	}
	var found []Diagnostic
	for _, file := range src.files {
		if file.FileStart <= d.decl.Pos() && d.decl.Pos() < file.FileEnd {
			signature := extent{d.decl.Pos(), d.decl.Type.End()}
			found = errorsIn(src, src.fset, file, d.decl.Type, signature)
			found = append(found, errorsIn(src, src.fset, file, d.decl.Recv, signature)...)
		}
	}
	if sig == nil {
		return found
	}
	for _, name := range reachedNames(sig) {
		found = append(found, errorsOf(src, name)...)
	}
	return found
}

// extent is a part of a file.
type extent struct{ from, to token.Pos }

// errorsOf returns the errors in the declaration of a type. Syntax trees are
// not kept for all packages, so its file is read again; which happens only
// when there is an error in it.
func errorsOf(src *source, name *types.TypeName) []Diagnostic {
	at := src.position(name.Pos())
	hasError := func(e types.Error) bool { return errorPosition(e).Filename == at.Filename }
	if !slices.ContainsFunc(src.typeErrors, hasError) {
		return nil
	}
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, at.Filename, nil, parser.SkipObjectResolution)
	if file == nil {
		return []Diagnostic{{Pos: at, Category: CategoryType, Message: err.Error()}}
	}
	var found []Diagnostic
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.TypeSpec)
		if ok && spec.Name.Name == name.Name() && fset.PositionFor(spec.Pos(), false).Offset == at.Offset {
			found = errorsIn(src, fset, file, spec, extent{spec.Pos(), spec.End()})
		}
		return !ok
	})
	return found
}

// errorsIn returns the errors in a part of a file, and those of the imports
// that a declaration in it names.
func errorsIn(src *source, fset *token.FileSet, file *ast.File, decl ast.Node, part extent) []Diagnostic {
	parts := []extent{part}
	for _, spec := range importsOf(file, decl) {
		parts = append(parts, extent{spec.Pos(), spec.End()})
	}
	name := fset.PositionFor(file.Package, false).Filename
	var found []Diagnostic
	for _, e := range src.typeErrors {
		at := errorPosition(e)
		within := func(p extent) bool {
			from, to := fset.PositionFor(p.from, false).Offset, fset.PositionFor(p.to, false).Offset
			return from <= at.Offset && at.Offset < to
		}
		if at.Filename == name && slices.ContainsFunc(parts, within) {
			message := strings.Join(strings.Fields(e.Msg), " ")
			found = append(found, Diagnostic{Pos: at, Category: CategoryType, Message: message})
		}
	}
	return found
}

// importsOf returns the imports whose names stand in a declaration. One that
// could not be loaded has no name but what its path ends with.
func importsOf(file *ast.File, decl ast.Node) []*ast.ImportSpec {
	var specs []*ast.ImportSpec
	if list, ok := decl.(*ast.FieldList); ok && list == nil {
		return nil
	}
	ast.Inspect(decl, func(n ast.Node) bool {
		selector, ok := n.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		if x, ok := selector.X.(*ast.Ident); ok {
			for _, spec := range file.Imports {
				if importName(spec) == x.Name {
					specs = append(specs, spec)
				}
			}
		}
		return true
	})
	return specs
}

func importName(spec *ast.ImportSpec) string {
	if spec.Name != nil {
		return spec.Name.Name
	}
	value, err := strconv.Unquote(spec.Path.Value)
	if err != nil {
		return ""
	}
	if base := path.Base(value); !versionForm.MatchString(base) {
		return base
	}
	return path.Base(path.Dir(value))
}

func errorPosition(e types.Error) token.Position { return e.Fset.PositionFor(e.Pos, false) }

// reachedNames returns the named types that parameters and results are made
// of, also by way of their fields.
func reachedNames(sig *types.Signature) []*types.TypeName {
	r := &reach{seen: make(map[*types.TypeName]bool)}
	r.walk(sig.Params())
	r.walk(sig.Results())
	return r.names
}

type reach struct {
	seen  map[*types.TypeName]bool
	names []*types.TypeName
}

func (r *reach) walk(t types.Type) {
	switch t := t.(type) {
	case *types.Alias:
		r.name(t.Obj(), t.TypeArgs(), t.Origin().Rhs())
	case *types.Named:
		r.name(t.Obj(), t.TypeArgs(), t.Origin().Underlying())
	case *types.Struct:
		for f := range t.Fields() {
			r.walk(f.Type())
		}
	case *types.Tuple:
		for v := range t.Variables() {
			r.walk(v.Type())
		}
	case *types.Map:
		r.walk(t.Key())
		r.walk(t.Elem())
	case interface{ Elem() types.Type }: // pointer, slice, array, channel
		r.walk(t.Elem())
	}
}

// name walks the declaration of a type once, and each list of its arguments.
func (r *reach) name(obj *types.TypeName, args *types.TypeList, declared types.Type) {
	for t := range args.Types() {
		r.walk(t)
	}
	if obj.Pkg() == nil || r.seen[obj] {
		return
	}
	r.seen[obj] = true
	r.names = append(r.names, obj)
	r.walk(declared)
}
