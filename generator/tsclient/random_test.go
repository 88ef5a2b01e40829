package tsclient_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/cnerium/cnerium-go/internal/raced"
	"github.com/stretchr/testify/require"

	"github.com/cnerium/cnerium-go/generator/contract"
)

var seed = flag.Uint64("seed", 1, "of the random contracts")

// TestTypesTakeWhatTheSchemasSay compiles the clients of random contracts
// beside random values that fit their schemas.
func TestTypesTakeWhatTheSchemasSay(t *testing.T) {
	t.Parallel()
	raced.Skip(t, "the client is no Go")
	r := &randomness{rand.New(rand.NewPCG(*seed, 1))}
	cs := make(map[string]*contract.Contract)
	values := make(map[string]string)
	for i := range 30 {
		name := fmt.Sprint("c", i)
		cs[name] = r.contract()
		values["src/"+name+"/values.ts"] = r.values(t, cs[name])
	}
	compileTexts(t, cs, values)
}

// randomness makes contracts and values.
type randomness struct{ *rand.Rand }

func pick[T any](r *randomness, from ...T) T { return from[r.IntN(len(from))] }

// often is true once in so many times.
func (r *randomness) often(n int) bool { return r.IntN(n) == 0 }

var oddNames = []string{"a", "a b", "A-b", "class", "0", "01", "ä", "$", "_", "constructor", "__proto__", "a\"b", "a\\", "a\nb", "*/", "${x}", "`", "<!--", "\u2028"}

func (r *randomness) contract() *contract.Contract {
	c := &contract.Contract{Title: pick(r, "things", "cnerium", "a, b", "class", "Ä"), Doc: pick(r, "", "Doc */ `${x}`\n\n\tcode")}
	for i := range 1 + r.IntN(6) {
		c.Types = append(c.Types, &contract.Type{Name: fmt.Sprint("T", i), Doc: pick(r, "", "A type.")})
	}
	for _, typ := range c.Types {
		r.define(typ, c.Types)
	}
	for i := range 1 + r.IntN(4) {
		c.Operations = append(c.Operations, r.operation(i, c.Types))
	}
	for i := range r.IntN(3) {
		c.Events = append(c.Events, &contract.Event{Type: fmt.Sprint("e.", i, pick(r, oddNames...)), Name: fmt.Sprint("E", i), Data: ref(pick(r, c.Types...))})
	}
	return c
}

// define gives a type an enumeration or a schema, which may lead back to it
// through an object, a list or a map.
func (r *randomness) define(typ *contract.Type, all []*contract.Type) {
	switch r.IntN(4) {
	case 0:
		typ.Schema = text()
		for i, value := range []string{`"a"`, `"b\"c"`, `""`} {
			typ.Enum = append(typ.Enum, &contract.EnumValue{Name: pick(r, typ.Name, "") + fmt.Sprint("V", i), Value: value})
		}
	case 1:
		typ.Schema = list(r.schema(all, 2))
		if r.often(2) {
			typ.Schema = dictionary(text(), r.schema(all, 2))
		}
	default:
		typ.Schema = object(r.fields(all, 2)...)
	}
}

func (r *randomness) fields(all []*contract.Type, depth int) []*contract.Field {
	var fields []*contract.Field
	for _, i := range r.Perm(len(oddNames))[:r.IntN(5)] {
		may := oddNames[i] != "constructor" // which TypeScript knows every object to have
		fields = append(fields, &contract.Field{
			Name: oddNames[i], Field: fmt.Sprint("F", i), Schema: r.schema(all, depth-1), OmitEmpty: may && r.often(3), OmitZero: may && r.often(5),
			Doc: pick(r, "", "A field.\n\n*/"), Deprecated: pick(r, "", "", "Not any more."),
		})
	}
	return fields
}

func (r *randomness) schema(all []*contract.Type, depth int) *contract.Schema {
	s := *pick(r, boolean(), integer(8), integer(64), text(), moment(),
		&contract.Schema{Kind: contract.Any}, &contract.Schema{Kind: contract.Float, Bits: 64}, &contract.Schema{Kind: contract.Bytes},
		&contract.Schema{Kind: contract.BigInt}, &contract.Schema{Kind: contract.Number}, quoted(integer(64)), quoted(boolean()))
	if depth > 0 {
		switch r.IntN(5) {
		case 0:
			s = *list(r.schema(all, depth-1))
		case 1:
			s = *array(r.schema(all, depth-1), pick(r, 0, 1, 3, 20))
		case 2:
			s = *dictionary(r.key(all), r.schema(all, depth-1))
		case 3:
			s = *object(r.fields(all, depth)...)
		case 4:
			s = *ref(pick(r, all...))
		}
	}
	s.Nullable = r.often(3) || s.Kind == contract.Ref && len(s.Type.Enum) == 0 // which can only be a pointer
	return &s
}

// key is a schema for the keys of a map.
func (r *randomness) key(all []*contract.Type) *contract.Schema {
	typ := pick(r, all...)
	if len(typ.Enum) > 0 {
		return ref(typ)
	}
	return pick(r, text(), integer(64))
}

func (r *randomness) operation(n int, all []*contract.Type) *contract.Operation {
	op := &contract.Operation{
		ID: fmt.Sprint("a.b", n), Name: pick(r, "Create", "Delete", "New", "URLFor", "Then") + fmt.Sprint(n), Method: "POST", Path: "/a b",
		Doc: pick(r, "", "Does it."), Input: fmt.Sprint("In", n), Status: 200, Retention: time.Duration(r.Int64N(1e15)), Opaque: r.often(5),
	}
	for i := range r.IntN(4) {
		place := pick(r, contract.InPath, contract.InQuery, contract.InHeader)
		p := &contract.Param{In: place, Name: fmt.Sprint("p", i), Field: fmt.Sprint("P", i), Schema: pick(r, text(), integer(64), boolean(), moment())}
		if place == contract.InPath {
			p.Required, p.Bare = true, r.often(2)
			op.Path += "/{" + p.Name + "}"
		} else if r.often(2) {
			p.Schema = list(p.Schema)
		}
		op.Params = append(op.Params, p)
	}
	if r.often(2) {
		op.Body = object(r.fields(all, 2)...)
	} else if r.often(2) {
		op.Body = ref(pick(r, all...))
	}
	if r.often(2) {
		op.Result = r.schema(all, 2)
	}
	return op
}

// values writes constants of the types with values that fit them.
func (r *randomness) values(t *testing.T, c *contract.Contract) string {
	t.Helper()
	var program strings.Builder
	program.WriteString("import type * as m from \"./" + moduleName(t, c) + "\";\n")
	for _, typ := range c.Types {
		for i := range 3 {
			value, err := json.Marshal(r.value(ref(typ), 6))
			require.NoError(t, err)
			fmt.Fprintf(&program, "export const %s_%d: m.%s = %s;\n", typ.Name, i, typ.Name, strings.ReplaceAll(string(value), `"__proto__":`, `["__proto__"]:`))
		}
	}
	return program.String()
}

// value returns a value of a schema. Without depth it is as small as can be.
func (r *randomness) value(s *contract.Schema, depth int) any {
	if s.Nullable && (depth <= 0 || r.often(3)) {
		return nil
	}
	if s.Quoted {
		return "1"
	}
	switch s.Kind {
	case contract.Any:
		return pick[any](r, nil, true, "x", []int{1}, map[string]int{"a": 1})
	case contract.Bool:
		return r.often(2)
	case contract.Int, contract.Uint, contract.Float, contract.BigInt, contract.Number:
		return r.IntN(100)
	case contract.String, contract.Text, contract.Bytes:
		return "aGk="
	case contract.Time:
		return "2026-01-02T03:04:05Z"
	case contract.Array:
		values := make([]any, max(s.Len, 0))
		if s.Len < 0 && depth > 0 {
			values = make([]any, r.IntN(3))
		}
		for i := range values {
			values[i] = r.value(s.Elem, depth-1)
		}
		return values
	case contract.Map:
		values := map[string]any{}
		if depth > 0 {
			values[r.mapKey(s.Key)] = r.value(s.Elem, depth-1)
		}
		return values
	case contract.Object:
		values := map[string]any{}
		for _, f := range s.Fields {
			if !f.Required() && depth <= 0 {
				continue
			}
			if value := r.value(f.Schema, depth-1); f.Required() || value != nil {
				values[f.Name] = value
			}
		}
		return values
	case contract.Ref:
		if len(s.Type.Enum) > 0 {
			return json.RawMessage(pick(r, s.Type.Enum...).Value)
		}
		return r.value(s.Type.Schema, depth)
	}
	return nil
}

func (r *randomness) mapKey(key *contract.Schema) string {
	if key.Kind == contract.Ref {
		var text string
		_ = json.Unmarshal([]byte(pick(r, key.Type.Enum...).Value), &text) // the enumerations are of texts
		return text
	}
	return "1"
}
