package vet

import (
	"fmt"
	"go/ast"
	"path/filepath"
	"strings"

	"golang.org/x/tools/go/analysis"

	"github.com/cnerium/cnerium-go/generator"
)

// The directives that make outputs, besides that of a handler.
const (
	packagePrefix = "//cnerium:package"
	eventPrefix   = "//cnerium:event"
)

// reportOutput reports a file that generate would change, at what it is made
// from. There is no fix for it: drivers apply none to generated files.
func reportOutput(pass *analysis.Pass, dir string, f generator.File) {
	if f.Status == generator.UpToDate {
		return
	}
	at := originOf(pass, f.Path)
	if at == nil {
		return // an external test, whose package has a pass of its own
	}
	pass.Report(analysis.Diagnostic{
		Pos:      at.Pos(),
		End:      at.End(),
		Category: CategoryStale,
		Message:  format(fmt.Sprintf("%s is %s", relative(dir, f.Path), f.Status), CategoryStale, "run go generate, or cneriumgen in this folder"),
	})
}

// originOf returns what an output is made from: for documents and clients the
// directive that asks for them, else the first of a handler or an event.
// Without any, it is the output itself, or the package; nil when neither is in
// the pass.
func originOf(pass *analysis.Pass, path string) ast.Node {
	if filepath.Base(path) != generator.OutputName {
		if comment := firstDirective(pass, packagePrefix); comment != nil {
			return comment
		}
	}
	if comment := firstDirective(pass, directivePrefix, eventPrefix); comment != nil {
		return comment
	}
	for _, file := range pass.Files {
		if pass.Fset.File(file.FileStart).Name() == path {
			return file.Name
		}
	}
	if clause := packageClause(pass); clause != nil {
		return clause
	}
	return nil
}

// firstDirective returns the first comment of a package, outside of its tests,
// that begins with one of the words.
func firstDirective(pass *analysis.Pass, words ...string) *ast.Comment {
	for _, file := range pass.Files {
		if isTest(pass, file) {
			continue
		}
		for _, group := range file.Comments {
			for _, comment := range group.List {
				for _, word := range words {
					if strings.HasPrefix(comment.Text, word) {
						return comment
					}
				}
			}
		}
	}
	return nil
}
