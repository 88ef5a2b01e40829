package generator

import (
	"fmt"
	"go/types"
	"slices"
)

// jsonField is a field that encoding/json sees in a struct.
type jsonField struct {
	*types.Var
	name   string
	tagged bool // the name is that of its tag
	depth  int  // of embedding
}

// hides reports whether encoding/json takes f rather than g of the same name.
func (f jsonField) hides(g jsonField) bool {
	return f.depth < g.depth || f.depth == g.depth && f.tagged && !g.tagged
}

// checkJSONNames reports fields of which encoding/json takes none, because
// they have the same name and neither hides the other.
func (b *handlerBuilder) checkJSONNames(s *types.Struct, reached *types.Var) {
	first := make(map[string]jsonField)
	clash := make(map[string]jsonField)
	fields := jsonFields(s, 0, nil)
	for _, f := range fields {
		other, ok := first[f.name]
		switch {
		case !ok || f.hides(other):
			first[f.name] = f
			delete(clash, f.name)
		case !other.hides(f) && clash[f.name].Var == nil:
			clash[f.name] = f
		}
	}
	if len(clash) == 0 {
		return
	}
	for _, f := range fields {
		second, ok := clash[f.name]
		if !ok || second.Var != f.Var {
			continue
		}
		delete(clash, f.name)
		if other := first[f.name]; b.isOwn(f.Var) || b.isOwn(other.Var) {
			message := fmt.Sprintf("fields %s and %s have the JSON name %q, so encoding/json takes neither", other.Name(), f.Name(), f.name)
			b.add(b.placeOf(f.Var, reached), CategoryTag, message, `give one of them another name, or json:"-"`)
		}
	}
}

// jsonFields returns the fields of a struct and of those embedded in it, but
// not those that are bound from elsewhere.
func jsonFields(s *types.Struct, depth int, around []*types.Struct) []jsonField {
	if slices.Contains(around, s) {
		return nil
	}
	around = append(around, s)
	var fields []jsonField
	for n := range s.NumFields() {
		f := field{Var: s.Field(n), tag: parseTag(s.Tag(n))}
		_, inner, _ := structOf(f.Type())
		switch {
		case f.tag.notInJSON || len(f.tag.places) > 0:
		case f.Embedded() && inner != nil && f.tag.json == "":
			fields = append(fields, jsonFields(inner, depth+1, around)...)
		case f.Exported() || f.Embedded() && inner != nil:
			fields = append(fields, jsonField{f.Var, f.jsonName(), f.tag.json != "", depth})
		}
	}
	return fields
}
