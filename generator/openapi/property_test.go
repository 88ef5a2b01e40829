package openapi_test

import (
	"encoding/base64"
	"encoding/json"
	"flag"
	"fmt"
	"math"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/cnerium/cnerium-go/internal/raced"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/cnerium/cnerium-go/generator/contract"
	"github.com/cnerium/cnerium-go/generator/openapi"
)

// TestSchemaProperty makes schemas and values of them at random: each value
// passes, and none with a part of another kind.
func TestSchemaProperty(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		m := newMaker(t)
		s := m.schema(3)
		document, err := openapi.Schema(&contract.Contract{Types: m.types}, s)
		require.NoError(t, err)
		requireResolved(t, document)
		schema := compile(t, document, "", jsonschema.Draft2020)
		for range 5 {
			value, err := json.Marshal(m.value(s, 4))
			require.NoError(t, err)
			require.NoError(t, schema.Validate(decode(t, string(value))), "%s\n%s", value, document)
			if wrong, ok := m.wrong(s, 4); ok {
				value, err := json.Marshal(wrong)
				require.NoError(t, err)
				require.Error(t, schema.Validate(decode(t, string(value))), "%s\n%s", value, document)
			}
		}
	})
}

// TestDocumentProperty wants every contract to make valid documents, and the
// same again.
func TestDocumentProperty(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		m := newMaker(t)
		c := &contract.Contract{Title: "random", Types: m.types}
		for i := range rapid.IntRange(1, 4).Draw(t, "operations") {
			op := operation(fmt.Sprintf("group%d.op%d", i%2, i), rapid.SampledFrom([]string{"POST", "PUT"}).Draw(t, "method"), fmt.Sprintf("/p%d/{id}", i))
			op.Status, op.Doc = rapid.SampledFrom([]int{200, 201, 202, 204}).Draw(t, "status"), rapid.SampledFrom(texts).Draw(t, "doc")
			op.Opaque = rapid.Bool().Draw(t, "opaque")
			if rapid.Bool().Draw(t, "body") {
				op.Body = m.schema(2)
			}
			if !op.Opaque && rapid.Bool().Draw(t, "result") {
				op.Result = m.schema(2)
			}
			c.Operations = append(c.Operations, op)
		}
		requireValid(t, c)
		first, err := openapi.Document(c, openapi.YAML)
		require.NoError(t, err)
		second, err := openapi.Document(c, openapi.YAML)
		require.NoError(t, err)
		require.Equal(t, string(first), string(second))
	})
}

// maker makes schemas, types and values.
type maker struct {
	t     *rapid.T
	types []*contract.Type
	ready int // types that are whole: references to them need no way out
}

func newMaker(t *rapid.T) *maker {
	m := &maker{t: t}
	for i := range rapid.IntRange(0, 4).Draw(t, "types") {
		m.types = append(m.types, &contract.Type{Name: "T" + strconv.Itoa(i), Doc: rapid.SampledFrom(texts).Draw(t, "doc")})
	}
	for i, typ := range m.types {
		switch rapid.IntRange(0, 4).Draw(t, "kind of type") {
		case 0:
			typ.Schema = text
			typ.Enum = []*contract.EnumValue{{Name: "A", Value: `"a"`}, {Name: "B", Value: `"b"`, Doc: "B is no A."}}
		case 1:
			typ.Schema = number(contract.Int, 64)
			typ.Enum = []*contract.EnumValue{{Name: "Most", Value: "9223372036854775807"}, {Name: "No", Value: "0"}}
		default:
			typ.Schema = m.object(2)
		}
		m.ready = i + 1
	}
	return m
}

var scalars = []contract.Kind{
	contract.Any, contract.Bool, contract.Int, contract.Uint, contract.Float, contract.BigInt, contract.Number,
	contract.String, contract.Text, contract.Time, contract.Bytes,
}

func (m *maker) schema(depth int) *contract.Schema {
	kinds := scalars
	if depth > 0 {
		kinds = append(slices.Clip(kinds), contract.Array, contract.Map, contract.Object)
		if len(m.types) > 0 {
			kinds = append(kinds, contract.Ref, contract.Ref, contract.Ref)
		}
	}
	s := &contract.Schema{
		Kind:     rapid.SampledFrom(kinds).Draw(m.t, "kind"),
		Bits:     rapid.SampledFrom([]int{8, 16, 32, 64}).Draw(m.t, "bits"),
		Nullable: rapid.Bool().Draw(m.t, "nullable"),
		Len:      rapid.IntRange(-1, 2).Draw(m.t, "length"),
	}
	switch s.Kind {
	case contract.Bool, contract.Int, contract.Uint, contract.Float:
		s.Quoted = rapid.Bool().Draw(m.t, "quoted")
	case contract.Array:
		s.Elem = m.schema(depth - 1)
	case contract.Map:
		s.Key = &contract.Schema{Kind: rapid.SampledFrom([]contract.Kind{contract.String, contract.Int, contract.Uint}).Draw(m.t, "key")}
		s.Elem = m.schema(depth - 1)
	case contract.Object:
		s.Fields = m.object(depth - 1).Fields
	case contract.Ref:
		i := rapid.IntRange(0, len(m.types)-1).Draw(m.t, "type")
		s.Type = m.types[i]
		s.Nullable = s.Nullable || i >= m.ready
	}
	return s
}

func (m *maker) object(depth int) *contract.Schema {
	s := &contract.Schema{Kind: contract.Object}
	names := rapid.SliceOfNDistinct(rapid.SampledFrom(texts), 0, 3, rapid.ID).Draw(m.t, "names")
	for _, name := range names {
		f := field(name, m.schema(depth))
		f.OmitZero = rapid.Bool().Draw(m.t, "omitzero")
		f.Doc = rapid.SampledFrom([]string{"", "Doc."}).Draw(m.t, "doc of field")
		f.Deprecated = rapid.SampledFrom([]string{"", "no."}).Draw(m.t, "deprecated")
		s.Fields = append(s.Fields, f)
	}
	return s
}

// value returns one that encoding/json turns into what the schema describes.
func (m *maker) value(s *contract.Schema, depth int) any {
	if s.Nullable && (depth <= 0 || rapid.Bool().Draw(m.t, "null")) {
		return nil
	}
	switch s.Kind {
	case contract.Ref:
		return m.named(s.Type, depth)
	case contract.Object:
		return m.members(s, depth)
	case contract.Array:
		n := s.Len
		if n < 0 {
			n = rapid.IntRange(0, min(2, max(depth, 0))).Draw(m.t, "elements")
		}
		list := make([]any, n)
		for i := range list {
			list[i] = m.value(s.Elem, depth-1)
		}
		return list
	case contract.Map:
		entries := map[string]any{}
		if depth > 0 {
			entries[m.key(s.Key.Kind)] = m.value(s.Elem, depth-1)
		}
		return entries
	}
	v := m.scalar(s)
	if s.Quoted {
		return fmt.Sprint(v)
	}
	return v
}

func (m *maker) named(typ *contract.Type, depth int) any {
	if len(typ.Enum) > 0 {
		return json.RawMessage(rapid.SampledFrom(typ.Enum).Draw(m.t, "constant").Value)
	}
	return m.value(typ.Schema, depth-1)
}

func (m *maker) members(s *contract.Schema, depth int) any {
	members := map[string]any{}
	for _, f := range s.Fields {
		if f.Required() || depth > 0 && rapid.Bool().Draw(m.t, "there") {
			members[f.Name] = m.value(f.Schema, depth-1)
		}
	}
	return members
}

func (m *maker) key(kind contract.Kind) string {
	switch kind {
	case contract.Int:
		return strconv.FormatInt(rapid.Int64().Draw(m.t, "key"), 10)
	case contract.Uint:
		return strconv.FormatUint(rapid.Uint64().Draw(m.t, "key"), 10)
	}
	return rapid.String().Draw(m.t, "key")
}

func (m *maker) scalar(s *contract.Schema) any {
	switch s.Kind {
	case contract.Bool:
		return rapid.Bool().Draw(m.t, "bool")
	case contract.Int:
		return rapid.Int64Range(math.MinInt64>>(64-s.Bits), math.MaxInt64>>(64-s.Bits)).Draw(m.t, "int")
	case contract.Uint:
		return rapid.Uint64Range(0, math.MaxUint64>>(64-s.Bits)).Draw(m.t, "uint")
	case contract.Float:
		text, err := json.Marshal(rapid.Float64().Filter(func(f float64) bool { return f-f == 0 }).Draw(m.t, "float"))
		require.NoError(m.t, err)
		return json.Number(text)
	case contract.BigInt:
		return json.Number("123456789012345678901234567890")
	case contract.Number:
		return json.Number("-1.5e10")
	case contract.Time:
		return time.Unix(rapid.Int64Range(0, 1<<33).Draw(m.t, "second"), rapid.Int64Range(0, 1e9).Draw(m.t, "nanosecond")).UTC()
	case contract.Bytes:
		return base64.StdEncoding.EncodeToString(rapid.SliceOf(rapid.Byte()).Draw(m.t, "bytes"))
	}
	return rapid.String().Draw(m.t, "string")
}

// wrong returns a value with one part that does not belong there; false when
// nothing is wrong for the schema.
func (m *maker) wrong(s *contract.Schema, depth int) (any, bool) {
	switch s.Kind {
	case contract.Any:
		return nil, false
	case contract.Object:
		members, _ := m.members(s, depth).(map[string]any)
		for _, f := range s.Fields {
			if f.Required() {
				delete(members, f.Name)
				return members, true
			}
		}
	case contract.Array, contract.Map:
		return 1, true
	case contract.String, contract.Text, contract.Time, contract.Bytes:
		return true, true
	case contract.Ref:
		if len(s.Type.Enum) > 0 {
			return "c", true
		}
		return m.wrong(s.Type.Schema, depth-1)
	}
	return []any{}, true
}

// Under the race detector, which sees nothing shared here, a few checks will do.
func init() {
	if raced.On {
		if err := flag.Set("rapid.checks", "5"); err != nil {
			panic(err)
		}
	}
}
