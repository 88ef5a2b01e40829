package openapi_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/require"

	"github.com/cnerium/cnerium-go/generator/contract"
	"github.com/cnerium/cnerium-go/generator/openapi"
)

// compile returns the schema at a place of a document, checked as strictly as
// the library can.
func compile(t require.TestingT, document []byte, at string, draft *jsonschema.Draft) *jsonschema.Schema {
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(document))
	require.NoError(t, err)
	compiler := jsonschema.NewCompiler()
	compiler.DefaultDraft(draft)
	compiler.AssertFormat()
	compiler.AssertContent()
	require.NoError(t, compiler.AddResource("test:document", doc))
	schema, err := compiler.Compile("test:document#" + at)
	require.NoError(t, err, string(document))
	return schema
}

func decode(t require.TestingT, text string) any {
	value, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	require.NoError(t, err, text)
	return value
}

func quoted(kind contract.Kind) *contract.Schema {
	return &contract.Schema{Kind: kind, Bits: 64, Quoted: true}
}

func number(kind contract.Kind, bits int) *contract.Schema {
	return &contract.Schema{Kind: kind, Bits: bits}
}

func mapOf(key, elem *contract.Schema) *contract.Schema {
	return &contract.Schema{Kind: contract.Map, Key: key, Elem: elem}
}

func enumOf(name string, s *contract.Schema, values ...string) *contract.Schema {
	typ := &contract.Type{Name: name, Schema: s}
	for _, v := range values {
		typ.Enum = append(typ.Enum, &contract.EnumValue{Name: name + "Value", Value: v})
	}
	return refer(typ)
}

func quotedRef(s *contract.Schema) *contract.Schema {
	q := *s
	q.Quoted = true
	return &q
}

// tree is a type that refers to itself.
func tree() *contract.Schema {
	node := &contract.Type{Name: "Node"}
	node.Schema = object(field("name", text), optional("children", slice(refer(node))), field("next", nullable(refer(node))))
	return refer(node)
}

func TestSchemaTellsValuesApart(t *testing.T) {
	t.Parallel()
	level := enumOf("Level", number(contract.Int, 8), "-1", "0", "1")
	color := enumOf("Color", text, `"red"`, `"green"`)
	for name, c := range map[string]struct {
		schema *contract.Schema
		passes string // JSON values, separated by blanks
		fails  string
	}{
		"any":             {&contract.Schema{Kind: contract.Any}, `null 1 "a" {"a":[]}`, ``},
		"bool":            {&contract.Schema{Kind: contract.Bool}, `true false`, `null "true" 0`},
		"nullable bool":   {&contract.Schema{Kind: contract.Bool, Nullable: true}, `true null`, `0`},
		"int8":            {number(contract.Int, 8), `-128 127`, `-129 128 1.5 "1"`},
		"int16":           {number(contract.Int, 16), `-32768 32767`, `-32769 32768`},
		"int32":           {number(contract.Int, 32), `-2147483648`, `1.5 null`},
		"int64":           {number(contract.Int, 64), `9223372036854775807 -9223372036854775808`, `1.5`},
		"uint8":           {number(contract.Uint, 8), `0 255`, `-1 256`},
		"uint32":          {number(contract.Uint, 32), `4294967295`, `-1 4294967296`},
		"uint64":          {number(contract.Uint, 64), `0 18446744073709551615`, `-1`},
		"float":           {number(contract.Float, 64), `1 -1.5 1e300`, `"1" null`},
		"big":             {&contract.Schema{Kind: contract.BigInt}, `123456789012345678901234567890`, `1.5 "1"`},
		"number":          {&contract.Schema{Kind: contract.Number}, `1 1.5`, `"1"`},
		"string":          {text, `"" "a"`, `1 null`},
		"nullable string": {nullable(text), `"" null`, `1`},
		"time":            {&contract.Schema{Kind: contract.Time}, `"2026-11-22T06:30:00.123456789+01:00" "0001-01-01T00:00:00Z"`, `"today" 1`},
		"bytes":           {&contract.Schema{Kind: contract.Bytes, Nullable: true}, `"aGk=" "" null`, `"???" []`},
		"quoted int":      {quoted(contract.Int), `"0" "-12"`, `0 "" "01" "1.5"`},
		"quoted uint":     {quoted(contract.Uint), `"0" "12"`, `"-1" 1`},
		"quoted float":    {quoted(contract.Float), `"0" "-1.5" "1e+21" "1e-07"`, `"NaN" "+1" 1`},
		"quoted bool":     {quoted(contract.Bool), `"true" "false"`, `true "yes"`},
		"quoted nullable": {nullable(quoted(contract.Bool)), `"true" null`, `"null"`},
		"quoted string":   {quoted(contract.String), `"\"a\""`, `"a" 1`},
		"slice":           {slice(text), `[] ["a"] null`, `[1] {}`},
		"array":           {&contract.Schema{Kind: contract.Array, Elem: text, Len: 2}, `["a","b"]`, `[] ["a"] ["a","b","c"] null`},
		"empty array":     {&contract.Schema{Kind: contract.Array, Elem: text, Len: 0}, `[]`, `["a"]`},
		"map":             {mapOf(text, number(contract.Int, 64)), `{} {"a":1}`, `{"a":"b"} null`},
		"map of ints":     {mapOf(number(contract.Int, 64), text), `{"-1":"a"}`, `{"a":"a"} {"01":"a"}`},
		"map of uints":    {mapOf(number(contract.Uint, 8), text), `{"1":"a"}`, `{"-1":"a"}`},
		"map of texts":    {mapOf(&contract.Schema{Kind: contract.Text}, text), `{"any":"a"}`, `{"any":1}`},
		"map of enums":    {mapOf(color, text), `{"red":"a"}`, `{"blue":"a"}`},
		"map of levels":   {mapOf(level, text), `{"-1":"a"}`, `{"2":"a"}`},
		"map of named":    {mapOf(enumOf("Count", number(contract.Uint, 8)), text), `{"1":"a"}`, `{"x":"a"}`},
		"enum":            {color, `"red" "green"`, `"blue" "" null`},
		"nullable enum":   {nullable(color), `"red" null`, `"blue"`},
		"enum of ints":    {level, `-1 0 1`, `2 "0"`},
		"quoted enum":     {quotedRef(level), `"-1" "0"`, `0 "2" null`},
		"quoted pointer":  {nullable(quotedRef(level)), `"-1" null`, `0 "2"`},
		"quoted names":    {quotedRef(enumOf("Odd", text, `"–ö"`)), `"\"–ö\""`, `"–ö"`},
		"empty object":    {object(), `{} {"new":1}`, `[] null`},
		"object":          {object(field("a", text), optional("b", text)), `{"a":""} {"a":"","b":"","new":1}`, `{} {"b":""} {"a":1}`},
		"recursion":       {tree(), `{"name":"a","next":{"name":"b","next":null}}`, `{"name":"a"} {"name":"a","next":{}}`},
		"odd names":       {object(field("a/b", text), field("~c", text), field("$ref", text), field("x-cneriumgen-order", text), field("", text)), `{"a/b":"","~c":"","$ref":"","x-cneriumgen-order":"","":""}`, `{"a/b":"","~c":"","$ref":"","x-cneriumgen-order":""}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			document, err := openapi.Schema(nil, c.schema)
			require.NoError(t, err)
			requireResolved(t, document)
			schema := compile(t, document, "", jsonschema.Draft2020)
			for value := range strings.FieldsSeq(c.passes) {
				require.NoError(t, schema.Validate(decode(t, value)), value)
			}
			for value := range strings.FieldsSeq(c.fails) {
				require.Error(t, schema.Validate(decode(t, value)), value)
			}
		})
	}
}

func TestSchemaStandsByItself(t *testing.T) {
	t.Parallel()
	c := shop()
	order := c.Operations[0].Result
	document, err := openapi.Schema(c, order)
	require.NoError(t, err)
	requireResolved(t, document)
	require.NotContains(t, string(document), `"CreateOrder"`, "the value does not refer to it")
	schema := compile(t, document, "", jsonschema.Draft2020)
	require.NoError(t, schema.Validate(decode(t, `{"id":"1","status":"open","old_status":"done","items":null,
		"created_at":"2026-11-22T06:30:00Z","priorities":{"open":9},"total":"12","unknown":true}`)), "results are open")
}
