package generator

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/scanner"
	"go/token"
	"slices"
)

// parse makes the sources, yet without types, of the folders that have
// directives. A package with a syntax error, or without any well-formed
// directive, gives none.
func parse(d *disk, folders []*folder) ([]*source, []Diagnostic, error) {
	sources := make([]*source, len(folders))
	found := make([][]Diagnostic, len(folders))
	errs := make([]error, len(folders))
	each(len(folders), func(i int) {
		if folders[i].marked {
			sources[i], found[i], errs[i] = parseFolder(d, folders[i])
		}
	})
	sources = slices.DeleteFunc(sources, func(src *source) bool { return src == nil || src.isEmpty() })
	return sources, slices.Concat(found...), errors.Join(errs...)
}

// parseFolder makes the source of one folder.
func parseFolder(d *disk, f *folder) (*source, []Diagnostic, error) {
	src := &source{path: f.path, dir: f.dir, fset: d.fset, disk: d}
	var syntax, diagnostics []Diagnostic
	for _, name := range f.files {
		parsed, err := d.parse(name)
		if err != nil {
			return nil, nil, fmt.Errorf("read package %s: %w", f.path, err)
		}
		for _, fault := range parsed.faults {
			syntax = append(syntax, fault.diagnostic(d.fset))
		}
		if len(syntax) > 0 {
			continue // what else is found may only follow from it
		}
		directives, found := parseDirectives(d.fset, parsed.tree)
		diagnostics = append(diagnostics, found...)
		src.files = append(src.files, parsed.tree)
		src.directives = append(src.directives, directives.routes...)
		src.events = append(src.events, directives.events...)
		src.targets = append(src.targets, directives.targets...)
	}
	if len(syntax) > 0 {
		return nil, syntax, nil
	}
	src.name = src.files[0].Name.Name
	return src, diagnostics, nil
}

// parsedFile is a file as far as it parses.
type parsedFile struct {
	tree   *ast.File // with the comments of a file that says cnerium; partial when there are faults
	faults []*fault
}

// parseFile parses one file, without the bodies of functions.
func parseFile(fset *token.FileSet, name string, content []byte) *parsedFile {
	mode := parser.SkipObjectResolution
	if mentionsTool(content) {
		mode |= parser.ParseComments
	}
	room := rooms.Get().(*[]byte)
	defer rooms.Put(room)
	*room = slices.Grow((*room)[:0], len(content))
	tree, err := parser.ParseFile(fset, name, withoutBodies(content, *room), mode)
	if err == nil {
		return &parsedFile{tree: tree}
	}
	var list scanner.ErrorList
	if !errors.As(err, &list) {
		list.Add(token.Position{Filename: name}, fmt.Sprintf("parse: %v", err))
	}
	var faults []*fault
	for _, e := range list {
		pos := fset.File(tree.FileStart).Pos(e.Pos.Offset)
		faults = append(faults, &fault{pos: pos, category: CategorySyntax, message: e.Msg})
	}
	return &parsedFile{tree, faults}
}
