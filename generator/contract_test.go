package generator

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cnerium/cnerium-go/generator/contract"
)

// packagesIn builds the packages of a module that patterns name, as for a
// contract, in the order of their paths.
func packagesIn(t *testing.T, dir string, patterns ...string) []*Package {
	t.Helper()
	listed, err := list(t.Context(), Options{Dir: dir, Patterns: patterns})
	require.NoError(t, err)
	d := newDisk()
	folders, found, err := scan(d, listed.own)
	require.NoError(t, err)
	require.Empty(t, found)
	sources, found, err := parse(d, folders)
	require.NoError(t, err)
	require.Empty(t, found)
	for _, src := range sources {
		src.contract = true
	}
	require.NoError(t, load(d, listed.nodes, sources))
	var packages []*Package
	for _, src := range sources {
		p, found := buildPackage(src)
		require.Empty(t, found)
		packages = append(packages, p)
	}
	return packages
}

// contractOfFiles makes the contract of all packages of a new module.
func contractOfFiles(t *testing.T, files map[string]string) *contract.Contract {
	t.Helper()
	c, found := contractOf(packagesIn(t, newModule(t, files), "./..."))
	require.Empty(t, found)
	return c
}

// ordersFile returns the beginning of a file of package orders.
func ordersFile(declarations string) string {
	var b strings.Builder
	b.WriteString("package orders\n\nimport (\n\t\"context\"\n")
	for _, path := range []string{"encoding", "encoding/json", "math/big", "net/netip", "net/url", "time"} {
		if name := path[strings.LastIndex(path, "/")+1:]; strings.Contains(declarations, name+".") {
			fmt.Fprintf(&b, "\t%q\n", path)
		}
	}
	return b.String() + ")\n\n" + declarations + "\n\n"
}

// typesText describes the types of a contract, one on a line.
func typesText(c *contract.Contract) string {
	var b strings.Builder
	for _, typ := range c.Types {
		fmt.Fprintf(&b, "\n%s = %s", typ.Name, schemaText(typ.Schema))
		for i, v := range typ.Enum {
			fmt.Fprintf(&b, " %s %s=%s", map[bool]string{true: "of", false: "or"}[i == 0], v.Name, v.Value)
		}
	}
	return b.String()
}

var kindTexts = map[contract.Kind]string{
	contract.Any: "any", contract.Bool: "bool", contract.Int: "int", contract.Uint: "uint", contract.Float: "float",
	contract.BigInt: "bigint", contract.Number: "number", contract.String: "string", contract.Text: "text",
	contract.Time: "time", contract.Bytes: "bytes",
}

// schemaText writes a schema in one line: ? is for what can be left out, | null
// for what is nullable.
func schemaText(s *contract.Schema) string {
	if s == nil {
		return "none"
	}
	text := kindTexts[s.Kind]
	if s.Raw {
		text = "raw"
	}
	switch s.Kind {
	case contract.Int, contract.Uint, contract.Float:
		text += fmt.Sprint(s.Bits)
	case contract.Array:
		size := ""
		if s.Len >= 0 {
			size = fmt.Sprint(s.Len)
		}
		text = "[" + size + "]" + schemaText(s.Elem)
	case contract.Map:
		text = "map[" + schemaText(s.Key) + "]" + schemaText(s.Elem)
	case contract.Ref:
		text = s.Type.Name
	case contract.Object:
		var fields []string
		for _, f := range s.Fields {
			optional := ""
			if !f.Required() {
				optional = "?"
			}
			fields = append(fields, f.Name+optional+" "+schemaText(f.Schema))
		}
		text = "{" + strings.Join(fields, "; ") + "}"
	}
	if s.Quoted {
		text = "'" + text + "'"
	}
	if s.Nullable {
		text += "|null"
	}
	return text
}

func TestAnOperationIsDescribedWholly(t *testing.T) {
	t.Parallel()
	c := contractOfFiles(t, map[string]string{"orders/doc.go": "// Package orders sells things.\n//\n//go:debug panicnil=1\npackage orders\n", "orders/orders.go": `package orders

import (
	"context"
	"time"
)

// Service has handlers.
type Service struct{}

// ShippingMode says how fast it goes.
type ShippingMode string

// The modes.
const (
	Slow ShippingMode = "slow" // for those who can wait
	// Fast costs more.
	//
	// Deprecated: nobody wants it.
	Fast    ShippingMode = "fast"
	Usual                = Slow
	hidden  ShippingMode = "hidden"
	Express              = ShippingMode("<express>")
)

// Place is what a client sends.
type Place struct {
	Customer string         ` + "`path:\"customer\"`" + ` // who pays
	// DryRun does nothing.
	//
	// Deprecated: ask somebody.
	DryRun *bool            ` + "`query:\"dry_run\" json:\"-\"`" + `
	Modes  []ShippingMode   ` + "`query:\"mode\"`" + `
	Since  time.Time        ` + "`header:\"X-Since\"`" + `
	// Lines are ordered.
	Lines  []Line           ` + "`json:\"lines\"`" + `
	Wish   struct {
		// Note is read by people.
		Note string ` + "`json:\"note\"`" + `
	} ` + "`json:\"wish\"`" + `
}

// Validate refuses nothing.
func (Place) Validate() error { return nil }

// Line is one thing.
type Line struct {
	Count uint8 // at least one
	Mode  ShippingMode
}

// Order is kept.
//
// Deprecated: use
// Orders.
//
// It has more to tell.
type Order struct {
	// Base of it.
	Base
	At time.Time
}

type Base struct {
	ID int // of the order
}

// Create places an order.
//
//cnerium:durable POST example.com/customers/{customer}/orders/{$} orders.create status=201 retention=72h wait=0s recover=rerun max-body=2KiB
func (s *Service) Create(ctx context.Context, in *Place) (*Order, error) { return nil, nil }

// Upload keeps a file.
//
// Deprecated: use Create.
//
//cnerium:durable PUT /files/{id}/{rest...} orders.upload timeout=3s
func Upload(ctx context.Context, rest string, id uint16) error { return nil }
`})
	require.Equal(t, "orders", c.Title)
	require.Equal(t, "Package orders sells things.", c.Doc)
	require.Len(t, c.Operations, 2)

	create := c.Operations[0]
	params := create.Params
	body := create.Body
	require.Equal(t, "{lines []Line|null; wish {note string}}", schemaText(body))
	require.Equal(t, "Lines are ordered.", body.Fields[0].Doc)
	require.Equal(t, "Note is read by people.", body.Fields[1].Schema.Fields[0].Doc)
	create.Params, create.Body = nil, nil
	require.Equal(t, &contract.Operation{
		ID: "orders.create", Name: "Create", Package: "example.com/shop/orders",
		Host: "example.com", Method: "POST", Path: "/customers/{customer}/orders/",
		Doc: "Create places an order.", Input: "Place", InputDoc: "Place is what a client sends.",
		Validates: true, Status: 201, Result: create.Result,
		Retention: 72 * time.Hour, Timeout: 30 * time.Second, Recover: "rerun", MaxBody: 2048,
	}, create)
	require.Equal(t, "Order", schemaText(create.Result))

	order, mode := c.Types[1], c.Types[2]
	require.Equal(t, []*contract.Param{
		{In: contract.InPath, Name: "customer", Field: "Customer", Schema: &contract.Schema{Kind: contract.String}, Required: true, Doc: "who pays"},
		{In: contract.InQuery, Name: "dry_run", Field: "DryRun", Schema: &contract.Schema{Kind: contract.Bool, Nullable: true}, Doc: "DryRun does nothing.", Deprecated: "ask somebody."},
		{In: contract.InQuery, Name: "mode", Field: "Modes", Schema: &contract.Schema{Kind: contract.Array, Len: -1, Elem: &contract.Schema{Kind: contract.Ref, Type: mode}}},
		{In: contract.InHeader, Name: "X-Since", Field: "Since", Schema: &contract.Schema{Kind: contract.Time}},
	}, params)

	require.Equal(t, &contract.Type{
		Name: "ShippingMode", Go: "example.com/shop/orders.ShippingMode", Doc: "ShippingMode says how fast it goes.",
		Schema: &contract.Schema{Kind: contract.String},
		Enum: []*contract.EnumValue{
			{Name: "Slow", Value: `"slow"`, Doc: "for those who can wait"},
			{Name: "Fast", Value: `"fast"`, Doc: "Fast costs more.\n\nDeprecated: nobody wants it."},
			{Name: "Express", Value: `"<express>"`},
			{Value: `"hidden"`},
			{Value: `""`},
		},
	}, mode)
	require.Equal(t, "Order is kept.\n\nIt has more to tell.", order.Doc)
	require.Equal(t, "use Orders.", order.Deprecated)
	require.Equal(t, "of the order", order.Schema.Fields[0].Doc)

	upload := c.Operations[1]
	require.Equal(t, []*contract.Param{
		{In: contract.InPath, Name: "id", Field: "ID", Bare: true, Schema: &contract.Schema{Kind: contract.Uint, Bits: 16}, Required: true},
		{In: contract.InPath, Name: "rest", Field: "Rest", Bare: true, Rest: true, Schema: &contract.Schema{Kind: contract.String}, Required: true},
	}, upload.Params)
	upload.Params = nil
	require.Equal(t, &contract.Operation{
		ID: "orders.upload", Name: "Upload", Package: "example.com/shop/orders", Method: "PUT", Path: "/files/{id}/{rest...}",
		Doc: "Upload keeps a file.", Deprecated: "use Create.", Status: 204,
		Retention: 24 * time.Hour, Wait: 5 * time.Second, Timeout: 3 * time.Second, Recover: "hold", MaxBody: 1 << 20,
	}, upload)
}
