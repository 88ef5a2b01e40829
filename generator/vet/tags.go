package vet

import (
	"go/ast"
	"go/build"
	"go/build/constraint"
	"path/filepath"
	"slices"

	"golang.org/x/tools/go/analysis"
)

// tagsOf returns the build tags that a pass must have been made with: nobody
// tells a tool of go vet, but its files need them.
func tagsOf(pass *analysis.Pass) []string {
	var tags []string
	for _, file := range pass.Files {
		path := pass.Fset.File(file.FileStart).Name()
		if isByCgo(path) {
			continue
		}
		dir, name := filepath.Split(path)
		if match, err := build.Default.MatchFile(dir, name); match || err != nil {
			continue
		}
		for _, group := range file.Comments {
			if group.Pos() >= file.Package {
				break
			}
			for _, comment := range group.List {
				tags = append(tags, tagsIn(comment)...)
			}
		}
	}
	slices.Sort(tags)
	return slices.Compact(tags)
}

// tagsIn returns the tags that a build constraint asks for. Those that it has
// anyway, such as linux, do no harm.
func tagsIn(comment *ast.Comment) []string {
	if !constraint.IsGoBuild(comment.Text) {
		return nil
	}
	expr, err := constraint.Parse(comment.Text)
	if err != nil {
		return nil
	}
	return positive(expr)
}

// positive returns the tags of an expression that do not stand behind a !.
func positive(expr constraint.Expr) []string {
	switch x := expr.(type) {
	case *constraint.TagExpr:
		return []string{x.Tag}
	case *constraint.AndExpr:
		return append(positive(x.X), positive(x.Y)...)
	case *constraint.OrExpr:
		return append(positive(x.X), positive(x.Y)...)
	default:
		return nil
	}
}
