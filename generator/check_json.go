package generator

import (
	"fmt"
	"go/token"
	"go/types"
)

// jsonWalk looks through a type as encoding/json does, for what it cannot
// decode or encode.
type jsonWalk struct {
	b      *handlerBuilder
	at     *types.Var // the parameter or result that has the type
	decode bool       // rather than encode
	seen   map[string]bool
	told   bool // of somebody else's type, for which one diagnostic is enough
}

func newJSONWalk(b *handlerBuilder, at *types.Var, decode bool) *jsonWalk {
	return &jsonWalk{b: b, at: at, decode: decode, seen: make(map[string]bool)}
}

// visit looks at a type that stands in a field of owner; both are nil for the
// type of the parameter or result itself.
func (w *jsonWalk) visit(t types.Type, field *types.Var, owner types.Type) {
	if w.isCustom(t) {
		return
	}
	switch u := t.Underlying().(type) {
	case *types.Basic:
		w.basic(u, t, field, owner)
	case *types.Chan, *types.Signature:
		w.refuse(t, field, owner)
	case *types.Interface:
		if w.decode && u.NumMethods() > 0 {
			w.refuse(t, field, owner)
		}
	case *types.Map:
		if !w.isKey(u.Key()) {
			w.refuse(t, field, owner)
			return
		}
		w.visit(u.Elem(), field, owner)
	case *types.Struct:
		w.fields(u, t)
	case interface{ Elem() types.Type }: // pointer, slice, array
		w.visit(u.Elem(), field, owner)
	}
}

// isCustom reports whether the type does it by itself.
func (w *jsonWalk) isCustom(t types.Type) bool {
	if w.decode {
		return readsJSON(t) || readsText(t)
	}
	return writesJSON(t) || writesText(t)
}

func (w *jsonWalk) basic(u *types.Basic, t types.Type, field *types.Var, owner types.Type) {
	switch {
	case u.Kind() == types.Invalid:
		w.b.invalid(w.place(field), w.what(field, owner))
	case u.Info()&types.IsComplex != 0 || u.Kind() == types.UnsafePointer:
		w.refuse(t, field, owner)
	}
}

// isKey reports whether encoding/json takes the type as the key of an object.
func (w *jsonWalk) isKey(key types.Type) bool {
	if w.decode && readsText(key) || !w.decode && writesText(key) {
		return true
	}
	basic, ok := key.Underlying().(*types.Basic)
	return ok && basic.Info()&(types.IsString|types.IsInteger) != 0
}

// fields looks at the fields that encoding/json sees.
func (w *jsonWalk) fields(s *types.Struct, t types.Type) {
	if w.seen[typeKey(t)] {
		return
	}
	w.seen[typeKey(t)] = true
	for n := range s.NumFields() {
		f, tag := s.Field(n), parseTag(s.Tag(n))
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
		w.visit(f.Type(), f, t)
	}
}

// refuse reports a type that encoding/json cannot take.
func (w *jsonWalk) refuse(t types.Type, field *types.Var, owner types.Type) {
	if field != nil && !w.b.isOwn(field.Pos()) {
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
	message := fmt.Sprintf("%s has the type %s, which encoding/json cannot %s", w.what(field, owner), w.b.src.text(t), verb)
	hint := `change the type, or write json:"-"`
	if field == nil {
		hint = ""
	}
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
	if field != nil && b.isOwn(field.Pos()) {
		return field.Pos()
	}
	return reached.Pos()
}

// isOwn reports whether a place is in the module's own source. Everything
// else comes from export data, where all columns are 1.
func (b *handlerBuilder) isOwn(pos token.Pos) bool {
	return pos.IsValid() && b.src.position(pos).Column > 1
}
