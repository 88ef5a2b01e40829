package generator

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/scanner"
	"go/token"
)

// parse makes the sources, yet without types, of the folders that have
// directives. A package with a syntax error, or without any well-formed
// directive, gives none.
func parse(fset *token.FileSet, folders []*folder) ([]*source, []Diagnostic) {
	var sources []*source
	var diagnostics []Diagnostic
	for _, f := range folders {
		if !f.marked {
			continue
		}
		src, found := parseFolder(fset, f)
		diagnostics = append(diagnostics, found...)
		if src != nil && len(src.directives) > 0 {
			sources = append(sources, src)
		}
	}
	return sources, diagnostics
}

// parseFolder makes the source of one folder.
func parseFolder(fset *token.FileSet, f *folder) (*source, []Diagnostic) {
	src := &source{path: f.path, dir: f.dir, fset: fset}
	var syntax, diagnostics []Diagnostic
	for _, file := range f.files {
		tree, faults := parseFile(fset, file, parser.ParseComments)
		for _, fault := range faults {
			syntax = append(syntax, fault.diagnostic(fset))
		}
		if len(syntax) > 0 {
			continue // what else is found may only follow from it
		}
		directives, found := parseDirectives(fset, tree)
		diagnostics = append(diagnostics, found...)
		src.files = append(src.files, tree)
		src.directives = append(src.directives, directives...)
	}
	if len(syntax) > 0 {
		return nil, syntax
	}
	src.name = src.files[0].Name.Name
	return src, diagnostics
}

// parseFile parses one file and returns its tree, partial when there are
// syntax errors.
func parseFile(fset *token.FileSet, f file, mode parser.Mode) (*ast.File, []*fault) {
	tree, err := parser.ParseFile(fset, f.name, f.content, mode|parser.SkipObjectResolution)
	if err == nil {
		return tree, nil
	}
	var list scanner.ErrorList
	if !errors.As(err, &list) {
		list.Add(token.Position{Filename: f.name}, fmt.Sprintf("parse: %v", err))
	}
	var faults []*fault
	for _, e := range list {
		pos := fset.File(tree.FileStart).Pos(e.Pos.Offset)
		faults = append(faults, &fault{pos: pos, category: CategorySyntax, message: e.Msg})
	}
	return tree, faults
}
