package vet

import (
	"context"
	"errors"
	"fmt"
	"go/ast"
	"go/token"
	"path/filepath"
	"strings"

	"golang.org/x/tools/go/analysis"

	"github.com/cnerium/cnerium-go/generator"
)

// Durable reports what cneriumgen check would: its diagnostics, and output that
// is not as it has to be. Its categories are those of the generator, and
// CategoryStale and CategoryIgnore.
//
// It has the generator look at the package's folder, as it lies on disk, which
// is why it does nothing for packages without a directive, nor for those
// outside of the main module. It uses the generator's cache.
var Durable = newDurable()

func newDurable() *analysis.Analyzer {
	a := &analysis.Analyzer{
		Name: "durable",
		Doc: `report what cneriumgen check reports

The diagnostics about //cnerium:durable directives and their handlers, with
their hints, and output that is missing, left over or stale. What concerns
several packages at once, such as an operation that two of them have, is found
by cneriumgen check alone.

Go vet looks again when the Go files of a package or of what it imports have
changed, or when it has found something. A document or client that somebody
changes by hand is again for cneriumgen check to find.

Go vet compiles a package before it looks at it. So when code calls what is
still to be generated, the compiler's complaint about that comes first.`,
		RunDespiteErrors: true, // output that is missing makes some
	}
	tags := a.Flags.String("tags", "", "build tags, comma-separated, when they are not those of the package's own files")
	a.Run = func(pass *analysis.Pass) (any, error) { return nil, checkDurable(pass, *tags) }
	return a
}

// checkDurable runs the generator on a package.
func checkDurable(pass *analysis.Pass, tags string) error {
	reportMalformed(pass)
	dir, ok := folderOf(pass)
	if !ok || isOther(pass) || !concerns(pass) {
		return nil
	}
	if tags == "" {
		tags = strings.Join(tagsOf(pass), ",")
	}
	report, err := generator.Check(context.Background(), generator.Options{Dir: dir, Tags: tags, Cache: generator.CacheOn})
	switch {
	case errors.Is(err, generator.ErrNoPackage):
		return nil // of another module
	case err != nil:
		return fmt.Errorf("check %s: %w", pass.Pkg.Path(), err)
	}
	for _, d := range report.Diagnostics {
		reportDiagnostic(pass, dir, d)
	}
	for _, f := range report.Files {
		reportOutput(pass, dir, f)
	}
	return nil
}

// isOther reports whether a package is one of a module that is not worked on:
// only those have a version. In its own folder it would be worked on.
func isOther(pass *analysis.Pass) bool { return pass.Module != nil && pass.Module.Version != "" }

// folderOf returns the folder of a package. What the go command makes up, such
// as the main package of a test, is elsewhere; and of a package that is only
// some files of a folder, the generator knows nothing.
func folderOf(pass *analysis.Pass) (string, bool) {
	dir := ""
	for _, file := range pass.Files {
		name := pass.Fset.File(file.FileStart).Name()
		if isByCgo(name) {
			continue
		}
		if !filepath.IsAbs(name) || dir != "" && filepath.Dir(name) != dir {
			return "", false
		}
		dir = filepath.Dir(name)
	}
	return dir, dir != "" && pass.Pkg.Path() != "command-line-arguments"
}

// isByCgo reports whether cgo has written a file, in a folder of its own.
func isByCgo(name string) bool {
	return strings.HasSuffix(name, ".cgo1.go") || strings.HasPrefix(filepath.Base(name), "_cgo_")
}

// concerns reports whether a package has anything that the generator would look
// at: an output of ours, or a comment that could be a directive.
func concerns(pass *analysis.Pass) bool {
	for _, file := range pass.Files {
		if filepath.Base(pass.Fset.File(file.FileStart).Name()) == generator.OutputName {
			return true
		}
		for _, group := range file.Comments {
			for _, comment := range group.List {
				if mayBeDirective(comment.Text) {
					return true
				}
			}
		}
	}
	return false
}

// mayBeDirective is generous: the generator knows what was meant as a
// directive.
func mayBeDirective(comment string) bool {
	for rest := strings.ToLower(comment); ; {
		_, after, ok := strings.Cut(rest, "cnerium")
		if !ok {
			return false
		}
		if trimmed := strings.TrimLeft(after, " \t"); strings.HasPrefix(trimmed, ":") || len(trimmed) < len(after) {
			return true
		}
		rest = after
	}
}

// reportDiagnostic reports a diagnostic where it belongs. One about a file that
// is not in the pass stands at the package clause; but those in tests are left
// to the pass that has the test.
func reportDiagnostic(pass *analysis.Pass, dir string, d generator.Diagnostic) {
	pos, message := positionOf(pass, d.Pos), d.Message
	if !pos.IsValid() {
		clause := packageClause(pass)
		if strings.HasSuffix(d.Pos.Filename, "_test.go") || clause == nil {
			return
		}
		where := d.Pos
		where.Filename = relative(dir, where.Filename)
		pos, message = clause.Pos(), where.String()+": "+message
	}
	pass.Report(analysis.Diagnostic{Pos: pos, Category: d.Category, Message: format(message, d.Category, d.Hint)})
}

// relative returns a path as seen from the package.
func relative(dir, path string) string {
	rel, err := filepath.Rel(dir, path)
	if err != nil {
		return path
	}
	return filepath.ToSlash(rel)
}

// positionOf finds a place on disk in the files of the pass.
func positionOf(pass *analysis.Pass, at token.Position) token.Pos {
	for _, file := range pass.Files {
		f := pass.Fset.File(file.FileStart)
		if f.Name() == at.Filename && 1 <= at.Line && at.Line <= f.LineCount() {
			offset := f.Offset(f.LineStart(at.Line)) + max(at.Column, 1) - 1
			return f.Pos(min(offset, f.Size()))
		}
	}
	return token.NoPos
}

// packageClause returns the name in the package clause of the first file that
// is neither a test nor generated by us; nil when there is none.
func packageClause(pass *analysis.Pass) *ast.Ident {
	for _, file := range pass.Files {
		if !isTest(pass, file) && filepath.Base(pass.Fset.File(file.FileStart).Name()) != generator.OutputName {
			return file.Name
		}
	}
	return nil
}
