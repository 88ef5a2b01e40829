package generator

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
)

// checkTargets applies the rules about targets, and marks those that fail.
func (r *run) checkTargets(targets []*target) {
	for _, t := range targets {
		if !t.failed {
			r.refuse(t, r.checkTarget(t)...)
		}
	}
	r.checkDistinct(targets)
}

// checkTarget applies the rules about one target.
func (r *run) checkTarget(t *target) []Diagnostic {
	if t.isAbandoned() {
		return r.checkInside(t)
	}
	if !t.hasRoutes() {
		message := fmt.Sprintf("directive has no effect: package %s has no durable routes", t.origin.Name)
		return []Diagnostic{{Pos: t.pos, Category: CategoryDirectivePlace, Message: message, Hint: "remove it, or write it in the package that has them"}}
	}
	return slices.Concat(r.checkInside(t), r.checkClientFolder(t), checkEventNames(t), checkDocumentPaths(t))
}

// checkInside refuses what lies outside of the modules and the workspace: who
// generates does not expect to write there.
func (r *run) checkInside(t *target) []Diagnostic {
	var found []Diagnostic
	for _, p := range t.paths() {
		inside := func(root string) bool {
			rel, err := filepath.Rel(root, p.to.path)
			return err == nil && filepath.IsLocal(rel)
		}
		if p.to.path != "" && !slices.ContainsFunc(r.roots, inside) {
			message := fmt.Sprintf("%s=%s is outside of the module, and of its workspace", p.name, p.to.as)
			found = append(found, Diagnostic{Pos: p.to.pos, Category: CategoryTarget, Message: message, Hint: "name a place below go.mod or go.work"})
		}
	}
	return found
}

// checkClientFolder refuses a folder for the Go client that has a package with
// directives: a folder has one package.
func (r *run) checkClientFolder(t *target) []Diagnostic {
	for _, p := range r.packages {
		if p.Dir == t.client.path {
			message := fmt.Sprintf("client=%s is the folder of package %s", t.client.as, p.Name)
			return []Diagnostic{{Pos: t.client.pos, Category: CategoryTarget, Message: message, Hint: "name a folder of its own, such as client"}}
		}
	}
	return nil
}

// checkEventNames reports types of events that two packages of a target have:
// a document describes each once.
func checkEventNames(t *target) []Diagnostic {
	var found []Diagnostic
	first := make(map[string]*EventModel)
	for _, p := range t.packages {
		for _, e := range p.Events {
			earlier, ok := first[e.Type]
			if !ok {
				first[e.Type] = e
				continue
			}
			message := fmt.Sprintf("event %s is already that of %s at %s, and both go into one document", e.Type, earlier.Named.Obj().Name(), refer(e.Pos, earlier.Pos))
			found = append(found, Diagnostic{Pos: e.typePos, Category: CategoryEventTwice, Message: message, Hint: "give one of them another type, or make a document of each package"})
		}
	}
	return found
}

// checkDocumentPaths reports routes that net/http tells apart and an OpenAPI
// document does not: it knows no hosts of its paths, nor {name...} and {$}.
func checkDocumentPaths(t *target) []Diagnostic {
	if t.openapi.path == "" {
		return nil
	}
	var found []Diagnostic
	first := make(map[string]*Route)
	for _, p := range t.packages {
		for _, route := range p.Routes {
			place := route.Method + " " + documentPath(route.Path)
			earlier, ok := first[place]
			if !ok {
				first[place] = route
				continue
			}
			message := fmt.Sprintf("%s is already %s at %s, and a document cannot tell %s from %s", place, earlier.Operation, refer(route.Pos, earlier.Pos), route.Path, earlier.Path)
			found = append(found, Diagnostic{Pos: route.pathPos, Category: CategoryTarget, Message: message, Hint: "give one of them another path, or a package and a document of its own"})
		}
	}
	return found
}

// documentPath returns the path of a pattern as a document has it, without the
// names of its wildcards.
func documentPath(pattern string) string {
	_, path, _ := strings.Cut(pattern, "/")
	path = strings.ReplaceAll(strings.TrimSuffix(path, "{$}"), "...}", "}")
	return "/" + anonymous(path)
}

// checkDistinct reports what two targets would both write. Only a folder for
// TypeScript can be shared, by packages: their files have their names.
func (r *run) checkDistinct(targets []*target) {
	first := make(map[string]*target)
	for _, t := range targets {
		if t.failed {
			continue
		}
		var found []Diagnostic
		for _, p := range t.paths() {
			earlier := first[p.to.path]
			switch {
			case p.to.path == "":
			case earlier == nil:
				first[p.to.path] = t
			case p.name != "ts" || earlier.ts.path != p.to.path || earlier.origin == nil:
				found = append(found, taken(t, *p.to, earlier))
			}
		}
		r.refuse(t, found...)
	}
}

// taken is the diagnostic of a path that two targets want.
func taken(t *target, at targetPath, earlier *target) Diagnostic {
	who := "the flags of this run"
	if earlier.origin != nil {
		who = fmt.Sprintf("package %s at %s", earlier.origin.Path, refer(at.pos, earlier.pos))
	}
	if earlier == t {
		who = "another option"
	}
	return Diagnostic{
		Pos:      at.pos,
		Category: CategoryTarget,
		Message:  fmt.Sprintf("%s is already made for %s", at.as, who),
		Hint:     "give one of them another name",
	}
}
