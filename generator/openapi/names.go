package openapi

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/cnerium/cnerium-go/generator/contract"
)

// typeNames are the names of types among the components of a document.
type typeNames map[*contract.Type]string

// nameTypes names the types of a contract, and those beside it. The name of a
// component has only ASCII letters, digits, '.', '-' and '_' (OpenAPI 3.1,
// components object), while one of Go can have any letter.
func nameTypes(c *contract.Contract, beside []*contract.Type) typeNames {
	types := slices.Clone(beside)
	if c != nil {
		types = append(types, c.Types...)
	}
	// A name that needs no change is not taken away by one that does.
	slices.SortStableFunc(types, func(a, b *contract.Type) int {
		return cmp.Or(cmp.Compare(changes(a.Name), changes(b.Name)), cmp.Compare(a.Name, b.Name))
	})
	names := make(typeNames, len(types))
	for _, t := range types {
		if _, ok := names[t]; !ok {
			names[t] = names.free(ascii(t.Name))
		}
	}
	return names
}

// free returns the name, or one like it that no type has.
func (names typeNames) free(name string) string {
	taken := slices.Collect(maps.Values(names))
	unique := name
	for n := 2; slices.Contains(taken, unique); n++ {
		unique = fmt.Sprintf("%s_%d", name, n)
	}
	return unique
}

// own returns the name of a component that is not a type of the contract.
func (names typeNames) own(name string) string {
	if slices.Contains(slices.Collect(maps.Values(names)), name) {
		return names.free("Cnerium" + name)
	}
	return name
}

func changes(name string) int {
	if ascii(name) == name {
		return 0
	}
	return 1
}

// ascii writes what a component's name cannot have as the number of the
// character: Größe is Gr_f6_df_e, which says little and is the same each time.
func ascii(name string) string {
	var text strings.Builder
	for _, r := range name {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '_', r == '-', r == '.':
			text.WriteRune(r)
		default:
			fmt.Fprintf(&text, "_%x", r)
		}
	}
	return text.String()
}

// reach returns the types that schemas refer to, directly or through others,
// in the order of their names.
func reach(roots []*contract.Schema) []*contract.Type {
	seen := map[*contract.Type]bool{}
	for _, root := range roots {
		visit(root, seen)
	}
	return slices.SortedFunc(maps.Keys(seen), func(a, b *contract.Type) int { return cmp.Compare(a.Name, b.Name) })
}

// visit adds the types that a schema refers to.
func visit(s *contract.Schema, seen map[*contract.Type]bool) {
	if s == nil {
		return
	}
	if s.Type != nil && !seen[s.Type] {
		seen[s.Type] = true
		visit(s.Type.Schema, seen)
	}
	visit(s.Elem, seen)
	visit(s.Key, seen)
	for _, field := range s.Fields {
		visit(field.Schema, seen)
	}
}
