package generator

import (
	"go/ast"
	"go/token"
)

// pruned returns the files of a unit with the declarations that are reached,
// and all imports: an import that fails, or whose name clashes, has to be
// reported.
func (u *unit) pruned() []*ast.File {
	files := make([]*ast.File, len(u.files))
	for i, file := range u.files {
		tree := &ast.File{
			Package: file.Package, Name: file.Name, Imports: file.Imports,
			FileStart: file.FileStart, FileEnd: file.FileEnd, GoVersion: file.GoVersion,
		}
		for _, decl := range file.Decls {
			if decl := u.prune(decl); decl != nil {
				tree.Decls = append(tree.Decls, decl)
			}
		}
		files[i] = tree
	}
	return files
}

// prune returns what is kept of a declaration; nil for nothing.
func (u *unit) prune(decl ast.Decl) ast.Decl {
	general, ok := decl.(*ast.GenDecl)
	if !ok || general.Tok == token.CONST {
		if u.kept[decl] == depthNone {
			return nil
		}
		return decl
	}
	if general.Tok == token.IMPORT {
		return decl
	}
	var specs []ast.Spec
	for _, spec := range general.Specs {
		if d := u.kept[spec]; d != depthNone {
			specs = append(specs, outline(spec, d))
		}
	}
	if specs == nil {
		return nil
	}
	return &ast.GenDecl{TokPos: general.TokPos, Tok: general.Tok, Lparen: general.Lparen, Specs: specs, Rparen: general.Rparen}
}

// outline returns a specification without the parts of a type of which only
// the name is reached. The names of fields stay: no method may have them.
func outline(spec ast.Spec, d depth) ast.Spec {
	named, ok := spec.(*ast.TypeSpec)
	if !ok || d != depthName || !isOutlined(named) {
		return spec
	}
	plain := &ast.TypeSpec{Name: named.Name, TypeParams: named.TypeParams}
	if i, ok := named.Type.(*ast.InterfaceType); ok {
		plain.Type = &ast.InterfaceType{Interface: i.Interface, Methods: &ast.FieldList{Opening: i.Interface, Closing: i.Interface}}
		return plain
	}
	s := named.Type.(*ast.StructType)
	empty := &ast.StructType{Struct: s.Struct, Fields: &ast.FieldList{Opening: s.Struct, Closing: s.Struct}}
	fields := &ast.FieldList{Opening: s.Fields.Opening, Closing: s.Fields.Closing}
	for _, field := range s.Fields.List {
		names := field.Names
		if len(names) == 0 {
			names = []*ast.Ident{{NamePos: field.Pos(), Name: nameOf(field.Type)}}
		}
		fields.List = append(fields.List, &ast.Field{Names: names, Type: empty})
	}
	plain.Type = &ast.StructType{Struct: s.Struct, Fields: fields}
	return plain
}
