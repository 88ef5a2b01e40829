package generator

import (
	"cmp"
	"fmt"
	"go/ast"
	"go/token"
	"slices"
	"strings"
	"unicode"
)

// The names of the directives, and their forms.
const (
	directiveTool   = "cnerium"
	directivePrefix = "//" + directiveTool + ":"

	directiveName = "durable" // a route
	targetName    = "package" // what is made of a package besides
	eventName     = "event"   // a type of event

	directiveForm = directivePrefix + directiveName + " METHOD PATTERN OPERATION [name=value …]"
	targetForm    = directivePrefix + targetName + " openapi=FILE client=DIR ts=DIR"
	eventForm     = directivePrefix + eventName + " TYPE"
)

// directiveNames are in the order of the manual.
var directiveNames = []string{directiveName, targetName, eventName}

// ignoreName is the directive of package vet, which reads it itself: to the
// generator it is a comment.
const ignoreName = "ignore"

// meantNames are what a misspelt directive may have been meant as.
var meantNames = []string{directiveName, targetName, eventName, ignoreName}

// isDirective reports whether a comment starts like a directive of ours, known
// or not.
func isDirective(comment string) bool {
	rest, ok := strings.CutPrefix(comment, directivePrefix)
	return ok && firstWord(rest) != ignoreName
}

// isSpacedDirective reports whether a comment would start like a directive if
// it had no space after its slashes. A colon without a word is prose.
func isSpacedDirective(comment string) bool {
	rest, ok := spacedDirective(comment)
	return ok && rest != "" && isLetter(rest[0])
}

// spacedDirective returns what follows the colon.
func spacedDirective(comment string) (string, bool) {
	text, ok := strings.CutPrefix(comment, "//")
	trimmed := strings.TrimLeft(text, " \t")
	rest, found := strings.CutPrefix(trimmed, directiveTool+":")
	return rest, ok && found && len(trimmed) < len(text)
}

func isLetter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }

// fault is a diagnostic that still has its position in the file set.
type fault struct {
	pos      token.Pos
	category string
	message  string
	hint     string
}

// diagnostic returns the finding with its place in the file as it lies on
// disk: the position that a //line comment would claim cannot be edited.
func (f *fault) diagnostic(fset *token.FileSet) Diagnostic {
	return Diagnostic{
		Pos:      fset.PositionFor(f.pos, false),
		Category: f.category,
		Message:  f.message,
		Hint:     f.hint,
	}
}

// directives are the well-formed ones of a file, each at its place.
type directives struct {
	routes  []directive
	events  []eventDirective
	targets []targetDirective
}

// parseDirectives returns the well-formed directives of a file, and what is
// wrong with the others.
func parseDirectives(fset *token.FileSet, file *ast.File) (*directives, []Diagnostic) {
	var diagnostics []Diagnostic
	places := &places{fset: fset, file: file, taken: make(map[ast.Node]token.Pos), found: new(directives)}
	for _, group := range file.Comments {
		for _, comment := range group.List {
			if found := places.read(comment, group); found != nil {
				diagnostics = append(diagnostics, found.diagnostic(fset))
			}
		}
	}
	return places.found, diagnostics
}

// read reads one comment. Where a directive has no effect, its words do not
// matter.
func (p *places) read(comment *ast.Comment, group *ast.CommentGroup) *fault {
	name, words, found := parseDirective(comment)
	switch name {
	case directiveName:
		d := directive{pos: comment.Pos()}
		found = cmp.Or(p.attach(&d, group), d.read(words))
		if found == nil {
			p.found.routes = append(p.found.routes, d)
		}
	case eventName:
		d := eventDirective{pos: comment.Pos()}
		found = cmp.Or(p.attachEvent(&d, group), d.read(words))
		if found == nil {
			p.found.events = append(p.found.events, d)
		}
	case targetName:
		d := targetDirective{pos: comment.Pos()}
		found = cmp.Or(p.standing(d.pos, group), d.read(words))
		if found == nil {
			p.found.targets = append(p.found.targets, d)
		}
	}
	return found
}

// parseDirective returns the name of a directive and its words. Without a
// name there is a fault for what was meant as one, and none for a comment that
// is no business of ours.
func parseDirective(comment *ast.Comment) (string, []word, *fault) {
	if isSpacedDirective(comment.Text) {
		rest, _ := spacedDirective(comment.Text)
		meant := cmp.Or(nearest(firstWord(rest), meantNames), directiveName)
		return "", nil, &fault{
			comment.Pos(), CategoryDirectiveSpace,
			"a space after // makes this an ordinary comment",
			"remove the space: " + directivePrefix + meant,
		}
	}
	if meant := nearMiss(comment.Text); meant != "" {
		return "", nil, nearFault(comment, meant)
	}
	if !isDirective(comment.Text) {
		return "", nil, nil
	}
	parsed, ok := ast.ParseDirective(comment.Pos(), comment.Text)
	if !ok || !slices.Contains(directiveNames, parsed.Name) {
		return "", nil, unknownWord(comment)
	}
	return parsed.Name, splitWords(parsed.Args, parsed.ArgsPos), nil
}

// unknownWord returns the fault of a comment whose word after the colon is
// not one of ours.
func unknownWord(comment *ast.Comment) *fault {
	name := firstWord(comment.Text[len(directivePrefix):])
	f := &fault{
		pos:      comment.Pos() + token.Pos(len(directivePrefix)),
		category: CategoryDirectiveWord,
		message:  fmt.Sprintf("unknown directive %s%s", directivePrefix, name),
		hint:     "there are " + directivePrefix + strings.Join(directiveNames, ", "+directivePrefix),
	}
	if name == "" {
		f.message = "no word follows " + directivePrefix
	}
	if meant := nearest(name, meantNames); meant != "" {
		f.hint = "did you mean " + directivePrefix + meant + "?"
	}
	return f
}

// firstWord returns the text before the first white space.
func firstWord(text string) string {
	if i := strings.IndexFunc(text, unicode.IsSpace); i >= 0 {
		return text[:i]
	}
	return text
}

// splitWords splits at white space and keeps each word's place.
func splitWords(text string, pos token.Pos) []word {
	var words []word
	start := -1
	for i, r := range text {
		switch {
		case unicode.IsSpace(r):
			if start >= 0 {
				words = append(words, word{text[start:i], pos + token.Pos(start)})
			}
			start = -1
		case start < 0:
			start = i
		}
	}
	if start >= 0 {
		words = append(words, word{text[start:], pos + token.Pos(start)})
	}
	return words
}

// read stores the words in the directive and returns what is wrong with their
// number or form.
func (d *directive) read(words []word) *fault {
	count := 0
	for count < len(words) && !isOption(words[count].text) {
		count++
	}
	if count < 3 {
		return missingWord(d.pos, words[:count])
	}
	d.method, d.pattern, d.operation = words[0], words[1], words[2]
	for _, w := range words[3:] {
		if !isOption(w.text) {
			return &fault{
				w.pos, CategoryDirective, fmt.Sprintf("%q is left over after the operation", w.text),
				"options are written name=value, without spaces",
			}
		}
		d.options = append(d.options, optionOf(w))
	}
	return nil
}

// missingWord tells which of the three words is not there. A pattern is known
// by its slash.
func missingWord(pos token.Pos, words []word) *fault {
	missing := []string{"method, pattern and operation are", "pattern and operation are", "operation is"}[len(words)]
	hasPattern := func(i int) bool { return i < len(words) && strings.Contains(words[i].text, "/") }
	switch {
	case hasPattern(0) && len(words) == 1:
		missing = "method and operation are"
	case hasPattern(0):
		missing = "method is"
	case len(words) == 2 && !hasPattern(1):
		missing = "pattern is"
	}
	return &fault{pos, CategoryDirective, "the " + missing + " missing", "the form is " + directiveForm}
}

// isOption reports whether a word has the form of an option: a name of
// letters, digits and hyphens, and an equals sign. A pattern has none of that
// form, because a slash comes before any equals sign in it.
func isOption(text string) bool {
	name, _, ok := strings.Cut(text, "=")
	if !ok || name == "" {
		return false
	}
	return !strings.ContainsFunc(name, func(r rune) bool {
		return r != '-' && r != '_' && !unicode.IsLetter(r) && !unicode.IsDigit(r)
	})
}

// optionOf returns a word that has the form of an option as one.
func optionOf(w word) option {
	name, value, _ := strings.Cut(w.text, "=")
	return option{
		name:  word{name, w.pos},
		value: word{value, w.pos + token.Pos(len(name)+1)},
	}
}
