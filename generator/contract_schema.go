package generator

import (
	"fmt"
	"go/types"
	"strings"

	"github.com/cnerium/cnerium-go/generator/contract"
)

// jsonMode is what encoding/json does with a type. It makes a difference for
// types with methods of their own for it.
type jsonMode int

// The modes.
const (
	writing     jsonMode = iota // a value that is addressable, so that methods of the pointer count
	writingCopy                 // one that is not
	reading
)

// inside is the mode for what a pointer, slice or embedded pointer leads to.
func (m jsonMode) inside() jsonMode {
	if m == writingCopy {
		return writing
	}
	return m
}

// ofElement is the mode for the values of a map.
func (m jsonMode) ofElement() jsonMode {
	if m == writing {
		return writingCopy
	}
	return m
}

// schema describes the JSON of a type, which is that of a field or, without
// one, of a whole input, result or event.
func (b *contractBuilder) schema(t types.Type, m jsonMode, field *types.Var) *contract.Schema {
	t = types.Unalias(t)
	if s := customSchema(t, m); s != nil {
		return s
	}
	if named, ok := t.(*types.Named); ok && b.isReferred(named) {
		return b.reference(named, m)
	}
	return b.parts(t, m, field)
}

// isReferred reports whether a type is described once, under its name. Types of
// the standard library that are no more than a number or a text are not: nobody
// calls a time.Month by its name in JSON.
func (b *contractBuilder) isReferred(named *types.Named) bool {
	switch named.Underlying().(type) {
	case *types.Basic:
		return !b.isStandard(named.Obj().Pkg())
	case *types.Struct, *types.Slice, *types.Array, *types.Map:
		return true
	}
	return false
}

// isStandard reports whether a package is one of the standard library, whose
// paths have no dot in their first element.
func (b *contractBuilder) isStandard(p *types.Package) bool {
	if p == nil || b.own[p] {
		return p == nil
	}
	first, _, _ := strings.Cut(p.Path(), "/")
	return !strings.Contains(first, ".")
}

// parts describes a type by what it is made of.
func (b *contractBuilder) parts(t types.Type, m jsonMode, field *types.Var) *contract.Schema {
	switch u := t.Underlying().(type) {
	case *types.Basic:
		if s := basicSchema(u); s != nil {
			return s
		}
	case *types.Pointer:
		return b.pointer(t, u, m, field)
	case *types.Slice:
		if isBytes(u) {
			return &contract.Schema{Kind: contract.Bytes, Nullable: true}
		}
		return &contract.Schema{Kind: contract.Array, Nullable: true, Len: -1, Elem: b.schema(u.Elem(), m.inside(), field)}
	case *types.Array:
		return &contract.Schema{Kind: contract.Array, Len: int(u.Len()), Elem: b.schema(u.Elem(), m, field)}
	case *types.Map:
		if key := b.key(u.Key(), m, field); key != nil {
			return &contract.Schema{Kind: contract.Map, Nullable: true, Key: key, Elem: b.schema(u.Elem(), m.ofElement(), field)}
		}
	case *types.Struct:
		return &contract.Schema{Kind: contract.Object, Fields: b.fields(u, t, m, newNames(nil), nil)}
	case *types.Interface:
		return new(contract.Schema)
	}
	b.refuse(t, field, "which encoding/json cannot handle")
	return new(contract.Schema)
}

// pointer describes a pointer, which is null or what it points to.
func (b *contractBuilder) pointer(t types.Type, u *types.Pointer, m jsonMode, field *types.Var) *contract.Schema {
	if named, ok := t.(*types.Named); ok {
		key := goText(named)
		if b.open[key] {
			b.refuse(t, field, "a pointer that leads to itself")
			return new(contract.Schema)
		}
		b.open[key] = true
		defer delete(b.open, key)
	}
	s := *b.schema(u.Elem(), m.inside(), field)
	s.Nullable = true
	return &s
}

// key describes the keys of a map; nil when encoding/json cannot take them.
func (b *contractBuilder) key(t types.Type, m jsonMode, field *types.Var) *contract.Schema {
	basic, _ := t.Underlying().(*types.Basic)
	isText := basic != nil && basic.Info()&types.IsString != 0
	if !isText && (m == reading && readsText(t) || m != reading && writesText(t, false)) {
		return &contract.Schema{Kind: contract.Text}
	}
	if basic == nil || basic.Info()&(types.IsString|types.IsInteger) == 0 {
		return nil
	}
	if s := b.schema(t, m.ofElement(), field); s.Kind == contract.Ref {
		return s
	}
	return basicSchema(basic) // methods for values do not matter to a key
}

// customSchema describes a type that does it by itself, with a method; nil
// when it does not.
func customSchema(t types.Type, m jsonMode) *contract.Schema {
	if _, ok := t.Underlying().(*types.Pointer); ok {
		return nil // what it points to has the methods
	}
	if isNamed(t, "encoding/json", "Number") {
		return &contract.Schema{Kind: contract.Number}
	}
	isInterface := types.IsInterface(t)
	if m == reading && isInterface {
		return nil
	}
	if m == reading && readsJSON(t) {
		return madeBy(method(t, true, "UnmarshalJSON"))
	}
	if m != reading && writesJSON(t, m == writing) {
		return madeBy(method(t, m == writing, "MarshalJSON"))
	}
	if isText(t, m) {
		return &contract.Schema{Kind: contract.Text, Nullable: isInterface}
	}
	return nil
}

// isText reports whether a method makes a text of a value, or a value of a
// text. A string with a method that only reads it, mostly to check it, is still
// the string that it is; and one with a method that writes it is not, although
// it may be read without one.
func isText(t types.Type, m jsonMode) bool {
	if basic, ok := t.Underlying().(*types.Basic); ok && basic.Info()&types.IsString != 0 {
		return writesText(t, m != writingCopy)
	}
	if m == reading {
		return readsText(t)
	}
	return writesText(t, m == writing)
}

// madeBy describes what a method of encoding/json's interfaces makes or reads,
// as far as it is a known one: the type may have it from an embedded one.
func madeBy(sig *types.Signature) *contract.Schema {
	t := sig.Recv().Type()
	if p, ok := types.Unalias(t).(*types.Pointer); ok {
		t = p.Elem()
	}
	switch {
	case isTime(t):
		return &contract.Schema{Kind: contract.Time}
	case isNamed(t, "math/big", "Int"):
		return &contract.Schema{Kind: contract.BigInt}
	case isNamed(t, "encoding/json", "RawMessage"):
		return &contract.Schema{Kind: contract.Any, Raw: true}
	}
	return new(contract.Schema)
}

// basicSchema describes a type without a name; nil when it has no JSON.
func basicSchema(u *types.Basic) *contract.Schema {
	info := u.Info()
	switch {
	case info&types.IsString != 0:
		return &contract.Schema{Kind: contract.String}
	case info&types.IsBoolean != 0:
		return &contract.Schema{Kind: contract.Bool}
	case info&types.IsUnsigned != 0:
		return &contract.Schema{Kind: contract.Uint, Bits: bitsOf(u)}
	case info&types.IsInteger != 0:
		return &contract.Schema{Kind: contract.Int, Bits: bitsOf(u)}
	case info&types.IsFloat != 0:
		return &contract.Schema{Kind: contract.Float, Bits: bitsOf(u)}
	}
	return nil
}

// bitsOf returns the size of a number. That of int is that of large machines.
func bitsOf(u *types.Basic) int {
	switch u.Kind() {
	case types.Int8, types.Uint8:
		return 8
	case types.Int16, types.Uint16:
		return 16
	case types.Int32, types.Uint32, types.Float32:
		return 32
	}
	return 64
}

// isBytes reports whether encoding/json writes a slice in base64.
func isBytes(s *types.Slice) bool {
	elem := s.Elem()
	return isByte(elem) && !writesJSON(elem, true) && !writesText(elem, true)
}

// refuse reports a type whose JSON cannot be described.
func (b *contractBuilder) refuse(t types.Type, field *types.Var, why string) {
	pos, what, hint := b.at, b.whose, "clients need a description: change the type"
	if field != nil {
		what, hint = "field "+field.Name(), hint+`, or write json:"-"`
		if b.own[field.Pkg()] {
			pos = b.position(field.Pos())
		}
	}
	b.found = append(b.found, Diagnostic{
		Pos:      pos,
		Category: CategoryContractType,
		Message:  fmt.Sprintf("%s has the type %s, %s", what, plainType(t, b.home), why),
		Hint:     hint,
	})
}
