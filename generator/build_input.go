package generator

import (
	"fmt"
	"go/token"
	"go/types"
	"strings"
)

// inputBuilder makes the model of one input.
type inputBuilder struct {
	*handlerBuilder
	param   *types.Var
	root    types.Type
	input   *Input
	bound   map[string]bool   // place and name of each binding
	body    map[string]string // field by lower-case JSON name
	outside []boundField      // bound fields that encoding/json would accept
	seen    map[any]bool      // types that are read already, by their keys
}

// boundField is a field from outside the body that has a JSON name.
type boundField struct {
	field *types.Var
	json  string
}

// input makes the model of the struct that a parameter is, or points to.
func (b *handlerBuilder) input(v *types.Var, target types.Type, s *types.Struct, pointer bool) *Input {
	i := &inputBuilder{
		handlerBuilder: b,
		param:          v,
		root:           target,
		input:          &Input{Type: target, Pointer: pointer, Validate: validates(target)},
		bound:          make(map[string]bool),
		body:           make(map[string]string),
		seen:           make(map[any]bool),
	}
	own := readsJSON(target)
	if own {
		i.checkPromoted("UnmarshalJSON")
	} else {
		i.checkJSONNames(s, v)
	}
	if i.input.Validate {
		i.checkPromoted("Validate")
	}
	i.fields(target, s, !own)
	i.input.Body = own || len(i.body) > 0
	if !own && i.input.Body {
		i.notInBody()
	}
	return i.input
}

// fields reads the fields of the input, or of a struct embedded in it. With
// inBody false, encoding/json does not see them.
func (i *inputBuilder) fields(t types.Type, s *types.Struct, inBody bool) {
	if i.seen[typeKey(t)] {
		return
	}
	i.seen[typeKey(t)] = true
	for n := range s.NumFields() {
		f := field{Var: s.Field(n), tag: parseTag(s.Tag(n))}
		if !i.checkMalformed(f.Var, s.Tag(n)) {
			i.field(f, inBody)
		}
	}
}

// field is a struct field with its tag.
type field struct {
	*types.Var
	tag tag
}

// field reads one field: it is bound to a place, promotes its own fields, or
// belongs to the body.
func (i *inputBuilder) field(f field, inBody bool) {
	inBody = inBody && !f.tag.notInJSON
	target, s, pointer := structOf(f.Type())
	switch {
	case len(f.tag.places) > 0:
		i.bind(f, inBody)
	case f.Embedded() && s != nil && (f.tag.json == "" || !inBody):
		if pointer {
			i.embeddedPointer(f, target, s, inBody)
			return
		}
		i.fields(target, s, inBody)
	case inBody && f.Exported():
		i.body[strings.ToLower(f.jsonName())] = f.Name()
		w := newJSONWalk(i.handlerBuilder, i.param, true)
		w.walk(f.Type(), jsonPlace{field: f.Var, owner: i.root, addressable: true})
	}
}

// jsonName is the name that encoding/json has for the field.
func (f field) jsonName() string {
	if f.tag.json != "" {
		return f.tag.json
	}
	return f.Name()
}

// embeddedPointer reads an embedded *T, which is nil until encoding/json
// allocates it.
func (i *inputBuilder) embeddedPointer(f field, target types.Type, s *types.Struct, inBody bool) {
	if inBody && !f.Exported() {
		message := fmt.Sprintf("%s embeds %s, an unexported type that encoding/json cannot allocate", i.src.text(i.root), i.src.text(f.Type()))
		i.add(i.fieldPos(f.Var), CategoryUnexported, message, "embed it without the pointer, or export the type")
		return
	}
	first := !i.seen[typeKey(target)]
	i.seen[typeKey(target)] = true
	for n := range s.NumFields() {
		promoted := field{Var: s.Field(n), tag: parseTag(s.Tag(n))}
		if i.checkMalformed(promoted.Var, s.Tag(n)) {
			continue
		}
		if len(promoted.tag.places) > 0 {
			key := promoted.tag.places[0].key
			message := fmt.Sprintf("the tag %s of field %s has no effect, because %s is embedded as a pointer", key, promoted.Name(), f.Name())
			i.add(i.fieldPos(promoted.Var), CategoryTag, message, "embed it without the pointer")
			continue
		}
		if first {
			i.field(promoted, inBody)
		}
	}
}

// bind binds a field to its place.
func (i *inputBuilder) bind(f field, inBody bool) {
	pos := i.fieldPos(f.Var)
	for _, at := range f.tag.places {
		if at.place == PlacePath {
			defer func() { i.handlerBuilder.bound[at.name] = true }() // whatever is wrong with the field
		}
	}
	if fault, hint := f.tag.fault(f.Name()); fault != "" {
		i.add(pos, CategoryTag, fault, hint)
		return
	}
	at := f.tag.places[0]
	if !f.Exported() {
		message := fmt.Sprintf("field %s has the tag %s, but is unexported", f.Name(), at.key)
		i.add(pos, CategoryUnexported, message, "export the field")
		return
	}
	if inBody && f.tag.json != "" {
		message := fmt.Sprintf("field %s comes from the %s, so its JSON name %q has no effect", f.Name(), at.key, f.tag.json)
		i.add(pos, CategoryTag, message, `write json:"-", or leave json out`)
		return
	}
	if !i.isReachable(f) {
		message := fmt.Sprintf("the tag %s of field %s has no effect, because another field or method hides it", at.key, f.Name())
		i.add(pos, CategoryTag, message, "")
		return
	}
	binding, ok := i.binding(f, at)
	if !ok {
		return
	}
	i.input.Bindings = append(i.input.Bindings, binding)
	if inBody {
		i.outside = append(i.outside, boundField{f.Var, f.jsonName()})
	}
}

// binding makes the model of a field that has a place.
func (i *inputBuilder) binding(f field, at placeTag) (Binding, bool) {
	pos := i.fieldPos(f.Var)
	kind, wrap, ok := wrappedScalarOf(f.Type())
	switch {
	case isInvalid(f.Type()):
		i.invalid(pos, "field "+f.Name())
		return Binding{}, false
	case !ok:
		message := fmt.Sprintf("field %s has the type %s, which cannot be read from the %s", f.Name(), i.src.text(f.Type()), at.key)
		i.add(pos, CategoryField, message, "use a string, a bool, a number, time.Time or a type with UnmarshalText")
		return Binding{}, false
	case wrap != WrapNone && at.place == PlacePath:
		message := fmt.Sprintf("field %s has the type %s, but a path wildcard is always there, and once", f.Name(), i.src.text(f.Type()))
		i.add(pos, CategoryTag, message, "use the type without the slice or pointer")
		return Binding{}, false
	}
	id := at.key + " " + at.name
	if at.place == PlaceHeader {
		id = strings.ToLower(id)
	}
	switch {
	case at.place == PlacePath:
		hint := fmt.Sprintf("add {%s} to the path, or change the tag", at.name)
		i.bindWildcard(pos, at.name, "field "+f.Name(), hint)
	case i.bound[id]:
		message := fmt.Sprintf("field %s has the tag %s:%q, as another field has already", f.Name(), at.key, at.name)
		i.add(pos, CategoryTag, message, "keep one of them")
	}
	i.bound[id] = true
	return Binding{Place: at.place, Name: at.name, Field: f.Name(), Type: f.Type(), Kind: kind, Wrap: wrap}, true
}

// isReachable reports whether the field is what its plain name selects.
func (i *inputBuilder) isReachable(f field) bool {
	obj, _, _ := types.LookupFieldOrMethod(i.root, true, f.Pkg(), f.Name())
	return obj == f.Var
}

// notInBody settles which JSON names the body must not have, although
// encoding/json would accept them.
func (i *inputBuilder) notInBody() {
	for _, o := range i.outside {
		if other, ok := i.body[strings.ToLower(o.json)]; ok {
			message := fmt.Sprintf("encoding/json cannot tell field %s from field %s, which comes from the body", o.field.Name(), other)
			i.add(i.fieldPos(o.field), CategoryTag, message, fmt.Sprintf(`add json:"-" to %s`, o.field.Name()))
			continue
		}
		i.input.NotInBody = append(i.input.NotInBody, o.json)
	}
}

// fieldPos is the place of a field, or of the handler's parameter when the
// field is in somebody else's source.
func (i *inputBuilder) fieldPos(f *types.Var) token.Pos {
	return i.placeOf(f, i.param)
}
