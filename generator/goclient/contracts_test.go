package goclient

import (
	"time"

	"github.com/cnerium/cnerium-go/generator/internal/ident"

	"github.com/cnerium/cnerium-go/generator/contract"
)

// Schemas that several contracts use.
var (
	text    = &contract.Schema{Kind: contract.String}
	integer = &contract.Schema{Kind: contract.Int, Bits: 64}
	boolean = &contract.Schema{Kind: contract.Bool}
)

func ref(t *contract.Type) *contract.Schema { return &contract.Schema{Kind: contract.Ref, Type: t} }

func nullable(s *contract.Schema) *contract.Schema {
	n := *s
	n.Nullable = true
	return &n
}

func list(s *contract.Schema) *contract.Schema {
	return &contract.Schema{Kind: contract.Array, Elem: s, Len: -1, Nullable: true}
}

func object(fields ...*contract.Field) *contract.Schema {
	return &contract.Schema{Kind: contract.Object, Fields: fields}
}

func field(name, goName string, s *contract.Schema) *contract.Field {
	return &contract.Field{Name: name, Field: goName, Schema: s}
}

// shop is a contract like that of an ordinary application.
func shop() *contract.Contract {
	status := &contract.Type{
		Name: "Status", Doc: "Status says how far an order is.", Schema: text,
		Enum: []*contract.EnumValue{
			{Name: "StatusPlaced", Value: `"placed"`},
			{Name: "StatusCancelled", Value: `"cancelled"`, Doc: "StatusCancelled is for good."},
		},
	}
	order := &contract.Type{
		Name: "Order", Doc: "Order is what a customer has ordered.",
		Schema: object(
			field("order_id", "OrderID", text),
			field("product_id", "ProductID", text),
			field("quantity", "Quantity", integer),
			field("status", "Status", ref(status)),
			&contract.Field{Name: "note", Field: "Note", Schema: nullable(text), OmitEmpty: true, Doc: "Note is for the courier."},
		),
	}
	request := &contract.Type{
		Name: "CreateOrder", Doc: "CreateOrder is the body of POST /orders.",
		Schema: object(field("product_id", "ProductID", text), field("quantity", "Quantity", integer)),
	}
	return &contract.Contract{
		Title: "shop",
		Operations: []*contract.Operation{
			{
				ID: "orders.create", Name: "CreateOrder", Method: "POST", Path: "/orders", Status: 201,
				Doc:   "CreateOrder places an order. However often a client sends the request with\none key, there is one order.\n",
				Input: "CreateOrder", Body: ref(request), Result: nullable(ref(order)), Timeout: 10 * time.Second, Transactional: true,
			},
			{
				ID: "orders.cancel", Name: "CancelOrder", Method: "POST", Path: "/orders/{id}/cancel", Status: 200,
				Doc:    "CancelOrder cancels an order.\n",
				Params: []*contract.Param{{In: contract.InPath, Name: "id", Field: "ID", Bare: true, Required: true, Schema: text}},
				Result: nullable(ref(order)),
			},
			{
				ID: "orders.update", Name: "UpdateOrder", Method: "PATCH", Path: "/orders/{id}", Status: 200,
				Input: "UpdateOrder", InputDoc: "UpdateOrder is what can be changed.",
				Params: []*contract.Param{
					{In: contract.InPath, Name: "id", Field: "ID", Required: true, Schema: text},
					{In: contract.InQuery, Name: "dry_run", Field: "DryRun", Schema: boolean, Doc: "DryRun only validates."},
					{In: contract.InQuery, Name: "tag", Field: "Tags", Schema: list(text)},
					{In: contract.InQuery, Name: "limit", Field: "Limit", Schema: nullable(integer)},
					{In: contract.InHeader, Name: "X-Source", Field: "Source", Schema: text},
					{In: contract.InHeader, Name: "X-Since", Field: "Since", Schema: &contract.Schema{Kind: contract.Time}},
				},
				Body:   object(field("quantity", "Quantity", nullable(integer))),
				Result: nullable(ref(order)), Timeout: 90 * time.Second,
			},
			{
				ID: "orders.delete", Name: "DeleteOrder", Method: "DELETE", Path: "/orders/{id}", Status: 204, Host: "api.example.com",
				Doc:    "DeleteOrder forgets an order.",
				Params: []*contract.Param{{In: contract.InPath, Name: "id", Field: "ID", Bare: true, Required: true, Schema: text}},
			},
			{
				ID: "files.put", Name: "PutFile", Method: "PUT", Path: "/files/{path...}", Opaque: true, Timeout: 30 * time.Second,
				Params: []*contract.Param{{In: contract.InPath, Name: "path", Field: "Path", Bare: true, Rest: true, Required: true, Schema: text}},
			},
		},
		Events: []*contract.Event{
			{Type: "order.created", Name: "OrderCreated", Doc: "An order is placed.", Data: ref(order)},
			{Type: "order.cancelled", Name: "OrderCancelled", Data: ref(order)},
		},
		Types: []*contract.Type{request, order, status},
	}
}

// everyType is a contract with all that a schema can be.
func everyType() *contract.Contract {
	kinds := func(kind contract.Kind, sizes ...int) (fields []*contract.Field) {
		names := map[contract.Kind]string{contract.Int: "int", contract.Uint: "uint", contract.Float: "float"}
		for _, bits := range sizes {
			name := names[kind] + map[int]string{8: "8", 16: "16", 32: "32", 64: "64"}[bits]
			fields = append(fields, field(name, ident.Exported(name), &contract.Schema{Kind: kind, Bits: bits}))
		}
		return fields
	}
	scheme := func(kind contract.Kind) *contract.Schema { return &contract.Schema{Kind: kind} }
	node := &contract.Type{Name: "Node", Doc: "Node is a tree, and a list:\n\n\ta -> b\n"}
	node.Schema = object(field("next", "Next", nullable(ref(node))), field("children", "Children", list(ref(node))))
	level := &contract.Type{
		Name: "Level", Schema: &contract.Schema{Kind: contract.Int, Bits: 8},
		Enum: []*contract.EnumValue{{Name: "low", Value: "-1"}, {Name: "_high", Value: "3"}, {Value: "7"}, {Value: "0"}},
	}
	flag := &contract.Type{Name: "Flag", Schema: boolean, Enum: []*contract.EnumValue{{Name: "On", Value: "true"}}}
	amount := &contract.Type{Name: "Amount", Schema: scheme(contract.BigInt)}
	number := &contract.Type{Name: "Number", Schema: scheme(contract.Number)}
	moment := &contract.Type{Name: "Moment", Schema: scheme(contract.Time)}
	anything := &contract.Type{Name: "Anything", Schema: scheme(contract.Any)}
	names := &contract.Type{Name: "Names", Schema: list(text)}
	same := &contract.Type{Name: "SameNames", Schema: ref(names)}
	pair := &contract.Type{Name: "Pair", Schema: &contract.Schema{Kind: contract.Array, Elem: text, Len: 2}}
	empty := &contract.Type{Name: "Empty", Schema: object()}

	all := &contract.Type{Name: "All"}
	var fields []*contract.Field
	fields = append(fields, kinds(contract.Int, 8, 16, 32, 64)...)
	fields = append(fields, kinds(contract.Uint, 8, 16, 32, 64)...)
	fields = append(fields, kinds(contract.Float, 32, 64)...)
	fields = append(fields,
		field("odd.name/$", "OddName", text),
		&contract.Field{Name: "count", Field: "Count", Schema: &contract.Schema{Kind: contract.Int, Bits: 64, Quoted: true}, OmitZero: true},
		&contract.Field{Name: "maybe", Field: "Maybe", Schema: &contract.Schema{Kind: contract.Bool, Quoted: true, Nullable: true}, OmitEmpty: true},
		field("any", "Any", scheme(contract.Any)),
		field("raw", "Raw", &contract.Schema{Kind: contract.Any, Raw: true}),
		field("big", "Big", scheme(contract.BigInt)),
		field("big_or_null", "BigOrNull", nullable(scheme(contract.BigInt))),
		field("number", "Number", scheme(contract.Number)),
		field("text", "Text", scheme(contract.Text)),
		&contract.Field{Name: "at", Field: "At", Schema: scheme(contract.Time), OmitZero: true, Doc: "At is when."},
		field("at_or_null", "AtOrNull", nullable(scheme(contract.Time))),
		field("bytes", "Bytes", nullable(scheme(contract.Bytes))),
		field("matrix", "Matrix", list(list(&contract.Schema{Kind: contract.Float, Bits: 64}))),
		field("fixed", "Fixed", nullable(&contract.Schema{Kind: contract.Array, Elem: integer, Len: 3})),
		field("map", "Map", &contract.Schema{Kind: contract.Map, Key: text, Elem: ref(node), Nullable: true}),
		field("by_level", "ByLevel", &contract.Schema{Kind: contract.Map, Key: ref(level), Elem: list(text)}),
		field("by_number", "ByNumber", &contract.Schema{Kind: contract.Map, Key: &contract.Schema{Kind: contract.Uint, Bits: 16}, Elem: nullable(text)}),
		field("inline", "Inline", object(&contract.Field{Name: "x", Field: "X", Schema: integer, Doc: "X is across."}, field("y", "Y", nullable(object(field("z", "Z", text)))))),
		field("nodes", "Nodes", list(nullable(ref(node)))),
		field("level", "Level", nullable(ref(level))),
		field("flag", "Flag", ref(flag)),
		field("amount", "Amount", nullable(ref(amount))),
		field("precise", "Precise", ref(number)),
		field("moment", "Moment", nullable(ref(moment))),
		field("anything", "Anything", nullable(ref(anything))),
		field("names", "Names", nullable(ref(names))),
		field("same_names", "SameNames", nullable(ref(same))),
		field("pair", "Pair", nullable(ref(pair))),
		field("empty", "Empty", ref(empty)),
	)
	all.Schema = object(fields...)
	op := func(name string, result *contract.Schema) *contract.Operation {
		return &contract.Operation{ID: "all." + ident.Unexported(name), Name: name, Method: "POST", Path: "/all/" + ident.Unexported(name), Result: result}
	}
	echo := op("Echo", nullable(ref(all)))
	echo.Input, echo.Body = "All", ref(all)
	return &contract.Contract{
		Title: "every kind of type",
		Operations: []*contract.Operation{
			echo,
			op("ReturnValue", ref(node)),
			op("ReturnEmpty", ref(empty)),
			op("ReturnText", text),
			op("ReturnMaybe", nullable(integer)),
			op("ReturnList", list(ref(node))),
			op("ReturnNames", ref(names)),
			op("ReturnLevel", ref(level)),
			op("ReturnBig", scheme(contract.BigInt)),
			op("ReturnTime", scheme(contract.Time)),
			op("ReturnAny", scheme(contract.Any)),
			op("ReturnInline", object(field("ok", "OK", boolean))),
		},
		Types: []*contract.Type{all, amount, anything, empty, flag, level, moment, names, node, number, pair, same},
	}
}

// awkwardNames is a contract whose names collide with those of Go, of the
// packages that a client imports, and of a client's own declarations.
func awkwardNames() *contract.Contract {
	own := &contract.Type{Name: "Client", Schema: object(field("client", "Client", text))}
	constructor := &contract.Type{Name: "New", Deprecated: "it is old.", Schema: object(field("new", "New", nullable(ref(own))))}
	op := &contract.Type{
		Name: "OpClient", Schema: text,
		Enum: []*contract.EnumValue{{Name: "Client2", Value: `"a \"quoted\" one"`}, {Name: "OpNew", Value: `"b"`}, {Name: "eventClient", Value: `"c"`}},
	}
	bare := func(names ...string) (params []*contract.Param) {
		for _, name := range names {
			params = append(params, &contract.Param{In: contract.InPath, Name: name, Field: ident.Exported(name), Bare: true, Required: true, Schema: text})
		}
		return params
	}
	return &contract.Contract{
		Title: "awkward names",
		Operations: []*contract.Operation{
			{
				ID: "client", Name: "Client", Method: "PUT", Path: "/{ctx}/{in}/{call}/{c}/{req}/{client}/{http}/{string}/{type}/{uRL}/{err}",
				Params: bare("ctx", "in", "call", "c", "req", "client", "http", "string", "type", "uRL", "err"),
				Input:  "New", Body: ref(constructor),
			},
			{ID: "new", Name: "New", Method: "DELETE", Path: "/new", Result: ref(op), Timeout: time.Hour, Deprecated: "use the other one, whose name is much better and whose doc is long enough to be wrapped."},
			{
				ID: "key", Name: "Key", Method: "POST", Path: "/caf%C3%A9/", Input: "KeyInput", Timeout: 90500 * time.Millisecond,
				Params: []*contract.Param{
					{In: contract.InHeader, Name: "idempotency-key", Field: "Key", Schema: text},
					{In: contract.InQuery, Name: `quo"ted`, Field: "Quoted", Schema: ref(op), Doc: "Quoted is odd.", Deprecated: "nobody reads it."},
				},
				Body: &contract.Schema{Kind: contract.Any}, Result: ref(constructor), Doc: "Key has a doc that looks like code:\n\n\tx := `y`\n\nand:\n\n  - a list\n  - of two\n",
			},
		},
		Events: []*contract.Event{{Type: "client", Name: "Client", Data: ref(own), Doc: "Old.\n\nDeprecated: nobody listens."}},
		Types:  []*contract.Type{own, constructor, op},
	}
}
