package generator

import (
	"fmt"
	"go/token"
	"net/http"
	"path/filepath"
	"strings"
)

// checkRun applies the rules that reach across packages: operations are
// unique, and all patterns fit into one mux.
func checkRun(packages []*Package) []Diagnostic {
	var routes []*Route
	for _, p := range packages {
		routes = append(routes, p.Routes...)
	}
	return append(checkOperations(routes), checkConflicts(routes)...)
}

// checkOperations reports each operation that an earlier route has.
func checkOperations(routes []*Route) []Diagnostic {
	var found []Diagnostic
	first := make(map[string]*Route)
	for _, r := range routes {
		earlier, ok := first[r.Operation]
		if !ok {
			first[r.Operation] = r
			continue
		}
		found = append(found, Diagnostic{
			Pos:      r.operationPos,
			Category: CategoryOperationTwice,
			Message:  fmt.Sprintf("operation %s is already that of %s at %s", r.Operation, earlier.Handler.Name, r.refer(earlier.operationPos)),
			Hint:     "keys are kept by operation: give each route its own",
		})
	}
	return found
}

// checkConflicts registers all patterns with one mux, as the application will.
func checkConflicts(routes []*Route) []Diagnostic {
	var found []Diagnostic
	mux := http.NewServeMux()
	for i, r := range routes {
		if register(mux, r.Method, r.Path) == "" || register(http.NewServeMux(), r.Method, r.Path) != "" {
			continue // it fits, or is wrong by itself
		}
		for _, earlier := range routes[:i] {
			if reason, ok := conflict(r, earlier); ok {
				found = append(found, Diagnostic{
					Pos:      r.pathPos,
					Category: CategoryPatternConflict,
					Message:  fmt.Sprintf("pattern conflicts with that of %s at %s: %s", earlier.Handler.Name, r.refer(earlier.pathPos), reason),
					Hint:     "net/http needs patterns of which one is more specific",
				})
				break
			}
		}
	}
	return found
}

// conflict returns what net/http says about two patterns. Its text begins
// with a line about where they were registered, which is here in both cases.
func conflict(r, earlier *Route) (string, bool) {
	mux := http.NewServeMux()
	register(mux, earlier.Method, earlier.Path)
	refusal := register(mux, r.Method, r.Path)
	if refusal == "" {
		return "", false
	}
	_, reason, _ := strings.Cut(refusal, "\n")
	return strings.Join(strings.Fields(reason), " "), true
}

// refer writes another place for a message at r: its file as seen from r's.
func (r *Route) refer(at token.Position) string { return refer(r.Pos, at) }

// refer writes a place for a message at another one: its file as seen from
// there. What is seen from nowhere stays as it is.
func refer(from, at token.Position) string {
	if name, err := filepath.Rel(filepath.Dir(from.Filename), at.Filename); err == nil && from.IsValid() {
		at.Filename = filepath.ToSlash(name)
	}
	return at.String()
}
