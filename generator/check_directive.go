package generator

import (
	"fmt"
	"go/token"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// durableMethods are the methods whose requests are not safe to repeat.
var durableMethods = []string{"POST", "PUT", "PATCH", "DELETE"}

// checkMethod refuses what is not a durable method, and says why.
func checkMethod(src *source, method word) []Diagnostic {
	if slices.Contains(durableMethods, method.text) {
		return nil
	}
	upper := strings.ToUpper(method.text)
	message := fmt.Sprintf("method %s has no durable routes", method.text)
	hint := "use POST, PUT, PATCH or DELETE"
	switch {
	case slices.Contains(durableMethods, upper):
		message, hint = fmt.Sprintf("method %s is not upper case", method.text), "write "+upper
	case upper == "GET" || upper == "HEAD":
		message = fmt.Sprintf("%s only reads, so it is safe to repeat without a durable route", upper)
		hint = "register the handler with the mux, and remove the directive"
	default:
		if near := nearest(method.text, []string{"post", "put", "patch", "delete"}); near != "" {
			hint = fmt.Sprintf("did you mean %s?", strings.ToUpper(near))
		}
	}
	return []Diagnostic{src.diagnose(method.pos, CategoryMethod, message, hint)}
}

var wildcardForm = regexp.MustCompile(`\{([^{}$]+?)(\.\.\.)?\}`)

// checkPattern has net/http judge the pattern, and returns its wildcards. To
// net/http, a pattern in quotes is one of a host.
func checkPattern(src *source, pattern word) ([]string, []Diagnostic) {
	if strings.ContainsAny(pattern.text, "\"`") || strings.HasPrefix(pattern.text, "'") {
		message := fmt.Sprintf("pattern %s has quotes in it", pattern.text)
		return nil, []Diagnostic{src.diagnose(pattern.pos, CategoryPattern, message, "write it without quotes")}
	}
	if wildcards, ok := simplePattern(pattern.text); ok {
		return wildcards, nil
	}
	if refusal := register(http.NewServeMux(), "POST", pattern.text); refusal != "" {
		return nil, []Diagnostic{patternDiagnostic(src, pattern, refusal)}
	}
	var wildcards []string
	for _, match := range wildcardForm.FindAllStringSubmatch(pattern.text, -1) {
		wildcards = append(wildcards, match[1])
	}
	return wildcards, nil
}

// simplePattern returns the wildcards of a pattern that net/http takes, as nearly
// every one is: a path of words and of wildcards with names of their own. It is
// in doubt about all others.
func simplePattern(text string) (wildcards []string, ok bool) {
	rest, ok := strings.CutPrefix(text, "/")
	if !ok || rest == "" {
		return nil, false
	}
	for segment := range strings.SplitSeq(rest, "/") {
		name, wild := strings.CutPrefix(segment, "{")
		if wild {
			if name, wild = strings.CutSuffix(name, "}"); !wild {
				return nil, false
			}
		}
		if !isSimpleSegment(name, wild) || wild && slices.Contains(wildcards, name) {
			return nil, false
		}
		if wild {
			wildcards = append(wildcards, name)
		}
	}
	return wildcards, true
}

// isSimpleSegment reports whether a segment is a word, or the name of a
// wildcard, in ASCII.
func isSimpleSegment(name string, wild bool) bool {
	for i := range len(name) {
		switch c := name[i]; {
		case 'a' <= c|' ' && c|' ' <= 'z', c == '_', '0' <= c && c <= '9' && (!wild || i > 0), c == '-' && !wild:
		default:
			return false
		}
	}
	return name != ""
}

// register adds a pattern to a mux and returns what net/http says against it.
func register(mux *http.ServeMux, method, path string) (refusal string) {
	defer func() {
		if fault := recover(); fault != nil {
			refusal = fmt.Sprint(fault)
		}
	}()
	mux.Handle(method+" "+path, http.NotFoundHandler())
	return ""
}

var patternRefusal = regexp.MustCompile(`(?s)at offset (\d+): (.*)`)

// patternDiagnostic says it as net/http does, at the place that it names.
func patternDiagnostic(src *source, pattern word, refusal string) Diagnostic {
	pos, reason := pattern.pos, refusal
	if match := patternRefusal.FindStringSubmatch(refusal); match != nil {
		reason = match[2]
		if offset, err := strconv.Atoi(match[1]); err == nil {
			within := min(max(0, offset-len("POST ")), len(pattern.text)-1)
			pos += token.Pos(within)
		}
	}
	hint := "the pattern is one of net/http: /orders/{id}, /files/{path...} or example.com/orders"
	switch {
	case !strings.Contains(pattern.text, "/"):
		reason, hint = "it does not begin with / or with host/", "write /"+pattern.text
	case strings.Contains(reason, "unclean path"):
		reason, hint = "it can never match, because net/http cleans paths of //, /./ and /../", ""
	}
	message := fmt.Sprintf("pattern %s: %s", pattern.text, reason)
	return src.diagnose(pos, CategoryPattern, message, hint)
}
