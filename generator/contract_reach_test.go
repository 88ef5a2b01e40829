package generator

import (
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cnerium/cnerium-go/generator/contract"
)

func TestTypesOfOtherModulesAreDescribedWholly(t *testing.T) {
	t.Parallel()
	c := contractOfFiles(t, map[string]string{
		"go.mod":     "module example.com/shop\n\ngo 1.26\n\nrequire lib.example v0.0.0\n\nreplace lib.example => ./lib\n",
		"lib/go.mod": "module lib.example\n\ngo 1.26\n",
		"lib/lib.go": `package lib

import "lib.example/deep"

// UUID is 16 bytes.
type UUID [16]byte

func (u UUID) MarshalText() ([]byte, error) { return nil, nil }

// Decimal is exact.
type Decimal struct{ value *deep.Value }

func (d Decimal) MarshalJSON() ([]byte, error) { return nil, nil }

// Color is painted.
type Color int

const (
	Red   Color = iota + 1 // like roses
	Green
)

// Paint has a color.
type Paint struct {
	// Color of it.
	Color Color
	deep.Base
}
`,
		"lib/deep/deep.go": "package deep\n\ntype Value struct{}\n\n// Base is at the bottom.\ntype Base struct{ Depth string } // not the field\n\nfunc (v *Value) MarshalText() ([]byte, error) { return nil, nil }\n",
		"a/a.go": `package a

import (
	"context"

	"lib.example"
)

type In struct {
	ID    lib.UUID
	Price lib.Decimal
	Paint *lib.Paint
	hidden lib.Paint
}

//cnerium:durable POST /a a.create
func Create(ctx context.Context, in In) (In, error) { return in, nil }
`,
	})
	require.Equal(t, `Create( InInput []) In
Color = int64 of Red=1 or Green=2 or =0
Decimal = {}
In = {ID text; Price any; Paint Paint|null}
InInput = {ID UUID; Price Decimal; Paint Paint|null}
Paint = {Color Color; Depth string}
UUID = [16]uint8`, operationsText(c))
	require.Equal(t, "Color is painted.", c.Types[0].Doc)
	require.Equal(t, "like roses", c.Types[0].Enum[0].Doc)
	require.Equal(t, "Color of it.", c.Types[4].Schema.Fields[0].Doc)
}

func TestConstantsAreReachedOnlyForAContract(t *testing.T) {
	t.Parallel()
	files := map[string]string{"orders/orders.go": ordersFile("type S string\n\nconst A S = \"a\"\n\nconst B = C + S(\"b\")\n\nconst C = \"c\"") +
		takes("orders.a", "/a", "Handle", "", "S")}
	packages := packagesIn(t, newModule(t, files), "./...")
	require.NotNil(t, packages[0].types.Scope().Lookup("A"))
	c, _ := contractOf(packages)
	require.Equal(t, "Handle( none []) S\nS = string of A=\"a\" or B=\"cb\" or =\"\"", operationsText(c))

	plain := sourceOfModule(t, newModule(t, files))
	require.Nil(t, plain.types.Scope().Lookup("A"), "a run without outputs must not pay for them")
}

// sourceOfModule loads the only package of a module, as without a contract.
func sourceOfModule(t *testing.T, dir string) *source {
	t.Helper()
	listed, err := list(t.Context(), Options{Dir: dir, Patterns: []string{"./..."}})
	require.NoError(t, err)
	d := newDisk()
	folders, _, err := scan(d, listed.own)
	require.NoError(t, err)
	sources, _, err := parse(d, folders)
	require.NoError(t, err)
	require.Len(t, sources, 1)
	require.NoError(t, load(d, listed.nodes, sources))
	return sources[0]
}

func TestEventsAreDescribed(t *testing.T) {
	t.Parallel()
	c := contractOfFiles(t, map[string]string{"orders/orders.go": ordersFile(`// Created is told when there is a new one.
//
// Deprecated: look.
//
//cnerium:event order.created
type Created struct {
	At   time.Time
	Cost Price
	Line *Line
}

// Raw writes itself.
//
//cnerium:event order.raw
type Raw struct{}

func (*Raw) MarshalJSON() ([]byte, error) { return nil, nil }

type Price int

func (*Price) MarshalText() ([]byte, error) { return nil, nil }

type Line struct{ N int }

var _ context.Context
`), "pay/pay.go": "package pay\n\n//cnerium:event pay.created\ntype Created struct{}\n"})
	require.Empty(t, c.Operations)
	require.Equal(t, "orders, pay", c.Title)
	require.Equal(t, []*contract.Event{
		{Type: "order.created", Name: "OrdersCreated", Doc: "Created is told when there is a new one.", Deprecated: "look.", Data: &contract.Schema{Kind: contract.Ref, Type: c.Types[1]}},
		{Type: "order.raw", Name: "Raw", Doc: "Raw writes itself.", Data: &contract.Schema{}},
		{Type: "pay.created", Name: "PayCreated", Data: &contract.Schema{Kind: contract.Ref, Type: c.Types[2]}},
	}, c.Events)
	require.Equal(t, "\nLine = {N int64}\nOrdersCreated = {At time; Cost text; Line Line|null}\nPayCreated = {}", typesText(c))
}

func TestATypeWithoutAFormIsReported(t *testing.T) {
	t.Parallel()
	dir := newModule(t, map[string]string{"orders/orders.go": ordersFile("type P *P\n\ntype Q []*struct{ Next Q; P P }") +
		takes("orders.a", "/a", "Handle", ", in struct{ Items []P }", "*Q") +
		takes("orders.b", "/b", "Other", "", "map[string]P")})
	_, found := contractOf(packagesIn(t, dir, "./..."))
	var lines []string
	for _, d := range found {
		lines = append(lines, d.Format(dir))
	}
	const loop = ", a pointer that leads to itself [contract-type]\n\tclients need a description: change the type"
	require.Equal(t, []string{
		"orders/orders.go:9:27: field P has the type P" + loop + `, or write json:"-"`,
		"orders/orders.go:12:45: field Items has the type P" + loop + `, or write json:"-"`,
		"orders/orders.go:15:6: the result of Other has the type P" + loop,
	}, lines)
}

func TestEmbeddedFieldsHaveTheirComments(t *testing.T) {
	t.Parallel()
	c := contractOfFiles(t, map[string]string{
		"shared/shared.go": "package shared\n\ntype Base struct{ N int }\n\ntype Page[T any] struct{ N T }\n",
		"orders/orders.go": strings.Replace(ordersFile("type Out struct {\n\tshared.Base `json:\"a\"` // one\n\t*Other `json:\"b\"` // two\n\t*shared.Page[int] `json:\"c\"` // three\n}\n\ntype Other struct{}"),
			"\t\"context\"\n", "\t\"context\"\n\n\t\"example.com/shop/shared\"\n", 1) + takes("orders.a", "/a", "Handle", "", "Out"),
	})
	var docs []string
	for _, f := range c.Types[2].Schema.Fields {
		docs = append(docs, f.Name+": "+f.Doc)
	}
	require.Equal(t, []string{"a: one", "b: two", "c: three"}, docs)
}

// TestContractsHaveTheDefaultsOfTheRuntime reads them in the runtime's source,
// because the generator does not import it.
func TestContractsHaveTheDefaultsOfTheRuntime(t *testing.T) {
	t.Parallel()
	source, err := os.ReadFile("../runtime/route.go")
	require.NoError(t, err)
	for name, want := range map[string]string{
		"defaultRetention": "24 * time.Hour",
		"defaultWait":      "5 * time.Second",
		"defaultTimeout":   "30 * time.Second",
		"defaultTxTimeout": "10 * time.Second",
		"defaultMaxBody":   "1 << 20",
	} {
		require.Regexp(t, `\t`+name+`\s+= `+regexp.QuoteMeta(want)+`\b`, string(source))
	}
	o := new(contract.Operation)
	setOptions(o, RouteOptions{})
	require.Equal(t, &contract.Operation{Retention: 24 * time.Hour, Wait: 5 * time.Second, Timeout: 30 * time.Second, MaxBody: 1 << 20, Recover: "hold"}, o)
	o = &contract.Operation{Transactional: true}
	setOptions(o, RouteOptions{})
	require.Equal(t, 10*time.Second, o.Timeout)
}
