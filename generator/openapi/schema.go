package openapi

import (
	"encoding/json"
	"slices"

	sv "github.com/sv-tools/openapi"

	"github.com/cnerium/cnerium-go/generator/contract"
)

// schemaRef is a schema or a reference to one.
type schemaRef = *sv.RefOrSpec[sv.Schema]

// builder turns the schemas of a contract into JSON Schema. What it writes
// means the same in the dialects of 2020-12, OpenAPI 3.1 and AsyncAPI 3.0; the
// last is of draft 07, where members beside a $ref mean nothing.
type builder struct {
	prefix  string // of references: "#/components/schemas/"
	names   typeNames
	draft07 bool

	// closed are the types whose objects are read only, by a decoder that
	// refuses what it does not know.
	closed  map[*contract.Type]bool
	closing bool // what is being built belongs to one of them
}

// components returns the schemas of the types by their names.
func (b *builder) components(types []*contract.Type) map[string]schemaRef {
	all := make(map[string]schemaRef, len(types))
	for _, t := range types {
		b.closing = b.closed[t]
		all[b.names[t]] = b.named(t)
	}
	b.closing = false
	return all
}

// named returns the schema of a named type.
func (b *builder) named(t *contract.Type) schemaRef {
	r := b.schema(t.Schema)
	if len(t.Enum) > 0 && r.Spec != nil {
		enumerate(r.Spec, t)
	}
	return b.describe(r, t.Doc, t.Deprecated)
}

// body returns the schema of a request body, whose unknown members are refused.
func (b *builder) body(s *contract.Schema) schemaRef {
	b.closing = true
	defer func() { b.closing = false }()
	return b.schema(s)
}

// schema returns the schema of a value.
func (b *builder) schema(s *contract.Schema) schemaRef {
	if s.Kind == contract.Ref && !s.Quoted {
		return b.refer(s)
	}
	spec := new(sv.Schema)
	switch s.Kind {
	case contract.Any:
		return wrap(spec)
	case contract.Ref:
		b.quotedRef(spec, s.Type)
	case contract.Array:
		b.array(spec, s)
	case contract.Map:
		b.mapping(spec, s)
	case contract.Object:
		b.object(spec, s)
	default:
		scalar(spec, s)
	}
	if s.Nullable && spec.Type != nil {
		spec.Type.Add(sv.NullType)
		nullEnum(spec)
	}
	return wrap(spec)
}

func wrap(spec *sv.Schema) schemaRef { return sv.NewRefOrSpec[sv.Schema](spec) }

// reference returns a reference to a component.
func (b *builder) reference(name string) schemaRef {
	return sv.NewRefOrSpec[sv.Schema](b.prefix + name)
}

func (b *builder) refer(s *contract.Schema) schemaRef {
	r := b.reference(b.names[s.Type])
	if !s.Nullable {
		return r
	}
	null := wrap(&sv.Schema{Type: sv.NewSingleOrArray(sv.NullType)})
	return wrap(&sv.Schema{AnyOf: []schemaRef{r, null}}) // the type may have null by itself, so not oneOf
}

// quotedRef is a named number or boolean in a string, with its constants.
func (b *builder) quotedRef(spec *sv.Schema, t *contract.Type) {
	quoted := *t.Schema
	quoted.Quoted = true
	*spec = *b.schema(&quoted).Spec
	if len(t.Enum) > 0 {
		enumerate(spec, quotedEnum(t))
	}
}

// array is a slice, or an array of Go, which has a length.
func (b *builder) array(spec *sv.Schema, s *contract.Schema) {
	spec.Type = sv.NewSingleOrArray(sv.ArrayType)
	spec.Items = sv.NewBoolOrSchema(b.schema(s.Elem))
	if s.Len >= 0 {
		spec.MinItems, spec.MaxItems = &s.Len, &s.Len
	}
}

// object lists the fields in the order in which encoding/json writes them.
func (b *builder) object(spec *sv.Schema, s *contract.Schema) {
	spec.Type = sv.NewSingleOrArray(sv.ObjectType)
	if b.closing {
		spec.AdditionalProperties = sv.NewBoolOrSchema(false)
	}
	if len(s.Fields) == 0 {
		return
	}
	spec.Properties = make(map[string]schemaRef, len(s.Fields))
	order := make([]string, len(s.Fields))
	for i, f := range s.Fields {
		order[i] = f.Name
		spec.Properties[f.Name] = b.describe(b.schema(f.Schema), f.Doc, f.Deprecated)
		if f.Required() {
			spec.Required = append(spec.Required, f.Name)
		}
	}
	spec.Extensions = map[string]any{orderKey: order}
}

// describe adds what a person has written about a value.
func (b *builder) describe(r schemaRef, doc, deprecated string) schemaRef {
	text := description(doc, deprecated)
	switch {
	case text == "":
		return r
	case r.Ref != nil && deprecated == "" && !b.draft07:
		r.Ref.Description = text
		return r
	case r.Ref != nil:
		r = wrap(&sv.Schema{AllOf: []schemaRef{r}})
	}
	r.Spec.Description = text
	r.Spec.Deprecated = deprecated != ""
	return r
}

// enumerate lists the values of a type. Documents have no place for what a
// constant is named and what it means; these extensions are those that most
// tools read. Values without a constant are the last ones, and have no place in
// the extensions: tools make up a name for them, or none.
func enumerate(spec *sv.Schema, t *contract.Type) {
	var values, names, docs []string
	documented := false
	for _, v := range t.Enum {
		if slices.Contains(values, v.Value) {
			continue // another name for the same
		}
		values = append(values, v.Value)
		if v.Name == "" {
			continue
		}
		names, docs = append(names, v.Name), append(docs, description(v.Doc, ""))
		documented = documented || v.Doc != ""
	}
	spec.Enum = nil
	for _, v := range values {
		spec.Enum = append(spec.Enum, json.RawMessage(v))
	}
	spec.Format, spec.Pattern, spec.Minimum, spec.Maximum = "", "", nil, nil // the list says it all
	spec.Extensions = map[string]any{"x-enum-varnames": names}
	if documented {
		spec.Extensions["x-enum-descriptions"] = docs
	}
}

// nullEnum lets null through a list of values.
func nullEnum(spec *sv.Schema) {
	if len(spec.Enum) > 0 {
		spec.Enum = append(spec.Enum, nil)
	}
}
