package generator

import (
	"go/ast"
	"go/token"
	"slices"
	"strconv"
)

// visitor follows the names in a file.
type visitor struct {
	*reacher
	unit *unit
	file *ast.File
}

// handler reaches what a directive stands on. Of the receiver's type, nothing
// but the name is needed: what a service is made of is the largest part of
// many programs.
func (v visitor) handler(decl *ast.FuncDecl) {
	v.unit.kept[decl] = depthWhole
	if decl.Recv != nil {
		base := baseName(decl.Recv)
		v.name(base, depthName)
		for _, m := range v.unit.methods[base] {
			if f := m.decl.(*ast.FuncDecl); f != decl && f.Name.Name == decl.Name.Name {
				v.unit.kept[f] = depthName
				visitor{v.reacher, v.unit, m.file}.expr(f.Type, depthName)
			}
		}
	}
	for _, list := range []*ast.FieldList{decl.Type.TypeParams, decl.Type.Params, decl.Type.Results} {
		for _, field := range fieldsOf(list) {
			v.expr(field.Type, v.depthOf(field.Type))
		}
	}
}

// depthOf returns depthName for the types of a handler's signature that are
// known by their names.
func (v visitor) depthOf(e ast.Expr) depth {
	if star, ok := e.(*ast.StarExpr); ok {
		e = star.X
	}
	selector, ok := e.(*ast.SelectorExpr)
	if !ok {
		return depthWhole
	}
	path, name := v.imported(selector), selector.Sel.Name
	switch {
	case path == "context" && name == "Context",
		path == runtimePath && (name == "Request" || name == "Response"),
		slices.Contains(transactionPackages, path) && name == "Tx":
		return depthName
	}
	return depthWhole
}

// imported returns the path of the package that a selector names; "" when it
// is none.
func (v visitor) imported(selector *ast.SelectorExpr) string {
	if x, ok := selector.X.(*ast.Ident); ok {
		return v.unit.imports[v.file].paths[x.Name]
	}
	return ""
}

// declaration visits one declaration of a name.
func (v visitor) declaration(name string, at declared, d depth) {
	switch spec := at.spec.(type) {
	case *ast.TypeSpec:
		v.typeSpec(name, spec, d)
	case *ast.ValueSpec:
		decl := at.decl.(*ast.GenDecl)
		if decl.Tok == token.CONST {
			v.constants(decl)
			return
		}
		if v.keep(spec, depthWhole) {
			v.value(spec)
		}
	default:
		if f := at.decl.(*ast.FuncDecl); v.keep(f, depthWhole) {
			v.value(f.Type)
		}
	}
}

// keep notes that a declaration is needed, and returns whether that is new.
func (v visitor) keep(n ast.Node, d depth) bool {
	if v.unit.kept[n] >= d {
		return false
	}
	v.unit.kept[n] = d
	return true
}

// constants visits a declaration of constants, which depend on those before.
func (v visitor) constants(decl *ast.GenDecl) {
	if v.keep(decl, depthWhole) {
		for _, spec := range decl.Specs {
			v.value(spec)
		}
	}
}

func (v visitor) typeSpec(name string, spec *ast.TypeSpec, d depth) {
	if !v.keep(spec, d) {
		return
	}
	for _, field := range fieldsOf(spec.TypeParams) {
		v.expr(field.Type, depthWhole)
	}
	if d == depthName && isOutlined(spec) {
		return
	}
	v.expr(spec.Type, d)
	if d < depthWhole {
		return
	}
	for _, m := range v.unit.methods[name] {
		f := m.decl.(*ast.FuncDecl)
		if v.keep(f, depthName) {
			visitor{v.reacher, v.unit, m.file}.expr(f.Type, depthName)
		}
	}
	v.enum(name, spec)
}

// isOutlined reports whether a type is declared without its parts where only
// its name is reached.
func isOutlined(spec *ast.TypeSpec) bool {
	switch spec.Type.(type) {
	case *ast.StructType, *ast.InterfaceType:
		return !spec.Assign.IsValid()
	}
	return false
}

// name reaches a name of the unit, or one that a dot brings into the file.
func (v visitor) name(name string, d depth) {
	if v.unit.names[name] != nil {
		v.add(v.unit, name, d)
		return
	}
	for _, path := range v.unit.imports[v.file].dots {
		v.other(path, name, d)
	}
}

// other reaches a name of another package.
func (v visitor) other(path, name string, d depth) {
	if u := v.c.unit(path); u != nil {
		v.unit.uses[u] = true
		v.add(u, name, d)
	}
}

// expr visits a type.
func (v visitor) expr(e ast.Expr, d depth) {
	switch e := e.(type) {
	case nil:
	case *ast.Ident:
		v.name(e.Name, d)
	case *ast.SelectorExpr:
		if path := v.imported(e); path != "" {
			v.other(path, e.Sel.Name, d)
		}
	case *ast.ParenExpr:
		v.expr(e.X, d)
	case *ast.StarExpr:
		v.expr(e.X, d)
	case *ast.Ellipsis:
		v.expr(e.Elt, d)
	case *ast.ChanType:
		v.expr(e.Value, d)
	case *ast.ArrayType:
		v.value(e.Len)
		v.expr(e.Elt, d)
	case *ast.MapType:
		v.expr(e.Key, d)
		v.expr(e.Value, d)
	case *ast.StructType:
		v.fields(e, d)
	case *ast.InterfaceType:
		v.methods(e)
	case *ast.FuncType:
		for _, field := range slices.Concat(fieldsOf(e.Params), fieldsOf(e.Results)) {
			v.expr(field.Type, depthName)
		}
	case *ast.IndexExpr:
		v.expr(e.X, d)
		v.value(e.Index)
	default:
		v.value(e)
	}
}

// fields visits a struct. What a field is made of does not matter where
// nothing of a request can get into it, but type errors of the user's do.
func (v visitor) fields(s *ast.StructType, d depth) {
	for _, field := range fieldsOf(s.Fields) {
		at := d
		if d == depthWhole && len(field.Names) > 0 && isPrivate(field) {
			at = depthOwn
		}
		v.expr(field.Type, at)
	}
}

// isPrivate reports whether encoding/json passes over a field that has none of
// our tags.
func isPrivate(field *ast.Field) bool {
	var t tag
	if field.Tag != nil {
		text, err := strconv.Unquote(field.Tag.Value)
		if err != nil {
			return false
		}
		t = parseTag(text)
	}
	exported := slices.ContainsFunc(field.Names, (*ast.Ident).IsExported)
	return len(t.places) == 0 && (t.notInJSON || !exported)
}

func (v visitor) methods(i *ast.InterfaceType) {
	for _, field := range fieldsOf(i.Methods) {
		if f, ok := field.Type.(*ast.FuncType); ok {
			v.expr(f, depthName)
			continue
		}
		v.value(field.Type)
	}
}

// value visits everything in a node.
func (v visitor) value(n ast.Node) {
	if n == nil {
		return
	}
	ast.Inspect(n, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.BlockStmt:
			return false // bodies are not checked
		case *ast.SelectorExpr:
			if path := v.imported(n); path != "" {
				v.other(path, n.Sel.Name, depthWhole)
				return false
			}
			v.value(n.X)
			return false
		case *ast.Ident:
			v.name(n.Name, depthWhole)
		}
		return true
	})
}

// fieldsOf returns the fields of a list that may be nil.
func fieldsOf(list *ast.FieldList) []*ast.Field {
	if list == nil {
		return nil
	}
	return list.List
}
