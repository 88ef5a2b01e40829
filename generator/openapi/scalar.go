package openapi

import (
	"encoding/json"
	"math"

	sv "github.com/sv-tools/openapi"

	"github.com/cnerium/cnerium-go/generator/contract"
)

// Patterns of numbers in strings, as strconv and encoding/json write them.
const (
	intPattern   = `^-?(0|[1-9][0-9]*)$`
	uintPattern  = `^(0|[1-9][0-9]*)$`
	floatPattern = `^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?$`
)

// scalar is a value without parts.
func scalar(spec *sv.Schema, s *contract.Schema) {
	if s.Quoted {
		quoted(spec, s.Kind)
		return
	}
	name := sv.StringType
	switch s.Kind {
	case contract.Bool:
		name = sv.BooleanType
	case contract.Int, contract.Uint:
		name = sv.IntegerType
		integer(spec, s)
	case contract.BigInt:
		name = sv.IntegerType
	case contract.Float:
		name = sv.NumberType
		spec.Format = sv.DoubleFormat
		if s.Bits == 32 {
			spec.Format = sv.FloatFormat
		}
	case contract.Number:
		name = sv.NumberType
	case contract.Time:
		spec.Format = sv.DateTimeFormat
	case contract.Bytes:
		spec.ContentEncoding = sv.Base64Encoding
	}
	spec.Type = sv.NewSingleOrArray(name)
}

// quoted is a scalar in a string, for the option string of a tag.
func quoted(spec *sv.Schema, kind contract.Kind) {
	spec.Type = sv.NewSingleOrArray(sv.StringType)
	switch kind {
	case contract.Bool:
		spec.Enum = []any{"true", "false"}
	case contract.Int, contract.BigInt:
		spec.Pattern = intPattern
	case contract.Uint:
		spec.Pattern = uintPattern
	case contract.Float, contract.Number:
		spec.Pattern = floatPattern
	default: // a JSON string with a JSON string in it
		spec.ContentMediaType = "application/json"
	}
}

// integer gives the range, with the formats that generators of code know. The
// ends of 64 bits are not numbers that every reader has, so the format alone
// says them.
func integer(spec *sv.Schema, s *contract.Schema) {
	signed := s.Kind == contract.Int
	switch {
	case s.Bits == 32 && signed:
		spec.Format = sv.Int32Format
	case s.Bits == 8 || s.Bits == 16:
		spec.Format = sv.Int32Format
		limits(spec, s.Bits, signed)
	case s.Bits == 32:
		spec.Format = sv.Int64Format
		limits(spec, s.Bits, signed)
	case signed:
		spec.Format = sv.Int64Format
	default:
		spec.Format = "uint64" // of the OpenAPI format registry
		spec.Minimum = new(float64)
	}
}

func limits(spec *sv.Schema, bits int, signed bool) {
	least, most := 0.0, math.Exp2(float64(bits))-1
	if signed {
		least, most = -math.Exp2(float64(bits-1)), math.Exp2(float64(bits-1))-1
	}
	spec.Minimum, spec.Maximum = &least, &most
}

// mapping is an object whose members have names of their own.
func (b *builder) mapping(spec *sv.Schema, s *contract.Schema) {
	spec.Type = sv.NewSingleOrArray(sv.ObjectType)
	spec.AdditionalProperties = sv.NewBoolOrSchema(b.schema(s.Elem))
	spec.PropertyNames = b.keys(s.Key)
}

// keys restricts the names of a map's members; nil when all are possible. In
// JSON a key is always a string.
func (b *builder) keys(key *contract.Schema) schemaRef {
	if key == nil {
		return nil
	}
	kind, enum := key.Kind, []*contract.EnumValue(nil)
	for s := key; s.Kind == contract.Ref && len(enum) == 0; {
		enum, s = s.Type.Enum, s.Type.Schema
		kind = s.Kind
	}
	switch {
	case len(enum) > 0 && kind == contract.String:
		return b.reference(b.names[key.Type])
	case len(enum) > 0:
		spec := new(sv.Schema)
		for _, v := range enum {
			spec.Enum = append(spec.Enum, v.Value)
		}
		return wrap(spec)
	case kind == contract.Int:
		return wrap(&sv.Schema{Pattern: intPattern})
	case kind == contract.Uint:
		return wrap(&sv.Schema{Pattern: uintPattern})
	}
	return nil
}

// quotedEnum returns the type with its constants in strings.
func quotedEnum(t *contract.Type) *contract.Type {
	quoted := &contract.Type{Name: t.Name}
	for _, v := range t.Enum {
		value := *v
		text, _ := json.Marshal(v.Value) // a string: nothing can fail
		value.Value = string(text)
		quoted.Enum = append(quoted.Enum, &value)
	}
	return quoted
}
