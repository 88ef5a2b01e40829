package generator

import (
	"fmt"
	"go/types"
	"slices"
)

// checkPromoted reports a method that the generated code calls on the input
// and that an embedded pointer or interface provides: nothing says that the
// client makes encoding/json fill it, and a call on nil panics.
func (i *inputBuilder) checkPromoted(name string) {
	_, path, _ := types.LookupFieldOrMethod(i.root, true, nil, name)
	t := i.root
	for _, n := range path[:max(0, len(path)-1)] {
		_, s, _ := structOf(t)
		if s == nil {
			return
		}
		f := s.Field(n)
		hint := "embed it without the pointer"
		switch f.Type().Underlying().(type) {
		case *types.Interface:
			hint = fmt.Sprintf("declare %s on %s itself", name, i.src.text(i.root))
		case *types.Pointer:
		default:
			t = f.Type()
			continue
		}
		message := fmt.Sprintf("%s has its %s from the embedded %s, which can be nil", i.src.text(i.root), name, i.src.text(f.Type()))
		i.add(i.fieldPos(f), CategoryField, message, hint)
		return
	}
}

// embedsText reports a parameter that looks like an input, but has the
// UnmarshalText of a struct embedded in it, as with time.Time: it would be
// read from one text, and its other fields from nowhere.
func (b *handlerBuilder) embedsText(v *types.Var) bool {
	target, s, _ := structOf(v.Type())
	if s == nil || slices.Contains(b.wildcards, v.Name()) || !readsText(target) {
		return false
	}
	_, path, _ := types.LookupFieldOrMethod(target, true, nil, "UnmarshalText")
	if len(path) < 2 {
		return false
	}
	f := s.Field(path[0])
	message := fmt.Sprintf("%s embeds %s, whose UnmarshalText makes it a single value", b.src.text(target), b.src.text(f.Type()))
	b.add(v.Pos(), CategoryParam, message, fmt.Sprintf("give the field a name: %s %s", f.Name(), b.src.text(f.Type())))
	b.bound[v.Name()] = true
	for n := range s.NumFields() {
		for _, at := range parseTag(s.Tag(n)).places {
			b.bound[at.name] = true // nothing else is to be said about its wildcard
		}
	}
	return true
}
