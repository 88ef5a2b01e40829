package generator

import (
	"fmt"
	"go/types"
	"strings"

	"github.com/cnerium/cnerium-go/generator/contract"
)

// contractKey stands for a named type and what encoding/json does with it.
type contractKey struct {
	text string // its goText
	mode jsonMode
}

// contractType is a named type in one mode. Modes that make no difference are
// merged in the end.
type contractType struct {
	*contract.Type
	key   contractKey
	named *types.Named
	class int // the same for what is merged
}

// reference describes a named type, and returns a reference to it.
func (b *contractBuilder) reference(named *types.Named, m jsonMode) *contract.Schema {
	key := contractKey{goText(named), m}
	t := b.byKey[key]
	if t == nil {
		var doc comment
		if !b.isStandard(named.Obj().Pkg()) {
			doc = b.comments.of(named.Obj().Pos())
		}
		t = &contractType{key: key, named: named, Type: &contract.Type{Go: key.text, Doc: doc.text, Deprecated: doc.deprecated}}
		b.byKey[key] = t
		b.types = append(b.types, t)
		around := b.open
		b.open = make(map[string]bool) // a pointer may lead to itself by way of a name
		t.Schema = b.parts(named, m, nil)
		b.open = around
		t.Schema.Nullable = false // which its references say
		t.Enum = b.enum(named)
	}
	s := &contract.Schema{Kind: contract.Ref, Type: t.Type}
	switch named.Underlying().(type) {
	case *types.Slice, *types.Map:
		s.Nullable = true
	}
	return s
}

// goText is the text of a type with the paths of packages, the same for
// identical types: aliases are resolved wherever they stand.
func goText(t types.Type) string {
	switch t := types.Unalias(t).(type) {
	case *types.Named:
		text := t.Obj().Name()
		if p := t.Obj().Pkg(); p != nil {
			text = p.Path() + "." + text
		}
		if t.TypeArgs().Len() == 0 {
			return text
		}
		var args []string
		for arg := range t.TypeArgs().Types() {
			args = append(args, goText(arg))
		}
		return text + "[" + strings.Join(args, ",") + "]"
	case *types.Pointer:
		return "*" + goText(t.Elem())
	case *types.Slice:
		return "[]" + goText(t.Elem())
	case *types.Array:
		return fmt.Sprintf("[%d]%s", t.Len(), goText(t.Elem()))
	case *types.Map:
		return "map[" + goText(t.Key()) + "]" + goText(t.Elem())
	default:
		return types.TypeString(t, nil)
	}
}

// mergeTypes makes one type of those that differ only in their modes, gives
// the result the others, and makes all references lead to what is left.
func (b *contractBuilder) mergeTypes() {
	b.classify()
	first := make(map[int]*contractType)
	moved := make(map[*contract.Type]*contract.Type)
	var left []*contractType
	for _, t := range b.types {
		if first[t.class] == nil {
			first[t.class] = t
			left = append(left, t)
		}
		stands := first[t.class]
		stands.key.mode = min(stands.key.mode, t.key.mode)
		moved[t.Type] = stands.Type
	}
	b.types = left
	redirect := func(s *contract.Schema) {
		if s.Kind == contract.Ref {
			s.Type = moved[s.Type]
		}
	}
	for _, t := range left {
		eachSchema(t.Schema, redirect)
		b.result.Types = append(b.result.Types, t.Type)
	}
	for _, o := range b.result.Operations {
		eachSchema(o.Body, redirect)
		eachSchema(o.Result, redirect)
		for _, p := range o.Params {
			eachSchema(p.Schema, redirect)
		}
	}
	for _, e := range b.result.Events {
		eachSchema(e.Data, redirect)
	}
}

// classify gives the same class to the modes of a type whose JSON is the same.
// They all begin in one class; those that turn out to differ, also by way of
// what they refer to, are taken apart until nothing changes.
func (b *contractBuilder) classify() {
	classOf := make(map[*contract.Type]*contractType, len(b.types))
	for _, t := range b.types {
		classOf[t.Type] = t
	}
	for before, now := -1, 0; before != now; {
		before = now
		classes := make(map[string]int)
		next := make([]int, len(b.types))
		for i, t := range b.types {
			text := new(strings.Builder)
			fmt.Fprint(text, t.class, t.key.text)
			describe(text, t.Schema, classOf)
			id, ok := classes[text.String()]
			if !ok {
				id = len(classes)
				classes[text.String()] = id
			}
			next[i] = id
		}
		for i, t := range b.types {
			t.class = next[i]
		}
		now = len(classes)
	}
}

// describe writes what tells a schema from others.
func describe(text *strings.Builder, s *contract.Schema, classOf map[*contract.Type]*contractType) {
	if s == nil {
		return
	}
	fmt.Fprint(text, "(", int(s.Kind), s.Nullable, s.Bits, s.Quoted, s.Len)
	if s.Kind == contract.Ref {
		fmt.Fprint(text, " ", classOf[s.Type].class, classOf[s.Type].key.text)
	}
	describe(text, s.Key, classOf)
	describe(text, s.Elem, classOf)
	for _, f := range s.Fields {
		fmt.Fprintf(text, " %q %t %t", f.Name, f.OmitEmpty, f.OmitZero)
		describe(text, f.Schema, classOf)
	}
	text.WriteString(")")
}

// eachSchema calls do for a schema and its parts, but not for what it refers
// to. It may be nil.
func eachSchema(s *contract.Schema, do func(*contract.Schema)) {
	if s == nil {
		return
	}
	do(s)
	eachSchema(s.Key, do)
	eachSchema(s.Elem, do)
	for _, f := range s.Fields {
		eachSchema(f.Schema, do)
	}
}
