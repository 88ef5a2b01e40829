package generator

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestResultsAreDescribedAsJSONWritesThem(t *testing.T) {
	t.Parallel()
	const marshalers = `
type ByValue struct{ N int }

func (ByValue) MarshalText() ([]byte, error) { return nil, nil }

type ByPointer struct{ N int }

func (*ByPointer) MarshalText() ([]byte, error) { return nil, nil }

type Whole struct{ N int }

func (Whole) MarshalJSON() ([]byte, error) { return nil, nil }

type octet byte

func (octet) MarshalText() ([]byte, error) { return nil, nil }

type Word string

func (Word) MarshalText() ([]byte, error) { return nil, nil }

type Checked string

func (*Checked) UnmarshalText([]byte) error { return nil }
`
	tests := []struct{ result, declarations, want string }{
		// What has no name.
		{"string", "", "string"},
		{"int", "", "int64"},
		{"*int16", "", "int16|null"},
		{"**uint", "", "uint64|null"},
		{"uintptr", "", "uint64"},
		{"float32", "", "float32"},
		{"[]bool", "", "[]bool|null"},
		{"[3]*bool", "", "[3]bool|null"},
		{"[]byte", "", "bytes|null"},
		{"[4]byte", "", "[4]uint8"},
		{"*[]byte", "", "bytes|null"},
		{"map[string]int8", "", "map[string]int8|null"},
		{"map[int16][]string", "", "map[int16][]string|null|null"},
		{"map[uint8]any", "", "map[uint8]any|null"},
		{"any", "", "any"},
		{"*any", "", "any|null"},
		{"struct{}", "", "{}"},
		{"struct{ A int; B struct{ C, D string } }", "", "{A int64; B {C string; D string}}"},
		// What is known.
		{"time.Time", "var _ time.Time", "time"},
		{"*time.Time", "var _ time.Time", "time|null"},
		{"time.Duration", "var _ time.Time", "int64"},
		{"time.Month", "var _ time.Time", "int64"},
		{"struct{ time.Time }", "var _ time.Time", "time"},
		{"struct{ *time.Time }", "var _ time.Time", "time"},
		{"struct{ time.Time `json:\"at\"` }", "var _ time.Time", "time"},
		{"json.RawMessage", "var _ json.Number", "raw"},
		{"*json.RawMessage", "var _ json.Number", "raw|null"},
		{"struct{ Raw }", "type Raw struct{ json.RawMessage }", "raw"},
		{"json.Number", "var _ json.Number", "number"},
		{"*big.Int", "var _ big.Int", "bigint|null"},
		{"big.Int", "var _ big.Int", "Int\nInt = {}"},
		{"[]big.Int", "var _ big.Int", "[]bigint|null"},
		{"struct{ A *big.Float; B *big.Rat }", "var _ big.Int", "{A text|null; B text|null}"},
		{"netip.Addr", "var _ netip.Addr", "text"},
		{"url.Values", "var _ url.Values", "Values|null\nValues = map[string][]string|null"},
		{"json.Marshaler", "var _ json.Number", "any"},
		{"encoding.TextMarshaler", "var _ encoding.TextMarshaler", "text|null"},
		{"struct{ A encoding.TextMarshaler `json:\",omitempty\"` }", "var _ encoding.TextMarshaler", "{A? text}"},
		// Methods, and values they can be called on.
		{"ByValue", marshalers, "text"},
		{"*ByValue", marshalers, "text|null"},
		{"ByPointer", marshalers, "ByPointer\nByPointer = {N int64}"},
		{"*ByPointer", marshalers, "text|null"},
		{"[]ByPointer", marshalers, "[]text|null"},
		{"[1]ByPointer", marshalers, "[1]ByPointer\nByPointer = {N int64}"},
		{"*[1]ByPointer", marshalers, "[1]text|null"},
		{"map[string]ByPointer", marshalers, "map[string]ByPointer|null\nByPointer = {N int64}"},
		{"*struct{ P ByPointer; M map[string]ByPointer }", marshalers, "{P text; M map[string]ByPointer|null}\nByPointer = {N int64}"},
		{"struct{ P ByPointer; S []ByPointer }", marshalers, "{P ByPointer; S []text|null}\nByPointer = {N int64}"},
		{"Whole", marshalers, "any"},
		{"struct{ Whole; B int }", marshalers, "any"},
		{"struct{ Whole `json:\"whole\"`; B int }", marshalers, "any"},
		{"struct{ W *Whole; B int }", marshalers, "{W any|null; B int64}"},
		{"[]octet", marshalers, "[]text|null"},
		{"[]Word", marshalers, "[]text|null"},
		{"map[Word]ByValue", marshalers, "map[string]text|null"},
		{"map[ByValue]Word", marshalers, "map[text]text|null"},
		{"map[octet]int", marshalers, "map[text]int64|null"},
		{"Checked", marshalers, "Checked\nChecked = string"},
		// Tags.
		{"struct{ A int `json:\"a\"`; B int `json:\"-\"`; C int `json:\"-,\"`; d int }", "", "{a int64; - int64}"},
		{"struct{ A *int `json:\",omitempty\"`; B []int `json:\",omitzero\"`; C struct{} `json:\",omitempty\"` }", "", "{A? int64|null; B? []int64; C {}}"},
		{"struct{ A *[]int `json:\",omitempty\"`; B **int `json:\",omitzero\"`; C [2]int `json:\",omitempty\"` }", "", "{A? []int64|null; B? int64|null; C [2]int64}"},
		{"struct{ A Kept `json:\",omitzero\"` }", "type Kept []int\n\nfunc (Kept) IsZero() bool { return false }", "{A? Kept|null}\nKept = []int64"},
		{"struct{ A int `json:\",string\"`; B *bool `json:\",string\"`; C string `json:\",string\"`; D []int `json:\",string\"` }", "", "{A 'int64'; B 'bool'|null; C 'string'; D []int64|null}"},
		{"struct{ A Word `json:\",string\"`; B time.Duration `json:\",string\"`; C json.Number `json:\",string\"` }", marshalers + "var _ time.Time\n\nvar _ json.Number", "{A text; B 'int64'; C 'number'}"},
		{"struct{ A *Size `json:\",string,omitempty\"` }", "type Size int8", "{A? 'int8'|null}"},
		{"struct{ A int `json:\"a\\\\b\"`; B int `json:\"a b\"`; C int `json:\"größe\"` }", "", "{A int64; a b int64; größe int64}"},
		// Fields of what is embedded.
		{"struct{ A; B int }", "type A struct{ X, B int }", "{X int64; B int64}"},
		{"struct{ *A; B int }", "type A struct{ X int; Y *int }", "{X? int64|null; Y? int64|null; B int64}"},
		{"A", "type A struct { *B }\n\ntype B struct { X A; Y any; Z []int }", "A\nA = {X? A|null; Y? any; Z? []int64|null}"},
		{"struct{ a; B int }", "type a struct{ X, y int }", "{X int64; B int64}"},
		{"struct{ a `json:\"b\"` }", "type a struct{ X, y int }", "{b A}\nA = {X int64}"},
		{"struct{ A `json:\"-\"`; B int }", "type A struct{ X int }", "{B int64}"},
		{"struct{ A; B }", "type A struct{ X, Y int }\n\ntype B struct{ X, Z int }", "{Y int64; Z int64}"},
		{"struct{ A; B }", "type A struct{ X int }\n\ntype B struct { Y string `json:\"X\"` }", "{X string}"},
		{"struct{ A; B; X bool }", "type A struct{ X int }\n\ntype B struct{ X int }", "{X bool}"},
		{"struct{ B; C }", "type A struct{ X int }\n\ntype B struct{ A }\n\ntype C struct{ A }", "{}"},
		{"struct{ B; A }", "type A struct{ X int }\n\ntype B struct{ A }", "{X int64}"},
		{"struct{ S; T int }", "type S string", "{S S; T int64}\nS = string"},
		{"struct{ s; T int }", "type s string", "{T int64}"},
		{"Loop", "type Loop struct { *Loop; X int }", "Loop\nLoop = {X int64}"},
		{"struct{ error }", "", "{}"},
		{"struct{ Named any; Stringer }", "type Stringer interface{ String() string }", "{Named any; Stringer any}"},
		// Names.
		{"Order", "type Order struct{ ID ID; Lines []Line }\n\ntype ID string\n\ntype Line struct{ N int }", "Order\nID = string\nLine = {N int64}\nOrder = {ID ID; Lines []Line|null}"},
		{"[]*Tree", "type Tree struct{ Left, Right *Tree; All map[string]Tree }", "[]Tree|null|null\nTree = {Left Tree|null; Right Tree|null; All map[string]Tree|null}"},
		{"Index", "type Index map[string]Index", "Index|null\nIndex = map[string]Index|null"},
		{"List", "type List []*List", "List|null\nList = []List|null"},
		{"Blob", "type Blob []byte", "Blob|null\nBlob = bytes"},
		{"Grid", "type Grid [2][2]Cell\n\ntype Cell byte", "Grid\nCell = uint8\nGrid = [2][2]Cell"},
		{"Link", "type Link *Order\n\ntype Order struct{ Next Link }", "Order|null\nOrder = {Next Order|null}"},
		{"order", "type order struct{ A int }", "Order\nOrder = {A int64}"},
		{"Alias", "type Alias = order\n\ntype order struct{ A int }", "Order\nOrder = {A int64}"},
		{"Page[Order]", "type Page[T any] struct{ Items []T }\n\ntype Order struct{ Next *Page[Order] }", "PageOfOrder\nOrder = {Next PageOfOrder|null}\nPageOfOrder = {Items []Order|null}"},
		{"Page[Alias]", "type Page[T any] struct{ Items []T; Same *Page[Order] }\n\ntype Alias = Order\n\ntype Order struct{ A int }", "PageOfOrder\nOrder = {A int64}\nPageOfOrder = {Items []Order|null; Same PageOfOrder|null}"},
		{"Pair[string, []Page[int]]", "type Page[T any] struct{ Items []T }\n\ntype Pair[A, B any] struct{ First A; Second B }", "PairOfStringAndPageOfIntList\nPageOfInt = {Items []int64|null}\nPairOfStringAndPageOfIntList = {First string; Second []PageOfInt|null}"},
		{"Page[map[string]*any]", "type Page[T any] struct{ Items T }", "PageOfStringToAny\nPageOfStringToAny = {Items map[string]any|null|null}"},
		{"Text", "type Text json.Number", "Text\nText = string"},
		{"Clock", "type Clock time.Time", "Clock\nClock = {}"},
	}
	files := make(map[string]string)
	for i, test := range tests {
		files[fmt.Sprintf("orders%02d/orders.go", i)] = ordersFile(test.declarations) +
			"//cnerium:durable POST /a orders.a\nfunc Handle(ctx context.Context) (r " + test.result + ", err error) { return r, nil }\n"
	}
	packages := packagesIn(t, newModule(t, files), "./...")
	require.Len(t, packages, len(tests))
	for i, test := range tests {
		c, found := contractOf(packages[i : i+1])
		require.Empty(t, found, test.result)
		require.Equal(t, test.want, schemaText(c.Operations[0].Result)+typesText(c), test.result)
	}
}
