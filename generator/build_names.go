package generator

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"path/filepath"
	"strings"
)

// declaredElsewhere returns the package-level names that are declared in
// those files of the package which take no part in this build: its tests, and
// files for other systems or tags, with their places. The output is compiled
// together with them some time.
func declaredElsewhere(src *source) map[string]token.Position {
	entries, err := src.disk.readDir(src.dir)
	if err != nil {
		return nil // whoever lists the package says so
	}
	known := make(map[string]bool)
	for _, tree := range src.files {
		known[src.position(tree.Package).Filename] = true
	}
	names := make(map[string]token.Position)
	for _, entry := range entries {
		path := filepath.Join(src.dir, entry.Name())
		if known[path] || entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.ContainsRune("_.", rune(entry.Name()[0])) {
			continue
		}
		content, err := src.disk.readFile(path)
		if err != nil || isOutput(content) {
			continue
		}
		maps.Copy(names, declaredIn(path, content, src.name))
	}
	return names
}

// declaredIn returns the package-level names of a file, if it is one of the
// package with the given name. Of a broken file it returns what can be read.
func declaredIn(path string, content []byte, packageName string) map[string]token.Position {
	fset := token.NewFileSet()
	tree, _ := parser.ParseFile(fset, path, content, parser.PackageClauseOnly)
	if tree == nil || tree.Name.Name != packageName {
		return nil
	}
	tree, _ = parser.ParseFile(fset, path, content, parser.SkipObjectResolution)
	var idents []*ast.Ident
	for _, decl := range tree.Decls {
		switch decl := decl.(type) {
		case *ast.FuncDecl:
			if decl.Recv == nil {
				idents = append(idents, decl.Name)
			}
		case *ast.GenDecl:
			idents = append(idents, declaredBy(decl)...)
		}
	}
	names := make(map[string]token.Position, len(idents))
	for _, ident := range idents {
		names[ident.Name] = fset.PositionFor(ident.Pos(), false)
	}
	return names
}

// declaredBy returns the names of a declaration.
func declaredBy(decl *ast.GenDecl) []*ast.Ident {
	var names []*ast.Ident
	for _, spec := range decl.Specs {
		switch spec := spec.(type) {
		case *ast.TypeSpec:
			names = append(names, spec.Name)
		case *ast.ValueSpec:
			names = append(names, spec.Names...)
		}
	}
	return names
}
