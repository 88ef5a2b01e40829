package generator

import (
	"bytes"
	"encoding/json"
	"flag"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/cnerium/cnerium-go/generator/contract"
	"github.com/cnerium/cnerium-go/generator/openapi"
	"github.com/cnerium/cnerium-go/generator/testdata/wire"
)

var contractValues = flag.Int("contract-values", 4, "random `values` of each type for each round of the test that holds JSON against schemas")

// wireValues are values of what the operations of package wire return.
var wireValues = map[string]func() any{
	"wire.scalars":      func() any { return new(wire.Scalars) },
	"wire.known":        func() any { return new(wire.Known) },
	"wire.known_copy":   func() any { return new(wire.Known) },
	"wire.options":      func() any { return new(wire.Options) },
	"wire.lists":        func() any { return new(wire.Lists) },
	"wire.tree":         func() any { return new(wire.Tree) },
	"wire.methods":      func() any { return new(wire.Methods) },
	"wire.methods_copy": func() any { return new(wire.Methods) },
	"wire.embedding":    func() any { return new(wire.Embedding) },
	"wire.stamped":      func() any { return new(map[wire.State]*wire.Stamped) },
	"wire.pages":        func() any { return new([]wire.Page[wire.Pair[wire.State, *wire.Line]]) },
}

// byPointer are the operations that return a pointer.
var byPointerResult = map[string]bool{
	"wire.scalars": true, "wire.known": true, "wire.lists": true, "wire.tree": true, "wire.methods": true,
}

// TestJSONOfRandomValuesFitsItsSchema marshals random values and holds them
// against what the generator says about their types; then it spoils the JSON,
// which must not fit any more.
func TestJSONOfRandomValuesFitsItsSchema(t *testing.T) {
	t.Parallel()
	c, found := contractOf(packagesIn(t, ".", "./testdata/wire"))
	require.Empty(t, found)
	for _, o := range c.Operations {
		if o.Result == nil {
			continue
		}
		t.Run(o.ID, func(t *testing.T) {
			t.Parallel()
			require.Contains(t, wireValues, o.ID)
			schema := compileSchema(t, c, o.Result)
			spoilt := 0
			rapid.Check(t, func(rt *rapid.T) {
				random := rand.New(rand.NewPCG(rapid.Uint64().Draw(rt, "seed"), 0))
				for range *contractValues {
					spoilt += checkValue(rt, o, schema, random)
				}
			})
			require.Positive(t, spoilt)
		})
	}
}

// compileSchema compiles the schema of a result as a client would.
func compileSchema(t *testing.T, c *contract.Contract, s *contract.Schema) *jsonschema.Schema {
	t.Helper()
	text, err := openapi.Schema(c, s)
	require.NoError(t, err)
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	require.NoError(t, err)
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	compiler.AssertContent()
	require.NoError(t, compiler.AddResource("schema.json", document))
	schema, err := compiler.Compile("schema.json")
	require.NoError(t, err, "%s", text)
	return schema
}

// checkValue checks one value, and returns how often it was spoilt.
func checkValue(t *rapid.T, o *contract.Operation, schema *jsonschema.Schema, random *rand.Rand) int {
	pointer := reflect.ValueOf(wireValues[o.ID]())
	fillRandom(pointer.Elem(), random, 0)
	value := pointer.Interface()
	if !byPointerResult[o.ID] {
		value = pointer.Elem().Interface()
	}
	text, err := json.Marshal(value)
	require.NoError(t, err)
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	require.NoError(t, err)
	require.NoError(t, schema.Validate(document), "%s", text)

	var faults []func()
	root := []any{document}
	collectFaults(&faults, o.Result, document, func(v any) { root[0] = v })
	if len(faults) == 0 {
		return 0
	}
	faults[random.IntN(len(faults))]()
	spoilt, err := json.Marshal(root[0])
	require.NoError(t, err)
	require.Error(t, schema.Validate(root[0]), "%s", spoilt)
	return 1
}

// collectFaults collects what would spoil a document in one place each: a
// required member that is missing, a value of another kind, a null where none
// is possible.
func collectFaults(faults *[]func(), s *contract.Schema, v any, set func(any)) {
	add := func(f func()) { *faults = append(*faults, f) }
	if s.Kind == contract.Any {
		return
	}
	if !s.Nullable {
		add(func() { set(nil) })
	}
	for s.Kind == contract.Ref {
		s = s.Type.Schema
	}
	switch v := v.(type) {
	case nil:
	case map[string]any:
		add(func() { set("no object") })
		for name := range v {
			if s.Kind == contract.Map {
				collectFaults(faults, s.Elem, v[name], func(w any) { v[name] = w })
			}
		}
		for _, f := range s.Fields {
			if f.Required() {
				add(func() { delete(v, f.Name) })
			}
			if _, ok := v[f.Name]; ok {
				collectFaults(faults, f.Schema, v[f.Name], func(w any) { v[f.Name] = w })
			}
		}
	case []any:
		add(func() { set(map[string]any{}) })
		if s.Len > 0 {
			add(func() { set(v[1:]) })
		}
		for i := range v {
			collectFaults(faults, s.Elem, v[i], func(w any) { v[i] = w })
		}
	default:
		add(func() { set([]any{true}) })
	}
}

// TestRandomJSONOfASchemaIsRead makes JSON as the description of an input has
// it, which the type must be able to read.
func TestRandomJSONOfASchemaIsRead(t *testing.T) {
	t.Parallel()
	c, found := contractOf(packagesIn(t, ".", "./testdata/wire"))
	require.Empty(t, found)
	for _, o := range c.Operations {
		if o.Body == nil {
			continue
		}
		t.Run(o.ID, func(t *testing.T) {
			t.Parallel()
			newValue := wireValues[strings.TrimSuffix(o.ID, ".read")]
			require.NotNil(t, newValue)
			schema := compileSchema(t, c, o.Body)
			rapid.Check(t, func(rt *rapid.T) {
				m := jsonMaker{rand.New(rand.NewPCG(rapid.Uint64().Draw(rt, "seed"), 0))}
				for range *contractValues {
					text, err := json.Marshal(m.value(o.Body, 0))
					require.NoError(rt, err)
					document, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
					require.NoError(rt, err)
					require.NoError(rt, schema.Validate(document), "%s", text)
					decoder := json.NewDecoder(bytes.NewReader(text))
					decoder.DisallowUnknownFields()
					require.NoError(rt, decoder.Decode(newValue()), "%s", text)
				}
			})
		})
	}
}
