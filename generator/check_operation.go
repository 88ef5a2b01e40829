package generator

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// maxOperation is the greatest length of an operation, in bytes.
const maxOperation = 100

var (
	operationForm = regexp.MustCompile(`^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+$`)
	segmentForm   = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)
	versionForm   = regexp.MustCompile(`^v[0-9]+$`)
)

// vagueWords talk about HTTP or plumbing, and not about what is done.
var vagueWords = []string{
	"api", "do", "endpoint", "endpoints", "execute", "func", "function", "get", "handle", "handler",
	"handlers", "head", "http", "https", "patch", "post", "process", "put", "route", "routes", "rpc", "run",
}

// verbs are what a method usually does, for hints.
var verbs = map[string]string{"POST": "create", "PUT": "replace", "PATCH": "update", "DELETE": "delete"}

// checkOperation refuses an operation that is malformed, or whose name will
// say nothing to those who read it in a record or a log.
func checkOperation(src *source, d directive) []Diagnostic {
	name := d.operation.text
	hint := fmt.Sprintf("name what is done to what, such as %s", suggestOperation(d))
	say := func(category, message string) []Diagnostic {
		return []Diagnostic{src.diagnose(d.operation.pos, category, message, hint)}
	}
	switch {
	case len(name) > maxOperation:
		hint = ""
		return say(CategoryOperation, fmt.Sprintf("operation has %d bytes, and %d are the limit", len(name), maxOperation))
	case segmentForm.MatchString(name):
		return say(CategoryOperation, fmt.Sprintf("operation %s is a single word", name))
	case !operationForm.MatchString(name):
		return say(CategoryOperation, fmt.Sprintf("operation %s is not two or more lower-case words with dots between them", name))
	}
	for segment := range strings.SplitSeq(name, ".") {
		if slices.Contains(vagueWords, segment) {
			return say(CategoryOperationVague, fmt.Sprintf("operation %s is vague: %q does not say what is done", name, segment))
		}
	}
	return nil
}

// suggestOperation makes a name of what the directive says elsewhere.
func suggestOperation(d directive) string {
	if lower := strings.ToLower(d.operation.text); operationForm.MatchString(lower) && !isVague(lower) {
		return lower
	}
	verb := verbs[strings.ToUpper(d.method.text)]
	if name := d.operation.text; segmentForm.MatchString(name) && !isVague(name) {
		verb = name
	}
	if verb == "" {
		verb = "create"
	}
	return suggestNoun(d.pattern.text) + "." + verb
}

// suggestNoun returns the first word of a path that names a thing.
func suggestNoun(path string) string {
	_, path, _ = strings.Cut(path, "/")
	for segment := range strings.SplitSeq(path, "/") {
		segment = strings.ReplaceAll(strings.ToLower(segment), "-", "_")
		if segmentForm.MatchString(segment) && !isVague(segment) && !versionForm.MatchString(segment) {
			return segment
		}
	}
	return "orders"
}

func isVague(name string) bool {
	return slices.ContainsFunc(strings.Split(name, "."), func(segment string) bool {
		return slices.Contains(vagueWords, segment)
	})
}
