package generator

import (
	"fmt"
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

// nearMiss returns the name of the directive that a comment was meant to be; ""
// for one that is a directive, has only a space too much, or is prose. Where it
// could be prose, what the directive begins with has to follow.
func nearMiss(comment string) string {
	parts := nearForm.FindStringSubmatch(comment)
	if parts == nil || isDirective(comment) || isSpacedDirective(comment) {
		return ""
	}
	opening, between, word, next := parts[1], parts[2], parts[3], parts[4]
	name := nearest(word, directiveNames)
	if name == eventName && strings.TrimRight(comment[len(parts[0]):], " \t\r\n*/") != "" {
		next = "" // what goes on is a sentence about an event
	}
	meant := opening == "//" && between == ":" && comment[len(opening)] != ' ' && comment[len(opening)] != '\t'
	if name == "" || !meant && !beginsDirective(name, next) {
		return ""
	}
	return name
}

// eventWords is a text that begins the rest of an event directive, and hardly
// ever prose: a dot stands inside of it.
var eventWords = regexp.MustCompile(`^[a-z][a-z0-9_]*\.[a-z]`)

// beginsDirective reports whether a word is what follows the name of a
// directive.
func beginsDirective(name, next string) bool {
	switch name {
	case directiveName:
		return slices.Contains(durableMethods, strings.ToUpper(next)) || strings.HasPrefix(next, "/")
	case targetName:
		option, _, ok := strings.Cut(next, "=")
		return ok && slices.Contains(targetNames, option)
	}
	return eventWords.MatchString(next)
}

// nearFault is the fault of such a comment.
func nearFault(comment *ast.Comment, meant string) *fault {
	if strings.HasPrefix(comment.Text, "/*") {
		return &fault{
			comment.Pos(), CategoryDirectiveSpace, "a directive in /* */ is an ordinary comment",
			"write it behind //, in a line of its own: " + directivePrefix + meant,
		}
	}
	return &fault{
		comment.Pos(), CategoryDirectiveWord,
		fmt.Sprintf("a directive begins with %s%s, in lower case and with the colon", directivePrefix, meant),
		"did you mean " + directivePrefix + meant + "?",
	}
}
