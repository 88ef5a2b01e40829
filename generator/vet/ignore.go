package vet

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/token"
	"slices"
	"strings"

	"golang.org/x/tools/go/analysis"
)

// ignorePrefix is what an exception begins with.
const ignorePrefix = "//cnerium:ignore"

// ignorable are the categories that exceptions can be made from. The generator
// decides by rules, and there are no exceptions from those.
var ignorable = []string{CategoryForward, CategoryGoroutine, CategoryHandle, CategoryEvents}

// exception is a //cnerium:ignore directive.
type exception struct {
	comment  *ast.Comment
	category string
	fault    string // what is wrong with it; "" for nothing
	used     bool
}

// exceptions are those of one category in a package.
type exceptions struct {
	fset    *token.FileSet
	byPlace map[place]*exception // by the lines that they cover
	all     []*exception
}

// place is a line of a file as it lies on disk.
type place struct {
	file string
	line int
}

// exceptionsOf collects the well-formed exceptions from a category.
func exceptionsOf(pass *analysis.Pass, category string) *exceptions {
	e := &exceptions{fset: pass.Fset, byPlace: make(map[place]*exception)}
	for _, found := range readExceptions(pass.Files) {
		if found.fault != "" || found.category != category {
			continue
		}
		e.all = append(e.all, found)
		at := e.place(found.comment.Pos())
		if standsAlone(pass, found.comment) {
			at.line++
		}
		e.byPlace[at] = found
	}
	return e
}

// standsAlone reports whether a comment has its line for itself. If so, it is
// about the next one.
func standsAlone(pass *analysis.Pass, comment *ast.Comment) bool {
	file := pass.Fset.File(comment.Pos())
	content, err := pass.ReadFile(file.Name())
	if err != nil {
		return true
	}
	start, end := file.Offset(file.LineStart(file.Line(comment.Pos()))), file.Offset(comment.Pos())
	return end <= len(content) && len(bytes.TrimSpace(content[start:end])) == 0
}

func (e *exceptions) place(pos token.Pos) place {
	position := e.fset.PositionFor(pos, false)
	return place{position.Filename, position.Line}
}

// cover reports whether there is an exception for a place, and notes that it
// is needed.
func (e *exceptions) cover(pos token.Pos) bool {
	found := e.byPlace[e.place(pos)]
	if found != nil {
		found.used = true
	}
	return found != nil
}

// reportUnused reports the exceptions that nothing needed.
func (r *reporter) reportUnused() {
	for _, e := range r.ignored.all {
		if !e.used {
			r.emit(finding{
				pos: e.comment.Pos(), end: e.comment.End(),
				message: "there is nothing to ignore here",
				hint:    "remove the directive, or put it on the line that is reported or directly above it",
			})
		}
	}
}

// readExceptions reads all exceptions of files.
func readExceptions(files []*ast.File) []*exception {
	var found []*exception
	for _, file := range files {
		for _, group := range file.Comments {
			for _, comment := range group.List {
				if e := parseException(comment); e != nil {
					found = append(found, e)
				}
			}
		}
	}
	return found
}

// parseException reads one comment; nil when it is something else.
func parseException(comment *ast.Comment) *exception {
	text, ok := strings.CutPrefix(comment.Text, ignorePrefix)
	if !ok || text != "" && !strings.ContainsAny(text[:1], " \t") {
		return nil
	}
	e := &exception{comment: comment}
	words := strings.Fields(text)
	switch {
	case len(words) == 0:
		e.fault = "the category and the reason are missing"
	case !slices.Contains(ignorable, words[0]):
		e.fault = fmt.Sprintf("%q is no category that can be ignored", words[0])
	case len(words) == 1:
		e.fault = "the reason is missing"
	default:
		e.category = words[0]
	}
	return e
}

// reportMalformed reports the exceptions that have no effect because of their
// form.
func reportMalformed(pass *analysis.Pass) {
	for _, e := range readExceptions(pass.Files) {
		if e.fault == "" {
			continue
		}
		hint := "the form is " + ignorePrefix + " CATEGORY REASON; the categories are " + strings.Join(ignorable, ", ")
		pass.Report(analysis.Diagnostic{
			Pos:      e.comment.Pos(),
			End:      e.comment.End(),
			Category: CategoryIgnore,
			Message:  format(e.fault, CategoryIgnore, hint),
		})
	}
}
