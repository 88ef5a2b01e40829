package openapi_test

import (
	"strings"
	"testing"

	"github.com/cnerium/cnerium-go/internal/raced"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v4"

	"github.com/cnerium/cnerium-go/generator/contract"
	"github.com/cnerium/cnerium-go/generator/openapi"
)

func documentOf(t *testing.T, c *contract.Contract) any {
	t.Helper()
	requireValid(t, c)
	document, err := openapi.Document(c, openapi.JSON)
	require.NoError(t, err)
	return decode(t, string(document))
}

func operations(all ...*contract.Operation) *contract.Contract {
	return &contract.Contract{Title: "test", Operations: all}
}

func TestOperationsOfOnePathStandTogether(t *testing.T) {
	t.Parallel()
	doc := documentOf(t, operations(
		operation("a.put", "PUT", "/a/{id}/b/{name...}"),
		operation("a.delete", "DELETE", "/a/{other}/b/{b}"),
		operation("a.post", "POST", "/a/{id}/c"),
	))
	for _, pointer := range []string{"/paths/~1a~1{id}~1b~1{name}/put", "/paths/~1a~1{id}~1b~1{name}/delete", "/paths/~1a~1{id}~1c/post"} {
		op, found := lookUp(doc, pointer)
		require.True(t, found, pointer)
		parameters, _ := op["parameters"].([]any)
		var names []string
		for _, p := range parameters[1:] {
			object, _ := p.(map[string]any)
			name, _ := object["name"].(string)
			names = append(names, name)
		}
		require.Len(t, names, strings.Count(pointer, "{"), "a parameter for each wildcard, by the names of the template")
		for _, name := range names {
			require.Contains(t, pointer, "{"+name+"}")
		}
	}
}

func TestWhatADocumentCannotTellApart(t *testing.T) {
	t.Parallel()
	first, second := operation("a.one", "POST", "/a/{x}"), operation("a.two", "POST", "/a/{y...}")
	second.Host = "b.test"
	_, err := openapi.Document(operations(first, second), openapi.YAML)
	require.EqualError(t, err, "a.one and a.two are both POST /a/{x}, for different hosts or paths that a document "+
		"cannot tell apart; write a document for each of their packages")

	_, err = openapi.Document(operations(operation("a.get", "QUERY", "/a")), openapi.YAML)
	require.EqualError(t, err, "a.get: a document of OpenAPI 3.1 has no place for the method QUERY")
}

// Only what is read alone, with a decoder that refuses unknown members, says
// that there are none.
func TestOnlyRequestsAreClosed(t *testing.T) {
	t.Parallel()
	doc := documentOf(t, shop())
	for name, closed := range map[string]bool{"CreateOrder": true, "Item": false, "Order": false, "Problem": false} {
		schema, found := lookUp(doc, "/components/schemas/"+name)
		require.True(t, found)
		_, says := schema["additionalProperties"]
		require.Equal(t, closed, says, name)
	}
}

func TestTypesGiveWayToNobody(t *testing.T) {
	t.Parallel()
	op := operation("a.b", "POST", "/a")
	types := []*contract.Type{{Name: "Problem"}, {Name: "Größe"}, {Name: "Gr_f6_dfe"}, {Name: "CneriumProblem"}}
	var fields []*contract.Field
	for _, typ := range types {
		typ.Schema = object(field("of_"+typ.Name, text))
		fields = append(fields, field(typ.Name, refer(typ)))
	}
	op.Result = object(fields...)
	c := operations(op)
	c.Types = types
	doc := documentOf(t, c)
	for name, member := range map[string]string{
		"Problem": "of_Problem", "CneriumProblem": "of_CneriumProblem", "CneriumProblem_2": "detail",
		"Gr_f6_dfe": "of_Gr_f6_dfe", "Gr_f6_dfe_2": "of_Größe",
	} {
		_, found := lookUp(doc, "/components/schemas/"+name+"/properties/"+member)
		require.True(t, found, "%s has no %s", name, member)
	}
}

// texts that a careless writer of YAML gets wrong.
var texts = []string{
	"yes", "no", "null", "~", "1", "1.0", "0x1f", "1e3", "2026-11-22", "12:30", "=", "<<", "", " ", "a: b", "a #b", "- a", "? a",
	"[a", "{a", "&a", "*a", "!a", "|", ">", "%a", "@a", "`a", `"a"`, "'a'", "'", `\`, "\u2028", "\ufeff", "\x7f", "\u0085", "ö – 日本語 🎉",
	"a\nb", "\na", "a\n", "a\n\n\n b", "\ta\n\tb", "a \nb\t", "a\r\nb", "  indented\nnot", "# heading\n\ntext", "---", "...", "\x00", "a\x01\nb",
}

func TestTextsSurviveYAML(t *testing.T) {
	t.Parallel()
	raced.Skip(t, "it makes one document after the other")
	for _, odd := range texts {
		op := operation("a.b", "POST", "/a")
		op.Doc, op.Deprecated = odd, odd
		f := field(odd, text)
		f.Doc = odd
		op.Result = object(f)
		op.Params = []*contract.Param{{In: contract.InQuery, Name: "q", Schema: text, Doc: odd}}
		c := operations(op)
		c.Title, c.Doc = "t"+odd, odd
		requireValid(t, c)
	}
}

// What readers of YAML 1.1 take for a boolean, a time or a key of their own is
// quoted.
func TestYAMLIsReadEverywhere(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"y", "N", "yes", "No", "on", "OFF", "true", "null", "12:30", "1:30.5", "="} {
		op := operation("a.b", "POST", "/a")
		op.Result = object(field(name, text))
		document, err := openapi.Document(operations(op), openapi.YAML)
		require.NoError(t, err)
		require.Regexp(t, `\n +['"]`+name+`['"]:\n`, string(document))
		require.Regexp(t, `required: \[['"]`+name+`['"]\]`, string(document))
	}
}

// TestYAMLIsReadable wants texts of several lines in blocks, and nothing that
// only a machine writes.
func TestYAMLIsReadable(t *testing.T) {
	t.Parallel()
	document, err := openapi.Document(shop(), openapi.YAML)
	require.NoError(t, err)
	var root yaml.Node
	require.NoError(t, yaml.Unmarshal(document, &root))
	var look func(n *yaml.Node)
	look = func(n *yaml.Node) {
		require.NotEqual(t, yaml.AliasNode, n.Kind)
		require.Empty(t, n.Anchor)
		if strings.Contains(n.Value, "\n") {
			require.Equal(t, yaml.LiteralStyle, n.Style&yaml.LiteralStyle, n.Value)
		}
		for _, part := range n.Content {
			look(part)
		}
	}
	look(&root)
}

// TestRequestsAreDescribed looks at what a client has to send.
func TestRequestsAreDescribed(t *testing.T) {
	t.Parallel()
	doc := documentOf(t, shop())
	body, found := lookUp(doc, "/paths/~1orders/post/requestBody")
	require.True(t, found)
	require.Equal(t, true, body["required"], "an empty body is refused")

	cancel, found := lookUp(doc, "/paths/~1orders~1{id}/delete")
	require.True(t, found)
	require.Nil(t, cancel["requestBody"])
	parameters, _ := cancel["parameters"].([]any)
	require.Len(t, parameters, 5, "the key is there once")
	require.Equal(t, map[string]any{"$ref": "#/components/parameters/IdempotencyKey"}, parameters[0])
	was, _ := parameters[3].(map[string]any)
	require.Equal(t, "was", was["name"])
	require.Equal(t, map[string]any{"$ref": "#/components/schemas/Status"}, was["schema"], "a parameter is never null")
}

func TestEventsAloneMakeADocumentOfNoPaths(t *testing.T) {
	t.Parallel()
	c := shop()
	c.Operations = nil
	_, found := lookUp(documentOf(t, c), "/paths")
	require.True(t, found)
}

// A handler returns a nil pointer only beside an error, but a nil slice or map
// can be all that it has to say.
func TestResultsAreThere(t *testing.T) {
	t.Parallel()
	c := shop()
	create := c.Operations[0]
	schema := func() map[string]any {
		found, ok := lookUp(documentOf(t, c), "/paths/~1orders/post/responses/201/content/application~1json/schema")
		require.True(t, ok)
		return found
	}
	create.Result = nullable(create.Result)
	require.Equal(t, map[string]any{"$ref": "#/components/schemas/Order"}, schema())
	create.Result = slice(text)
	require.Equal(t, []any{"array", "null"}, schema()["type"])
}

// An input with a method UnmarshalJSON knows by itself what it refuses.
func TestInputsThatReadThemselves(t *testing.T) {
	t.Parallel()
	op := operation("a.b", "POST", "/a")
	op.Body, op.InputDoc = &contract.Schema{Kind: contract.Any}, "Any is what comes."
	body, _ := lookUp(documentOf(t, operations(op)), "/paths/~1a/post/requestBody")
	require.Equal(t, "Any is what comes.", body["description"])
}
