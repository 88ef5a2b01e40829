package generator

import (
	"go/ast"
	"regexp"
	"slices"
	"strings"
)

// toolForm finds what a directive could begin with, in any case.
var toolForm = regexp.MustCompile(`(?i)` + directiveTool + `[: \t]`)

// nearForm is a comment that begins nearly like a directive: its opening, what
// stands between the two words, the second of them, and what follows.
var nearForm = regexp.MustCompile(`^(//|/\*)[ \t]*(?i:` + directiveTool + `)([ \t]*:[ \t]*|[ \t]+)([A-Za-z]+)(?:[ \t]+([^ \t\r\n]+))?`)

// nearMiss tells how a comment that is no directive has to be written to be
// one; "" for one that is a directive, has only a space too much, or is prose.
// Where it could be prose, a method or a path has to follow.
func nearMiss(comment string) string {
	parts := nearForm.FindStringSubmatch(comment)
	if parts == nil || isDirective(comment) || isSpacedDirective(comment) {
		return ""
	}
	opening, between, word, next := parts[1], parts[2], parts[3], parts[4]
	if nearest(word, []string{directiveName}) == "" {
		return ""
	}
	meant := opening == "//" && between == ":" && comment[len(opening)] != ' ' && comment[len(opening)] != '\t'
	if !meant && !slices.Contains(durableMethods, strings.ToUpper(next)) && !strings.HasPrefix(next, "/") {
		return ""
	}
	if opening == "/*" {
		return "write it behind //, in a line of its own: " + directivePrefix + directiveName
	}
	return "did you mean " + directivePrefix + directiveName + "?"
}

// nearFault is the fault of such a comment.
func nearFault(comment *ast.Comment, hint string) *fault {
	if strings.HasPrefix(comment.Text, "/*") {
		return &fault{comment.Pos(), CategoryDirectiveSpace, "a directive in /* */ is an ordinary comment", hint}
	}
	return &fault{comment.Pos(), CategoryDirectiveWord, "a directive begins with " + directivePrefix + directiveName + ", in lower case and with the colon", hint}
}
