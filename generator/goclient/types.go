package goclient

import (
	"strconv"
	"strings"

	"github.com/cnerium/cnerium-go/generator/contract"
)

// goType is a schema as a Go type. What can be null is something that can be
// nil.
func (e *emitter) goType(s *contract.Schema) string {
	base := e.baseType(s)
	if s.Nullable && !nilable(s) {
		return "*" + base
	}
	return base
}

// scalars are the kinds that are always written in the same way.
var scalars = map[contract.Kind]string{
	contract.Any:    "any",
	contract.Bool:   "bool",
	contract.String: "string",
	contract.Text:   "string", // the type that makes it is the server's
	contract.Bytes:  "[]byte",
}

// baseType is the type of a value that is not null.
func (e *emitter) baseType(s *contract.Schema) string {
	switch s.Kind {
	case contract.Any:
		if s.Raw { // a number in it may be more than a float64 holds
			return e.use("encoding/json", "json.RawMessage")
		}
	case contract.Int:
		return "int" + bits(s.Bits)
	case contract.Uint:
		return "uint" + bits(s.Bits)
	case contract.Float:
		return "float" + strconv.Itoa(max(s.Bits, 32))
	case contract.BigInt:
		return e.use("math/big", "*big.Int")
	case contract.Number:
		return e.use("encoding/json", "json.Number")
	case contract.Time:
		return e.use("time", "time.Time")
	case contract.Array:
		if s.Len >= 0 {
			return "[" + strconv.Itoa(s.Len) + "]" + e.goType(s.Elem)
		}
		return "[]" + e.goType(s.Elem)
	case contract.Map:
		return "map[" + e.baseType(s.Key) + "]" + e.goType(s.Elem)
	case contract.Object:
		return e.structType(nil, s.Fields)
	case contract.Ref:
		return e.names.types[s.Type]
	}
	return scalars[s.Kind]
}

// bits is the size at the end of a number's type. 64 bits are what int has on
// servers, and a client may be smaller than that.
func bits(n int) string {
	if n == 0 {
		return "64"
	}
	return strconv.Itoa(n)
}

// nilable reports whether the base type of a schema can be nil.
func nilable(s *contract.Schema) bool {
	for range 100 { // a chain of names; one that is longer has an end nobody needs
		switch s.Kind {
		case contract.Any, contract.Bytes, contract.Map, contract.BigInt:
			return true
		case contract.Array:
			return s.Len < 0
		case contract.Ref:
			s = s.Type.Schema
			if s.Nullable {
				return true
			}
		default:
			return false
		}
	}
	return false
}

// resolved follows names to what they stand for.
func resolved(s *contract.Schema) *contract.Schema {
	for range 100 {
		if s.Kind != contract.Ref {
			break
		}
		s = s.Type.Schema
	}
	return s
}

// structType is a struct with fields for parameters, which are not in the
// body, and for the members of an object.
func (e *emitter) structType(params []*contract.Param, fields []*contract.Field) string {
	if len(params)+len(fields) == 0 {
		return "struct{}"
	}
	var b strings.Builder
	b.WriteString("struct {\n")
	for _, p := range params {
		b.WriteString(comment(documented(p.Doc, p.Deprecated)))
		b.WriteString(p.Field + " " + e.goType(p.Schema) + tag("-") + " // " + string(p.In) + " " + p.Name + "\n")
	}
	for _, f := range fields {
		b.WriteString(comment(documented(f.Doc, f.Deprecated)))
		b.WriteString(f.Field + " " + e.goType(f.Schema) + tag(jsonTag(f)) + "\n")
	}
	b.WriteString("}")
	return b.String()
}

func tag(text string) string { return " `json:\"" + text + "\"`" }

// jsonTag is the tag of a field as encoding/json reads it. A field without a
// name is not part of an object.
func jsonTag(f *contract.Field) string {
	if f.Name == "" {
		return "-"
	}
	text := f.Name
	if f.OmitEmpty {
		text += ",omitempty"
	}
	if f.OmitZero {
		text += ",omitzero"
	}
	if f.Schema.Quoted {
		text += ",string"
	}
	if text == "-" {
		return "-," // for that is its name
	}
	return text
}

// resultType is what a method returns for the schema of its result: a pointer
// to what has fields, and anything else as it is.
func (e *emitter) resultType(op *contract.Operation) string {
	if name, ok := e.names.results[op]; ok {
		return "*" + name
	}
	if op.Result.Kind == contract.Ref && resolved(op.Result).Kind == contract.Object && !nilable(op.Result) {
		return "*" + e.baseType(op.Result)
	}
	return e.goType(op.Result)
}
