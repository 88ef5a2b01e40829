package generator

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"
)

// declaredElsewhere returns the package-level names that are declared in
// those files of the package which take no part in this build: its tests, and
// files for other systems or tags. The output is compiled together with them
// some time.
func declaredElsewhere(src *source) []string {
	entries, err := os.ReadDir(src.dir)
	if err != nil {
		return nil // whoever lists the package says so
	}
	known := make(map[string]bool)
	for _, tree := range src.files {
		known[src.position(tree.Package).Filename] = true
	}
	var names []string
	for _, entry := range entries {
		path := filepath.Join(src.dir, entry.Name())
		if known[path] || entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.ContainsRune("_.", rune(entry.Name()[0])) {
			continue
		}
		content, err := os.ReadFile(path)
		if err != nil || isOutput(content) {
			continue
		}
		names = append(names, declaredIn(content, src.name)...)
	}
	return names
}

// declaredIn returns the package-level names of a file, if it is one of the
// package with the given name. Of a broken file it returns what can be read.
func declaredIn(content []byte, packageName string) []string {
	tree, _ := parser.ParseFile(token.NewFileSet(), "", content, parser.PackageClauseOnly)
	if tree == nil || tree.Name.Name != packageName {
		return nil
	}
	tree, _ = parser.ParseFile(token.NewFileSet(), "", content, parser.SkipObjectResolution)
	var names []string
	for _, decl := range tree.Decls {
		switch decl := decl.(type) {
		case *ast.FuncDecl:
			if decl.Recv == nil {
				names = append(names, decl.Name.Name)
			}
		case *ast.GenDecl:
			names = append(names, declaredBy(decl)...)
		}
	}
	return names
}

// declaredBy returns the names of a declaration.
func declaredBy(decl *ast.GenDecl) []string {
	var names []string
	for _, spec := range decl.Specs {
		switch spec := spec.(type) {
		case *ast.TypeSpec:
			names = append(names, spec.Name.Name)
		case *ast.ValueSpec:
			for _, name := range spec.Names {
				names = append(names, name.Name)
			}
		}
	}
	return names
}
