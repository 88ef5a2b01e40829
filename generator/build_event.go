package generator

import (
	"fmt"
	"go/types"
	"path/filepath"
	"regexp"
	"slices"

	"github.com/cnerium/cnerium-go/generator/internal/ident"
)

// maxEventType is the greatest length of an event's type that the runtime
// takes, in bytes.
const maxEventType = 255

// eventTypeForm is narrower than the runtime: a type of event becomes a name in
// documents and in other languages.
var eventTypeForm = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_-]*([./:][A-Za-z0-9_-]+)*$`)

// buildEvents makes the models of the events of a package.
func buildEvents(src *source) ([]*EventModel, []Diagnostic) {
	var events []*EventModel
	var found []Diagnostic
	first := make(map[string]eventDirective)
	for _, d := range src.events {
		if earlier, ok := first[d.name.text]; ok {
			at := src.position(earlier.pos)
			at.Filename = filepath.Base(at.Filename)
			message := fmt.Sprintf("event %s is already that of %s at %s", d.name.text, earlier.spec.Name.Name, at)
			found = append(found, src.diagnose(d.name.pos, CategoryEventTwice, message, "give each struct a type of event of its own"))
			continue
		}
		first[d.name.text] = d
		found = append(found, checkEventType(src, d)...)
		named, more := eventStruct(src, d)
		if found = append(found, more...); named != nil {
			events = append(events, &EventModel{
				Pos: src.position(d.pos), Type: d.name.text, Named: named, typePos: src.position(d.name.pos),
			})
		}
	}
	return events, found
}

// checkEventType refuses a malformed type of event.
func checkEventType(src *source, d eventDirective) []Diagnostic {
	var message string
	switch name := d.name.text; {
	case len(name) > maxEventType:
		message = fmt.Sprintf("the type of the event has %d bytes, and %d are the limit", len(name), maxEventType)
	case !eventTypeForm.MatchString(name):
		message = fmt.Sprintf("%q is no type of an event: letters, digits, - and _, with dots between the words", name)
	default:
		return nil
	}
	return []Diagnostic{src.diagnose(d.name.pos, CategoryEvent, message, "say what has happened to what, such as order.created")}
}

// eventStruct returns the type that a directive stands on; nil when it can be
// none of an event.
func eventStruct(src *source, d eventDirective) (*types.Named, []Diagnostic) {
	refuse := func(why, hint string) (*types.Named, []Diagnostic) {
		message := fmt.Sprintf("event %s stands on %s, which is %s", d.name.text, d.spec.Name.Name, why)
		return nil, []Diagnostic{src.diagnose(d.spec.Name.Pos(), CategoryEvent, message, hint)}
	}
	if d.spec.Assign.IsValid() {
		return refuse("an alias", "declare a struct type, or put the directive on the one that it stands for")
	}
	object, _ := src.info.Defs[d.spec.Name].(*types.TypeName)
	if object == nil || object.Name() == "_" {
		return refuse("no name", "give the struct a name of its own")
	}
	named := object.Type().(*types.Named)
	if found := checkReached(src, named); len(found) > 0 {
		return nil, found
	}
	if named.TypeParams().Len() > 0 {
		return refuse("generic", "put the directive on a struct with concrete types")
	}
	if _, ok := named.Underlying().(*types.Struct); !ok {
		return refuse("no struct", "the data of an event is a struct, to which fields can be added later")
	}
	return named, checkEncoding(src, named)
}

// checkReached reports the type errors in what a type is made of.
func checkReached(src *source, named *types.Named) []Diagnostic {
	if len(src.typeErrors) == 0 {
		return nil
	}
	r := &reach{seen: make(map[*types.TypeName]bool)}
	r.walk(named)
	var found []Diagnostic
	for _, name := range r.names {
		found = append(found, errorsOf(src, name)...)
	}
	return found
}

// checkEncoding reports what encoding/json cannot write of an event.
func checkEncoding(src *source, named *types.Named) []Diagnostic {
	name := named.Obj().Name()
	b := &handlerBuilder{src: src, name: name}
	at := types.NewVar(named.Obj().Pos(), src.types, name, named)
	newJSONWalk(b, at, false).walk(named, jsonPlace{addressable: true})
	return b.found
}

// eventFunctions returns the names of the functions that emit an event: to
// everybody, and to a room. They are exported as the struct is.
func eventFunctions(e *EventModel) (all, room string) {
	name := e.Named.Obj().Name()
	all = "emit" + ident.Exported(name)
	if e.Named.Obj().Exported() {
		all = "Emit" + name
	}
	return all, all + "To"
}

// emitNames returns the names of all functions that emit events, sorted, and
// reports structs for which they would be the same.
func emitNames(events []*EventModel) ([]string, []Diagnostic) {
	owner := make(map[string]*EventModel)
	var names []string
	var found []Diagnostic
	for _, e := range events {
		all, room := eventFunctions(e)
		for _, name := range []string{all, room} {
			if other := owner[name]; other != nil {
				found = append(found, Diagnostic{
					Pos: e.Pos, Category: CategoryName,
					Message: fmt.Sprintf("%s and %s would both have the function %s", other.Named.Obj().Name(), e.Named.Obj().Name(), name),
					Hint:    "rename one of them",
				})
			}
			owner[name] = e
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names), found
}
