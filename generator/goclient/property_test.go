package goclient

import (
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/cnerium/cnerium-go/generator/contract"
)

// wishes are names that collide with each other, with those of a client, and
// with what it imports.
var wishes = []string{
	"A", "B", "Client", "Client2", "New", "OpA", "OpClient", "EventA", "AInput", "AResult",
	"Call", "Ctx", "In", "Req", "Time", "Big", "JSON", "HTTP", "Err", "String", "Type", "Body", "Body2", "Ünï",
}

// drawer draws a contract that extraction could have made.
type drawer struct {
	t     *rapid.T
	types []*contract.Type
	taken map[string]bool // by types and inputs
}

func (d *drawer) bool(label string) bool { return rapid.Bool().Draw(d.t, label) }

func (d *drawer) below(n int, label string) int { return rapid.IntRange(0, n-1).Draw(d.t, label) }

// name draws a name that is free in a scope.
func (d *drawer) name(taken map[string]bool) string {
	return rapid.SampledFrom(wishes).Filter(func(name string) bool { return !taken[name] }).Draw(d.t, "name")
}

func (d *drawer) newName(taken map[string]bool) string {
	name := d.name(taken)
	taken[name] = true
	return name
}

var leaves = []contract.Kind{
	contract.Any, contract.Bool, contract.Int, contract.Uint, contract.Float, contract.BigInt,
	contract.Number, contract.String, contract.Text, contract.Time, contract.Bytes,
}

func (d *drawer) scalar() *contract.Schema {
	kinds := []contract.Kind{contract.Bool, contract.Int, contract.Uint, contract.Float, contract.String, contract.Text, contract.Time}
	return &contract.Schema{Kind: rapid.SampledFrom(kinds).Draw(d.t, "scalar"), Bits: d.bits(), Nullable: d.bool("nullable")}
}

func (d *drawer) bits() int { return rapid.SampledFrom([]int{32, 64}).Draw(d.t, "bits") }

// schema draws a schema. What refers to a type can be null, so that no struct
// has itself as a part.
func (d *drawer) schema(depth int) *contract.Schema {
	s := &contract.Schema{Nullable: d.bool("nullable"), Bits: d.bits()}
	switch n := d.below(8, "shape"); {
	case n < 3 || depth == 0:
		s.Kind = rapid.SampledFrom(leaves).Draw(d.t, "leaf")
	case n == 3:
		s.Kind, s.Elem, s.Len = contract.Array, d.schema(depth-1), d.below(3, "length")-1
	case n == 4:
		s.Kind, s.Elem, s.Key = contract.Map, d.schema(depth-1), &contract.Schema{Kind: contract.String}
	case n == 5:
		s.Kind, s.Fields = contract.Object, d.fields(depth-1, make(map[string]bool))
	default:
		s.Kind, s.Type, s.Nullable = contract.Ref, rapid.SampledFrom(d.types).Draw(d.t, "type"), true
	}
	return s
}

func (d *drawer) fields(depth int, taken map[string]bool) []*contract.Field {
	var fields []*contract.Field
	for range d.below(4, "fields") {
		name := d.newName(taken)
		fields = append(fields, &contract.Field{
			Name: strings.ToLower(name), Field: name, Schema: d.schema(depth), OmitEmpty: d.bool("omitempty"),
			Doc: rapid.SampledFrom([]string{"", "A doc.", "Two\nlines."}).Draw(d.t, "doc"),
		})
	}
	return fields
}

// declare gives each type its schema, when all of them have a name.
func (d *drawer) declare() {
	for range 1 + d.below(6, "types") {
		d.types = append(d.types, &contract.Type{Name: d.newName(d.taken)})
	}
	for i, t := range d.types {
		switch {
		case d.bool("enum"):
			t.Schema = &contract.Schema{Kind: contract.String}
			for range d.below(3, "values") {
				t.Enum = append(t.Enum, &contract.EnumValue{Name: d.name(nil), Value: `"x"`})
			}
		case i > 0 && d.bool("renamed"):
			t.Schema = &contract.Schema{Kind: contract.Ref, Type: d.types[i-1]}
		default:
			t.Schema = &contract.Schema{Kind: contract.Object, Fields: d.fields(2, make(map[string]bool))}
		}
	}
}

// operation draws one, with an input of each kind.
func (d *drawer) operation(name string) *contract.Operation {
	op := &contract.Operation{ID: "o." + name, Name: name, Method: "POST", Path: "/", Opaque: d.bool("opaque")}
	taken := make(map[string]bool)
	for range d.below(5, "params") {
		p := &contract.Param{In: contract.InQuery, Field: d.newName(taken), Schema: d.scalar(), Bare: d.bool("bare")}
		if p.Name = strings.ToLower(p.Field); p.Bare {
			p.In, p.Schema.Nullable = contract.InPath, false
		}
		op.Params = append(op.Params, p)
	}
	switch d.below(4, "body") {
	case 0:
		op.Body = &contract.Schema{Kind: contract.Object, Fields: d.fields(1, taken)}
	case 1:
		op.Body = &contract.Schema{Kind: contract.Any}
	case 2:
		op.Body = &contract.Schema{Kind: contract.Ref, Type: rapid.SampledFrom(d.types).Draw(d.t, "input")}
		op.Params = nil
	}
	if op.Body == nil && len(op.Params) > 0 || op.Body != nil && op.Body.Kind != contract.Ref {
		op.Input = d.newName(d.taken)
	}
	if !op.Opaque && d.bool("result") {
		op.Result = d.schema(2)
	}
	return op
}

func drawContract(t *rapid.T) *contract.Contract {
	d := &drawer{t: t, taken: make(map[string]bool)}
	d.declare()
	c := &contract.Contract{Title: "drawn", Types: d.types}
	ops := make(map[string]bool)
	for range 1 + d.below(4, "operations") {
		c.Operations = append(c.Operations, d.operation(d.newName(ops)))
	}
	events := make(map[string]bool)
	for range d.below(3, "events") {
		name := d.newName(events)
		data := &contract.Schema{Kind: contract.Ref, Type: rapid.SampledFrom(d.types).Draw(t, "data")}
		c.Events = append(c.Events, &contract.Event{Type: name, Name: name, Data: data})
	}
	return c
}

// TestClientsOfAllContractsCompile draws contracts whose names collide.
func TestClientsOfAllContractsCompile(t *testing.T) {
	t.Parallel()
	imports := newImporter(t)
	rapid.Check(t, func(t *rapid.T) {
		files, err := Files(drawContract(t), "drawn")
		if err != nil {
			t.Fatal(err)
		}
		fset := token.NewFileSet()
		tree, err := parser.ParseFile(fset, FileName, files[FileName], parser.ParseComments)
		if err == nil {
			_, err = (&types.Config{Importer: imports}).Check("drawn", fset, []*ast.File{tree}, nil)
		}
		if err != nil {
			t.Fatalf("%v\n%s", err, files[FileName])
		}
	})
}

// newImporter reads what a client imports from the go command's cache.
func newImporter(t *testing.T) types.Importer {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-export", "-deps", "-f", "{{.ImportPath}} {{.Export}}", runtimePath).Output()
	require.NoError(t, err)
	exports := make(map[string]string)
	for line := range strings.Lines(string(out)) {
		path, file, _ := strings.Cut(strings.TrimSpace(line), " ")
		exports[path] = file
	}
	return importer.ForCompiler(token.NewFileSet(), "gc", func(path string) (io.ReadCloser, error) { return os.Open(exports[path]) })
}
