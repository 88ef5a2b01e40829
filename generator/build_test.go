package generator

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// stubs are the packages that the sources of these tests import, as far as
// the generator looks at them.
var stubs = map[string]string{
	"context":   `package context; type Context interface{ Err() error }`,
	"time":      `package time; type Time struct{}; type Duration int64`,
	runtimePath: `package cnerium; type Request struct{}; type Response struct{}`,

	runtimePath + "/sqlitestore": `package sqlitestore; type Tx interface{ Exec() }`,
	runtimePath + "/pgstore":     `package pgstore; type Tx interface{ Exec() }`,
}

// stubImporter type-checks the stubs.
type stubImporter struct{ fset *token.FileSet }

func (s stubImporter) Import(path string) (*types.Package, error) {
	text, ok := stubs[path]
	if !ok {
		return nil, fmt.Errorf("no stub for %s", path)
	}
	tree, err := parser.ParseFile(s.fset, path+".go", text, 0)
	if err != nil {
		return nil, err
	}
	return (&types.Config{}).Check(path, s.fset, []*ast.File{tree}, nil)
}

// sourceOf returns one file as a source, as load does.
func sourceOf(t *testing.T, text string) *source {
	t.Helper()
	fset := token.NewFileSet()
	tree, err := parser.ParseFile(fset, "/orders/orders.go", text, parser.ParseComments)
	require.NoError(t, err)
	directives, found := parseDirectives(fset, tree)
	require.Empty(t, found)
	src := &source{
		path: "example.com/orders", name: tree.Name.Name, dir: "/orders", fset: fset, disk: newDisk(),
		files: []*ast.File{tree}, directives: directives.routes, events: directives.events, targets: directives.targets,
		info: &types.Info{Defs: make(map[*ast.Ident]types.Object)},
	}
	config := types.Config{
		IgnoreFuncBodies: true,
		FakeImportC:      true,
		Importer:         stubImporter{fset},
		Error: func(err error) {
			if e, ok := errors.AsType[types.Error](err); ok {
				src.typeErrors = append(src.typeErrors, e)
			}
		},
	}
	src.types, _ = config.Check(src.path, fset, src.files, src.info) // the error went to Error
	u := newUnit(&node{path: src.path})
	u.source, u.files = src, src.files
	u.index(baseOfPath)
	u.describe(func(string) []string { return nil })
	return src
}

func buildText(t *testing.T, text string) (*Package, []string) {
	t.Helper()
	p, found := buildPackage(sourceOf(t, text))
	var lines []string
	for _, d := range found {
		lines = append(lines, d.Format("/orders"))
	}
	return p, lines
}

func TestTypesOfCAreReportedAtTheirPlace(t *testing.T) {
	t.Parallel()
	_, found := buildText(t, `package orders

import "C"
import "context"

type In struct {
	N C.int
	M C.long `+"`query:\"m\"`"+`
}

//cnerium:durable POST /a/{n} orders.a
func A(ctx context.Context, n C.int) error { return nil }

//cnerium:durable POST /b orders.b
func B(ctx context.Context, in In) (*C.char, error) { return nil, nil }
`)
	const hint = "\n\tif it is a type of C, use one of Go instead"
	require.Equal(t, []string{
		"orders.go:7:2: field N of In has an invalid type [type]" + hint,
		"orders.go:8:2: field M has an invalid type [type]" + hint,
		"orders.go:12:29: parameter n of A has an invalid type [type]" + hint,
		"orders.go:15:37: the result of B has an invalid type [type]" + hint,
	}, found)
}

func TestAllFaultsOfAPackageAreReportedInOneRun(t *testing.T) {
	t.Parallel()
	_, found := buildText(t, `package orders

import "context"

//cnerium:durable GET /a/{ create stat=1 wait=x
func A(ctx context.Context, c chan int) {}

//cnerium:durable POST /b/{id} orders.b
func B(ctx context.Context) error { return nil }
`)
	var categories []string
	for _, line := range found {
		line, _, _ = strings.Cut(line, "\n")
		categories = append(categories, line[strings.LastIndex(line, "["):])
	}
	require.Equal(t, []string{"[method]", "[pattern]", "[operation]", "[option]", "[option-value]", "[result]", "[param]", "[path-param]"}, categories)
}

func TestUnexportedTypesOfOtherPackagesCannotBeNamed(t *testing.T) {
	t.Parallel()
	home := types.NewPackage("example.com/orders", "orders")
	other := types.NewPackage("example.com/other", "other")
	named := func(p *types.Package, name string) types.Type {
		return types.NewNamed(types.NewTypeName(token.NoPos, p, name, nil), types.NewStruct(nil, nil), nil)
	}
	require.Equal(t, "hidden", mentionsOf(home, types.NewSlice(named(other, "hidden"))).hidden.Name())
	require.Nil(t, mentionsOf(home, named(other, "Shown"), named(home, "hidden")).hidden)
	alias := types.NewAlias(types.NewTypeName(token.NoPos, other, "Public", nil), named(other, "hidden"))
	require.Nil(t, mentionsOf(home, types.NewPointer(alias)).hidden, "an exported alias is a name for it")
}

func TestTextsOfTypesNameWhatTheyNeed(t *testing.T) {
	t.Parallel()
	src := sourceOf(t, `package orders

import (
	"context"
	"time"
)

type Own struct{}

type Pair[K, V any] struct{ Key K; Value V }

func H(ctx context.Context, f func(bool) any, c chan<- [2]Pair[Own, time.Duration], m map[string]interface{ Do(int8) error }) {}
`)
	sig := src.types.Scope().Lookup("H").(*types.Func).Signature()
	m := mentionsOf(src.types, sig)
	var packages []string
	for _, p := range m.packages {
		packages = append(packages, p.Path())
	}
	require.ElementsMatch(t, []string{"context", "time"}, packages)
	require.ElementsMatch(t, []string{"bool", "any", "string", "int8", "error"}, m.predefined)
	require.Equal(t, "chan<- [2]Pair[Own, time.Duration]", src.text(sig.Params().At(2).Type()))
}

func TestAnEndlessTypeIsLookedAtOnce(t *testing.T) {
	t.Parallel()
	p, found := buildText(t, `package orders

import "context"

type Tree struct {
	Left, Right *Tree
	Others      map[string][]Tree
}

type List[T any] struct {
	Value T
	Next  *List[T]
}

type Chain[T any] struct {
	*Chain[T]
	Value T
}

type Rows []map[string]*[1]Rows

//cnerium:durable POST /a orders.a
func A(ctx context.Context, in Tree) (List[Tree], error) { return List[Tree]{}, nil }

//cnerium:durable POST /b orders.b
func B(ctx context.Context, in struct{ Chain[Rows] }) (Rows, error) { return nil, nil }
`)
	require.Empty(t, found)
	require.True(t, p.Routes[0].Handler.Params[0].Input.Body)
}

func TestOutputIsTheSameEachTime(t *testing.T) {
	t.Parallel()
	const text = `package orders

import (
	"context"
	"time"
)

type In struct {
	A string ` + "`path:\"a\"`" + `
	B int    ` + "`query:\"b\"`" + `
}

type S struct{}

//cnerium:durable POST /a/{a} orders.a status=201 wait=1s
func (*S) A(ctx context.Context, in In) (time.Time, error) { return time.Time{}, nil }
`
	p, found := buildText(t, text)
	require.Empty(t, found)
	first, err := emit(p)
	require.NoError(t, err)
	require.True(t, isOutput(first))
	for range 20 {
		p, _ := buildText(t, text)
		again, err := emit(p)
		require.NoError(t, err)
		require.Equal(t, string(first), string(again))
	}
}

func TestEachStoreWithTransactionsIsKnown(t *testing.T) {
	t.Parallel()
	for _, path := range transactionPackages {
		p, found := buildText(t, fmt.Sprintf(`package orders

import "context"
import store %q

//cnerium:durable POST /a orders.a
func A(ctx context.Context, tx store.Tx) error { return nil }
`, path))
		require.Empty(t, found)
		code, err := emit(p)
		require.NoError(t, err)
		name := p.Routes[0].Handler.Params[0].Store.Name()
		require.Contains(t, string(code), fmt.Sprintf("\t%q\n", path))
		require.Contains(t, string(code), "A(ctx, "+name+".TxFrom(ctx))")
		require.Contains(t, string(code), "Transaction: "+name+".Transaction,")
	}
}

func TestTransactionsOfTwoStoresDoNotMix(t *testing.T) {
	t.Parallel()
	_, found := buildText(t, `package orders

import (
	"context"

	"github.com/cnerium/cnerium-go/runtime/pgstore"
	"github.com/cnerium/cnerium-go/runtime/sqlitestore"
)

//cnerium:durable POST /a orders.a
func A(ctx context.Context, tx sqlitestore.Tx, other pgstore.Tx) error { return nil }
`)
	require.Equal(t, []string{
		"orders.go:11:48: A has a second transaction, pgstore.Tx: its response is stored in one [param]\n" +
			"\tkeep that of the store which the application attaches",
	}, found)
}

func TestATypeIsSaidToHaveNoMethodsOnlyWhenItHasNone(t *testing.T) {
	t.Parallel()
	src := sourceOf(t, `package orders

type (
	Plain     struct{ MarshalJSON int }
	Text      string
	List      []Method
	Method    struct{}
	Pointer   struct{}
	Embeds    struct{ Method }
	EmbedsPtr struct{ *Pointer }
	Deep      struct{ Embeds }
	Renamed   Method
	Same      = Method
	Iface     interface{ MarshalJSON() }
	Wraps     struct{ Iface }
	OfEmbeds  Embeds
	Generic[T any] struct{ Value T }
	Bare[T any]    struct{ Value T }
	OfGeneric = Generic[int]
	OfBare    = Bare[int]
	ToMethod  *Method
)

func (Method) MarshalJSON()     {}
func (*Pointer) MarshalJSON()   {}
func (*Generic[T]) MarshalJSON() {}
`)
	require.Empty(t, src.typeErrors)
	said := map[string]bool{}
	for _, name := range src.types.Scope().Names() {
		typ := types.Unalias(src.types.Scope().Lookup(name).Type())
		has := types.NewMethodSet(typ).Len()+types.NewMethodSet(types.NewPointer(typ)).Len() > 0
		said[name] = hasNoMethods(typ)
		require.False(t, said[name] && has, name)
		require.Equal(t, has, method(typ, true, "MarshalJSON") != nil, name)
	}
	for _, name := range []string{"Plain", "Text", "List", "Renamed", "OfBare"} {
		require.True(t, said[name], "%s costs a look-up", name)
	}
}
