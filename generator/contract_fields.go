package generator

import (
	"cmp"
	"go/types"
	"reflect"
	"slices"
	"strings"
	"unicode"

	"github.com/cnerium/cnerium-go/generator/contract"
)

// member is a field of a struct, or of one that is embedded in it, as
// encoding/json finds it. See typeFields in its encode.go, which the functions
// here follow step by step.
type member struct {
	*types.Var
	tag     reflect.StructTag
	name    string // in JSON
	options string // of the json tag
	tagged  bool   // the name is that of its tag
	index   []int  // of the field, after those of the structs that it is embedded in
	pointer bool   // one of them is embedded as a pointer
}

// level is a struct whose fields are looked at.
type level struct {
	t       types.Type
	s       *types.Struct
	index   []int
	pointer bool
	twice   bool // it is embedded more than once at this depth, so that its fields hide each other
}

// membersOf returns the members of a struct's JSON, in their order.
func membersOf(s *types.Struct, t types.Type) []member {
	var all []member
	visited := make(map[string]bool)
	next := []level{{t: t, s: s}}
	for len(next) > 0 {
		current := next
		next = nil
		for _, l := range current {
			if key := goText(l.t); !visited[key] {
				visited[key] = true
				all = l.scan(all, &next)
			}
		}
	}
	slices.SortFunc(all, compareMembers)
	var found []member
	for len(all) > 0 {
		n := 1
		for n < len(all) && all[n].name == all[0].name {
			n++
		}
		if n == 1 || len(all[0].index) != len(all[1].index) || all[0].tagged != all[1].tagged {
			found = append(found, all[0])
		}
		all = all[n:]
	}
	slices.SortFunc(found, func(a, b member) int { return slices.Compare(a.index, b.index) })
	return found
}

// compareMembers puts the one first that hides others of its name.
func compareMembers(a, b member) int {
	tagged := 0
	switch {
	case a.tagged && !b.tagged:
		tagged = -1
	case !a.tagged && b.tagged:
		tagged = 1
	}
	return cmp.Or(
		strings.Compare(a.name, b.name),
		cmp.Compare(len(a.index), len(b.index)),
		tagged,
		slices.Compare(a.index, b.index),
	)
}

// scan adds the fields of a struct, and what is embedded in it to the next
// level.
func (l level) scan(all []member, next *[]level) []member {
	for n := range l.s.NumFields() {
		f := l.s.Field(n)
		tag := reflect.StructTag(l.s.Tag(n))
		text := tag.Get("json")
		embedded, inner, pointer := structOf(f.Type())
		if text == "-" || !f.Exported() && (!f.Embedded() || inner == nil) {
			continue
		}
		name, options, _ := strings.Cut(text, ",")
		if !isJSONName(name) {
			name = ""
		}
		index := append(slices.Clone(l.index), n)
		if name == "" && f.Embedded() && inner != nil {
			l.embed(next, level{t: embedded, s: inner, index: index, pointer: l.pointer || pointer})
			continue
		}
		m := member{Var: f, tag: tag, name: cmp.Or(name, f.Name()), options: options, tagged: name != "", index: index, pointer: l.pointer}
		all = append(all, m)
		if l.twice {
			all = append(all, m)
		}
	}
	return all
}

// embed adds a struct to the next level, or notes that it is there twice.
func (l level) embed(next *[]level, inner level) {
	key := goText(inner.t)
	for i := range *next {
		if goText((*next)[i].t) == key {
			(*next)[i].twice = true
			return
		}
	}
	*next = append(*next, inner)
}

// isJSONName reports whether encoding/json takes the name of a tag.
func isJSONName(name string) bool {
	return name != "" && !strings.ContainsFunc(name, func(r rune) bool {
		return !strings.ContainsRune("!#$%&()*+-./:;<=>?@[]^_{|}~ ", r) && !unicode.IsLetter(r) && !unicode.IsDigit(r)
	})
}

// has reports whether the json tag has an option.
func (m member) has(option string) bool {
	return slices.Contains(strings.Split(m.options, ","), option)
}

// fields describes the fields of a struct, but for those that the function, if
// there is one, says come from elsewhere.
func (b *contractBuilder) fields(s *types.Struct, t types.Type, m jsonMode, taken *names, elsewhere func(member) bool) []*contract.Field {
	var fields []*contract.Field
	for _, f := range membersOf(s, t) {
		if elsewhere == nil || !elsewhere(f) {
			fields = append(fields, b.field(f, m, taken))
		}
	}
	return fields
}

// field describes one field.
func (b *contractBuilder) field(f member, m jsonMode, taken *names) *contract.Field {
	if f.pointer {
		m = m.inside()
	}
	doc := b.comments.of(f.Pos())
	field := &contract.Field{
		Name:       f.name,
		Field:      taken.take(exportedName(f.Name())),
		Schema:     b.fieldSchema(f, m),
		OmitEmpty:  f.pointer || f.has("omitempty") && canBeEmpty(f.Type()),
		OmitZero:   f.has("omitzero"),
		Doc:        doc.text,
		Deprecated: doc.deprecated,
	}
	schema := *field.Schema
	switch {
	case f.pointer:
		schema.Nullable = schema.Kind != contract.Any
	case f.leavesNilOut():
		schema.Nullable = false
	}
	field.Schema = &schema
	return field
}

// fieldSchema describes the type of a field, with the option string of its tag.
func (b *contractBuilder) fieldSchema(f member, m jsonMode) *contract.Schema {
	t, mode := f.Type(), m
	p, isPointer := types.Unalias(t).(*types.Pointer)
	if isPointer {
		t, mode = p.Elem(), m.inside()
	}
	var quoted *contract.Schema
	if basic, ok := t.Underlying().(*types.Basic); ok && f.has("string") {
		quoted = basicSchema(basic)
	}
	if quoted == nil {
		return b.schema(f.Type(), m, f.Var)
	}
	quoted.Quoted = true
	if custom := customSchema(t, mode); custom != nil {
		quoted = quotedByMethod(custom, m)
	}
	if quoted == nil {
		return b.schema(f.Type(), m, f.Var)
	}
	quoted.Nullable = isPointer
	return quoted
}

// quotedByMethod describes what a method makes or reads of a field with the
// option string; nil when there are none. A
// method that writes does not know of the option, but one that reads gets what
// stands in the quotes.
func quotedByMethod(custom *contract.Schema, m jsonMode) *contract.Schema {
	switch {
	case custom.Kind == contract.Number:
		return &contract.Schema{Kind: contract.Number, Quoted: true}
	case m == reading:
		return &contract.Schema{Kind: contract.String, Quoted: custom.Kind == contract.Text}
	}
	return nil
}

// canBeEmpty reports whether omitempty has an effect on a type.
func canBeEmpty(t types.Type) bool {
	switch u := t.Underlying().(type) {
	case *types.Struct:
		return false
	case *types.Array:
		return u.Len() == 0
	}
	return true
}

// leavesNilOut reports whether a nil is left out rather than null. A pointer,
// also an embedded one, is nullable all the same: null is read as if it was
// missing, and a client in Go cannot tell zero from missing without it. A slice and a map can say that nil
// is not zero.
func (m member) leavesNilOut() bool {
	switch m.Type().Underlying().(type) {
	case *types.Interface:
		return m.has("omitempty") || m.has("omitzero")
	case *types.Slice, *types.Map:
		says := hasMethod(m.Type(), true, "IsZero", nothing, types.NewTuple(unnamed(types.Typ[types.Bool])))
		return m.has("omitempty") || m.has("omitzero") && !says
	}
	return false
}
