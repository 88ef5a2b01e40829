package generator

import (
	"cmp"
	"fmt"
	"go/token"
	"go/types"
	"maps"
)

// jsonWalk looks through a type as encoding/json does, for what it cannot
// decode or encode.
type jsonWalk struct {
	b      *handlerBuilder
	at     *types.Var       // the parameter or result that has the type
	decode bool             // rather than encode
	seen   map[jsonKey]bool // structs that are read already; nil before the first
	open   map[jsonKey]bool // other types whose parts are being looked at; nil before the first
	told   bool             // of somebody else's type, for which one diagnostic is enough
}

func newJSONWalk(b *handlerBuilder, at *types.Var, decode bool) *jsonWalk {
	return &jsonWalk{b: b, at: at, decode: decode}
}

// jsonKey stands for a type and what is done with it.
type jsonKey struct {
	id          any // its typeKey
	decode      bool
	addressable bool
}

func (w *jsonWalk) key(t types.Type, addressable bool) jsonKey {
	return jsonKey{typeKey(t), w.decode, addressable}
}

// walk looks at the type of the parameter, the result, or a field of it. When
// there is nothing to tell, the same structs are not looked at again for other
// handlers.
func (w *jsonWalk) walk(t types.Type, at jsonPlace) {
	before := len(w.b.found)
	w.visit(t, at)
	if len(w.b.found) == before {
		maps.Copy(w.b.src.encodable, w.seen)
	}
}

// jsonPlace is where a type stands.
type jsonPlace struct {
	field       *types.Var // nil for the type of the parameter or result itself
	owner       types.Type // that has the field
	addressable bool       // methods with a pointer receiver can be called
	hint        string     // how encoding/json would take the value; mostly ""
}

// visit looks at a type and its parts.
func (w *jsonWalk) visit(t types.Type, at jsonPlace) {
	if w.isCustom(t, at.addressable) {
		return
	}
	if w.isCustom(t, true) {
		at.hint = fmt.Sprintf("use a pointer: the method of %s that encodes it has a pointer receiver", w.b.src.text(t))
	}
	switch u := t.Underlying().(type) {
	case *types.Basic:
		w.basic(u, t, at)
	case *types.Chan, *types.Signature:
		w.refuse(t, at)
	case *types.Interface:
		if w.decode && u.NumMethods() > 0 {
			w.refuse(t, at)
		}
	case *types.Struct:
		w.fields(u, t, at)
	case interface{ Elem() types.Type }: // pointer, slice, array, map
		w.element(u, t, at)
	}
}

// element looks at what a type is made of that is no struct. Such a type, too,
// can be a part of itself.
func (w *jsonWalk) element(u interface{ Elem() types.Type }, t types.Type, at jsonPlace) {
	if _, ok := types.Unalias(t).(*types.Named); ok { // which a type needs for being a part of itself
		key := w.key(t, at.addressable)
		if w.open[key] {
			return
		}
		if w.open == nil {
			w.open = make(map[jsonKey]bool)
		}
		w.open[key] = true
		defer delete(w.open, key)
	}
	switch u := u.(type) {
	case *types.Map:
		if !w.isKey(u.Key()) {
			if writesText(u.Key(), true) && !w.decode {
				at.hint = "give MarshalText of the key a value receiver"
			}
			w.refuse(t, at)
			return
		}
		at.addressable = w.decode
	case *types.Pointer, *types.Slice:
		at.addressable = true
	}
	w.visit(u.Elem(), at)
}

// isCustom reports whether the type does it by itself.
func (w *jsonWalk) isCustom(t types.Type, addressable bool) bool {
	if w.decode {
		return readsJSON(t) || readsText(t)
	}
	return writesJSON(t, addressable) || writesText(t, addressable)
}

func (w *jsonWalk) basic(u *types.Basic, t types.Type, at jsonPlace) {
	switch {
	case u.Kind() == types.Invalid:
		w.b.invalid(w.place(at.field), w.what(at.field, at.owner))
	case u.Info()&types.IsComplex != 0 || u.Kind() == types.UnsafePointer:
		w.refuse(t, at)
	}
}

// isKey reports whether encoding/json takes the type as the key of an object.
func (w *jsonWalk) isKey(key types.Type) bool {
	if w.decode && readsText(key) || !w.decode && writesText(key, false) {
		return true
	}
	basic, ok := key.Underlying().(*types.Basic)
	return ok && basic.Info()&(types.IsString|types.IsInteger) != 0
}

// fields looks at the fields that encoding/json sees.
func (w *jsonWalk) fields(s *types.Struct, t types.Type, at jsonPlace) {
	key := w.key(t, at.addressable)
	if w.seen[key] || w.b.src.encodable[key] {
		return
	}
	if w.seen == nil {
		w.seen = make(map[jsonKey]bool)
	}
	w.seen[key] = true
	if w.decode {
		w.b.checkJSONNames(s, w.at)
	}
	for n := range s.NumFields() {
		f, tag := s.Field(n), parseTag(s.Tag(n))
		if w.b.checkMalformed(f, s.Tag(n)) {
			continue
		}
		_, inner, pointer := structOf(f.Type())
		promotes := f.Embedded() && inner != nil
		if tag.notInJSON || !f.Exported() && !promotes {
			continue
		}
		if w.decode && len(tag.places) > 0 {
			message := fmt.Sprintf("the tag %s of field %s has no effect inside %s, which is part of the body", tag.places[0].key, f.Name(), w.b.src.text(t))
			w.b.add(w.place(f), CategoryTag, message, "move the field to the input itself, or embed its struct there")
		}
		if w.decode && f.Embedded() && pointer && !f.Exported() {
			message := fmt.Sprintf("%s embeds %s, an unexported type that encoding/json cannot allocate", w.b.src.text(t), w.b.src.text(f.Type()))
			w.b.add(w.place(f), CategoryUnexported, message, "embed it without the pointer, or export the type")
			continue
		}
		w.visit(f.Type(), jsonPlace{f, t, at.addressable, at.hint})
	}
}

// refuse reports a type that encoding/json cannot take.
func (w *jsonWalk) refuse(t types.Type, at jsonPlace) {
	field := at.field
	if field != nil && !w.b.isOwn(field) {
		if w.told {
			return
		}
		w.told = true
	}
	verb, category := "encode", CategoryField
	if w.decode {
		verb = "decode"
	}
	if field == nil {
		category = CategoryResult
	}
	message := fmt.Sprintf("%s has the type %s, which encoding/json cannot %s", w.what(field, at.owner), w.b.src.text(t), verb)
	hint := `change the type, or write json:"-"`
	if field == nil {
		hint = ""
	}
	hint = cmp.Or(at.hint, hint)
	w.b.add(w.place(field), category, message, hint)
}

// what names a field, or the result, for a message.
func (w *jsonWalk) what(field *types.Var, owner types.Type) string {
	switch {
	case field == nil:
		return "the result of " + w.b.name
	case types.Unalias(owner) == owner.Underlying():
		return "field " + field.Name()
	}
	return fmt.Sprintf("field %s of %s", field.Name(), w.b.src.text(owner))
}

func (w *jsonWalk) place(field *types.Var) token.Pos { return w.b.placeOf(field, w.at) }

// placeOf is the place of a field in the module's own source, and otherwise
// that of the parameter or result through which it is reached.
func (b *handlerBuilder) placeOf(field, reached *types.Var) token.Pos {
	if field != nil && b.isOwn(field) {
		return field.Pos()
	}
	return reached.Pos()
}

// isOwn reports whether a field stands in the source of a package that is
// worked on. Everything else comes from export data, where places are vague.
func (b *handlerBuilder) isOwn(field *types.Var) bool {
	return field.Pkg() == b.src.types || b.src.own[field.Pkg()]
}
