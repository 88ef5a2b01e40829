package generator

import (
	"go/ast"
	"go/token"
)

// enum reaches the constants that may be of a type, for a contract: its values
// are told to clients. The standard library's types are no such lists, though
// some have constants, as time.Duration has.
func (v visitor) enum(name string, spec *ast.TypeSpec) {
	if !v.contract || v.unit.module == "" || spec.Assign.IsValid() {
		return
	}
	switch spec.Type.(type) {
	case *ast.Ident, *ast.SelectorExpr:
		for _, c := range v.unit.constantsOf(name) {
			visitor{v.reacher, v.unit, c.file}.constants(c.decl.(*ast.GenDecl))
		}
	}
}

// constantsOf returns the declarations of constants that name a type.
func (u *unit) constantsOf(name string) []declared {
	if u.constants == nil {
		u.constants = make(map[string][]declared)
		for _, file := range u.files {
			for _, decl := range file.Decls {
				if general, ok := decl.(*ast.GenDecl); ok && general.Tok == token.CONST {
					u.indexConstants(file, general)
				}
			}
		}
	}
	return u.constants[name]
}

// indexConstants notes a declaration of constants by all names in it.
func (u *unit) indexConstants(file *ast.File, decl *ast.GenDecl) {
	seen := make(map[string]bool)
	ast.Inspect(decl, func(n ast.Node) bool {
		if ident, ok := n.(*ast.Ident); ok && !seen[ident.Name] {
			seen[ident.Name] = true
			u.constants[ident.Name] = append(u.constants[ident.Name], declared{file: file, decl: decl})
		}
		return true
	})
}
