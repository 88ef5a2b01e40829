package generator

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cnerium/cnerium-go/generator/contract"
)

// operationsText describes what operations are called, take and return.
func operationsText(c *contract.Contract) string {
	var lines []string
	for _, o := range c.Operations {
		var params []string
		for _, p := range o.Params {
			params = append(params, fmt.Sprintf("%s %s %s", p.In, p.Field, schemaText(p.Schema)))
		}
		lines = append(lines, fmt.Sprintf("%s(%s %s [%s]) %s", o.Name, o.Input, schemaText(o.Body), strings.Join(params, ", "), schemaText(o.Result)))
	}
	return strings.Join(lines, "\n") + typesText(c)
}

// takes returns a handler with parameters and a result.
func takes(operation, pattern, name, params, result string) string {
	return fmt.Sprintf("//cnerium:durable POST %s %s\nfunc %s(ctx context.Context%s) (r %s, err error) { return r, nil }\n\n", pattern, operation, name, params, result)
}

func TestInputsAreDescribedAsTheyAreRead(t *testing.T) {
	t.Parallel()
	const in = ", in "
	tests := []struct{ declarations, pattern, params, want string }{
		{"", "/a", "", "Handle( none []) int64"},
		{"type In struct{ A int }", "/a", in + "In", "Handle( In []) int64\nIn = {A int64}"},
		{"type In struct{ A int }", "/a", in + "*In", "Handle( In []) int64\nIn = {A int64}"},
		{"type in struct{}", "/a", in + "in", "Handle( none []) int64"},
		{"", "/a", in + "struct{ A int }", "Handle(HandleInput {A int64} []) int64"},
		{"type In struct { A int; B string `path:\"b\"` }", "/a/{b}", in + "In", "Handle(In {A int64} [path B string]) int64"},
		{"type In struct { A *In; B string `query:\"b\" json:\"-\"` }", "/a", in + "In", "Handle(HandleInput {A In|null} [query B string]) int64\nIn = {A In|null}"},
		{"type In struct { B string `header:\"b\"` }", "/a", in + "In", "Handle(In none [header B string]) int64"},
		{"type In struct { Base; B int }\n\ntype Base struct { ID string `path:\"id\"`; C int }", "/a/{id}", in + "In", "Handle(In {C int64; B int64} [path ID string]) int64"},
		{"type In struct { Base; ID string `query:\"id\" json:\"-\"` }\n\ntype Base struct { ID int; C int }", "/a", in + "In", "Handle(In {ID int64; C int64} [query ID string]) int64"},
		{"type In struct { A int; ID int }", "/a/{id}", ", id string" + in + "In", "Handle( In [path ID string]) int64\nIn = {A int64; ID int64}"},
		{"type In struct { A int }\n\nfunc (*In) UnmarshalJSON([]byte) error { return nil }", "/a", in + "In", "Handle(In any []) int64"},
		{"type In struct { A T; B *T; M map[T]T }\n\ntype T struct{ N int }\n\nfunc (*T) UnmarshalText([]byte) error { return nil }", "/a", in + "In", "Handle( In []) int64\nIn = {A text; B text|null; M map[text]text|null}"},
		{"type In struct { A T; M map[T]T }\n\ntype T string\n\nfunc (*T) UnmarshalText([]byte) error { return nil }", "/a", in + "In", "Handle( In []) int64\nIn = {A T; M map[T]T|null}\nT = string"},
		{"type In struct { A W `json:\",string\"`; B *W `json:\",string\"`; C J `json:\",string\"`; D int `json:\",string\"` }\n\ntype W string\n\nfunc (W) MarshalText() ([]byte, error) { return nil, nil }\n\n" +
			"type J int\n\nfunc (*J) UnmarshalJSON([]byte) error { return nil }", "/a", in + "In", "Handle( In []) int64\nIn = {A 'string'; B 'string'|null; C string; D 'int64'}"},
		{"type In struct { A T `query:\"a\"`; B []U `query:\"b\"`; C *V `header:\"c\"`; D time.Duration `header:\"d\"` }\n\ntype T int8\n\ntype U string\n\nfunc (U) MarshalText() ([]byte, error) { return nil, nil }\n\n" +
			"type V bool\n\nfunc (*V) UnmarshalJSON([]byte) error { return nil }\n\nconst X, Y T = 3, 4", "/a", in + "In", "Handle(In none [query A T, query B []string, header C bool|null, header D int64]) int64\nT = int8 of X=3 or Y=4 or =0"},
	}
	files := make(map[string]string)
	for i, test := range tests {
		files[fmt.Sprintf("orders%02d/orders.go", i)] = ordersFile(test.declarations) + takes("orders.a", test.pattern, "Handle", test.params, "int")
	}
	packages := packagesIn(t, newModule(t, files), "./...")
	for i, test := range tests {
		c, found := contractOf(packages[i : i+1])
		require.Empty(t, found)
		require.Equal(t, test.want, operationsText(c), "%s: %s", test.params, test.declarations)
	}
}

func TestATypeIsDescribedTwiceOnlyWhereItMatters(t *testing.T) {
	t.Parallel()
	c := contractOfFiles(t, map[string]string{"orders/orders.go": ordersFile(`
type Order struct {
	Line  Line
	Price Price
	Next  *Order
}

type Line struct{ Count int }

type Price struct{ Cents int }

func (*Price) MarshalText() ([]byte, error) { return nil, nil }

type Same struct {
	Line  Line
	Again *Same
}
`) + takes("orders.a", "/a", "A", ", in Order", "Order") + takes("orders.b", "/b", "B", ", in Same", "*Same")})
	require.Equal(t, `A( OrderInput []) OrderValue
B( Same []) Same
Line = {Count int64}
Order = {Line Line; Price text; Next Order|null}
OrderInput = {Line Line; Price Price; Next OrderInput|null}
OrderValue = {Line Line; Price Price; Next Order|null}
Price = {Cents int64}
Same = {Line Line; Again Same|null}`, operationsText(c))

	c = contractOfFiles(t, map[string]string{"orders/orders.go": ordersFile(`
type Order struct { Price Price }

type Price struct{ Cents int }

func (*Price) MarshalText() ([]byte, error) { return nil, nil }

func (*Price) UnmarshalText([]byte) error { return nil }
`) + takes("orders.a", "/a", "A", ", in Order", "Order") + takes("orders.b", "/b", "B", "", "*Order")})
	require.Equal(t, `A( Order []) OrderValue
B( none []) Order
Order = {Price text}
OrderValue = {Price Price}
Price = {Cents int64}`, operationsText(c))
}

func TestNamesStandAloneInAContract(t *testing.T) {
	t.Parallel()
	files := map[string]string{
		"orders/orders.go": ordersFile("type Service struct{}\n\ntype Item struct{ A int }\n\ntype In struct { A *Item; B int `query:\"b\"` }") +
			takes("orders.a", "/a", "Create", ", in In", "*Item") +
			takes("orders.b", "/b", "(*Service) Create", ", in In", "*Item") +
			takes("orders.c", "/c", "create", ", in struct{ Item }", "int") +
			takes("orders.d", "/d", "Other", ", in struct{ Item }", "int"),
		"pay/pay.go": strings.ReplaceAll(ordersFile("type Service struct{}\n\ntype Item string\n\nconst One, Two Item = \"1\", \"2\"\n\ntype Lone int\n\nconst None Lone = 0\n\ntype (\n\t// A is a flag.\n\tA uint8\n)\n\nconst (\n\tF A = 1 << iota\n\tG\n)"), "package orders", "package pay") +
			takes("pay.a", "/pay/a", "(Service) Create", ", in struct{ I Item; L Lone }", "A"),
	}
	files["orders/orders.go"] = strings.Replace(files["orders/orders.go"], "func (*Service) Create(", "func (s *Service) Create(", 1)
	dir := newModule(t, files)
	packages := packagesIn(t, dir, "./...")
	c, found := contractOf(packages)
	require.Empty(t, found)
	require.Equal(t, "orders, pay", c.Title)
	require.Empty(t, c.Doc)
	require.Equal(t, `OrdersCreate(OrdersCreateInput {A OrdersItem|null} [query B int64]) OrdersItem
OrdersServiceCreate(OrdersServiceCreateInput {A OrdersItem|null} [query B int64]) OrdersItem
OrdersCreate2(OrdersCreate2Input {A int64} []) int64
Other(OtherInput {A int64} []) int64
PayServiceCreate(PayServiceCreateInput {I PayItem; L Lone} []) A
A = uint8
Lone = int64
OrdersItem = {A int64}
PayItem = string of One="1" or Two="2" or =""`, operationsText(c))

	slices.Reverse(packages)
	again, _ := contractOf(packages)
	require.Equal(t, c, again)
}

func TestMembersOfAnInputHaveNamesOfTheirOwn(t *testing.T) {
	t.Parallel()
	c := contractOfFiles(t, map[string]string{"orders/orders.go": ordersFile("type In struct { Base; ID string `query:\"id\" json:\"-\"`; Other }\n\ntype Base struct { ID int }\n\n"+
		"type Other struct { ID int `json:\"other\"`; Two int `json:\"two\"` }") + takes("orders.a", "/a/{order_id}/{url}", "A", ", in In, order_id string, url string", "int")})
	o := c.Operations[0]
	var names []string
	for _, p := range o.Params {
		names = append(names, p.Name+" "+p.Field)
	}
	for _, f := range o.Body.Fields {
		names = append(names, f.Name+" "+f.Field)
	}
	require.Equal(t, []string{"order_id OrderID", "url URL", "id ID", "ID ID2", "other ID3", "two Two"}, names)
}
