package generator

import (
	"cmp"
	"fmt"
	"go/ast"
	"go/token"
	"strings"
	"unicode"
)

// The parts of a directive: //cnerium:durable METHOD PATTERN OPERATION [name=value …].
const (
	directiveTool   = "cnerium"
	directiveName   = "durable"
	directivePrefix = "//" + directiveTool + ":"
	directiveForm   = directivePrefix + directiveName + " METHOD PATTERN OPERATION [name=value …]"
)

// isDirective reports whether a comment starts like a directive of ours, known
// or not.
func isDirective(comment string) bool { return strings.HasPrefix(comment, directivePrefix) }

// isSpacedDirective reports whether a comment would start like a directive if
// it had no space after its slashes. A colon without a word is prose.
func isSpacedDirective(comment string) bool {
	text, ok := strings.CutPrefix(comment, "//")
	trimmed := strings.TrimLeft(text, " \t")
	rest, found := strings.CutPrefix(trimmed, directiveTool+":")
	return ok && found && len(trimmed) < len(text) && rest != "" && isLetter(rest[0])
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

// parseDirectives returns the well-formed directives of a file, each on its
// function, and what is wrong with the others.
func parseDirectives(fset *token.FileSet, file *ast.File) ([]directive, []Diagnostic) {
	var directives []directive
	var diagnostics []Diagnostic
	places := places{fset: fset, file: file, taken: make(map[*ast.FuncDecl]token.Pos)}
	for _, group := range file.Comments {
		for _, comment := range group.List {
			d, found := parseDirective(comment)
			if d != nil {
				// Where it has no effect, its words do not matter.
				found = cmp.Or(places.attach(d, group), found)
			}
			switch {
			case found != nil:
				diagnostics = append(diagnostics, found.diagnostic(fset))
			case d != nil:
				directives = append(directives, *d)
			}
		}
	}
	return directives, diagnostics
}

// parseDirective reads one comment. It returns neither a directive nor a fault
// for one that is no business of ours, both for a directive whose words are
// not in order, and only a fault for what is not a directive but was meant as
// one.
func parseDirective(comment *ast.Comment) (*directive, *fault) {
	if isSpacedDirective(comment.Text) {
		return nil, &fault{
			comment.Pos(), CategoryDirectiveSpace,
			"a space after // makes this an ordinary comment",
			"remove the space: " + directivePrefix + directiveName,
		}
	}
	if hint := nearMiss(comment.Text); hint != "" {
		return nil, nearFault(comment, hint)
	}
	if !isDirective(comment.Text) {
		return nil, nil
	}
	parsed, ok := ast.ParseDirective(comment.Pos(), comment.Text)
	if !ok || parsed.Name != directiveName {
		return nil, unknownWord(comment)
	}
	d := &directive{pos: comment.Pos()}
	return d, d.read(splitWords(parsed.Args, parsed.ArgsPos))
}

// unknownWord returns the fault of a comment whose word after the colon is
// not one of ours.
func unknownWord(comment *ast.Comment) *fault {
	rest := comment.Text[len(directivePrefix):]
	name := rest
	if i := strings.IndexFunc(rest, unicode.IsSpace); i >= 0 {
		name = rest[:i]
	}
	f := &fault{
		pos:      comment.Pos() + token.Pos(len(directivePrefix)),
		category: CategoryDirectiveWord,
		message:  fmt.Sprintf("unknown directive %s%s", directivePrefix, name),
		hint:     "the only one is " + directivePrefix + directiveName,
	}
	if name == "" {
		f.message = "no word follows " + directivePrefix
	}
	if nearest(name, []string{directiveName}) != "" {
		f.hint = "did you mean " + directivePrefix + directiveName + "?"
	}
	return f
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
		name, value, _ := strings.Cut(w.text, "=")
		if !isOption(w.text) {
			return &fault{
				w.pos, CategoryDirective, fmt.Sprintf("%q is left over after the operation", w.text),
				"options are written name=value, without spaces",
			}
		}
		d.options = append(d.options, option{
			name:  word{name, w.pos},
			value: word{value, w.pos + token.Pos(len(name)+1)},
		})
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
