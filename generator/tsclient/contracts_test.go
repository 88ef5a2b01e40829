package tsclient_test

import (
	"time"

	"github.com/cnerium/cnerium-go/generator/contract"
)

// The kinds that need no more.
func boolean() *contract.Schema             { return &contract.Schema{Kind: contract.Bool} }
func text() *contract.Schema                { return &contract.Schema{Kind: contract.String} }
func integer(bits int) *contract.Schema     { return &contract.Schema{Kind: contract.Int, Bits: bits} }
func moment() *contract.Schema              { return &contract.Schema{Kind: contract.Time} }
func ref(t *contract.Type) *contract.Schema { return &contract.Schema{Kind: contract.Ref, Type: t} }

func nullable(s *contract.Schema) *contract.Schema {
	other := *s
	other.Nullable = true
	return &other
}

func quoted(s *contract.Schema) *contract.Schema {
	other := *s
	other.Quoted = true
	return &other
}

func list(elem *contract.Schema) *contract.Schema {
	return &contract.Schema{Kind: contract.Array, Elem: elem, Len: -1}
}

func array(elem *contract.Schema, n int) *contract.Schema {
	return &contract.Schema{Kind: contract.Array, Elem: elem, Len: n}
}

func dictionary(key, elem *contract.Schema) *contract.Schema {
	return &contract.Schema{Kind: contract.Map, Key: key, Elem: elem}
}

func object(fields ...*contract.Field) *contract.Schema {
	return &contract.Schema{Kind: contract.Object, Fields: fields}
}

func field(name, goName string, s *contract.Schema) *contract.Field {
	return &contract.Field{Name: name, Field: goName, Schema: s}
}

// optional is a field with omitempty.
func optional(name, goName string, s *contract.Schema) *contract.Field {
	return &contract.Field{Name: name, Field: goName, Schema: s, OmitEmpty: true}
}

func bare(name, goName string, s *contract.Schema) *contract.Param {
	return &contract.Param{In: contract.InPath, Name: name, Field: goName, Bare: true, Schema: s, Required: true}
}

// contracts are those of the golden files, by their names.
func contracts() map[string]*contract.Contract {
	return map[string]*contract.Contract{
		"orders": ordersContract(),
		"shapes": shapesContract(),
		"names":  namesContract(),
	}
}

// ordersContract is the one of the example.
func ordersContract() *contract.Contract {
	request := &contract.Type{Name: "OrderRequest", Doc: "OrderRequest is the body of POST /orders.", Schema: object(
		field("product_id", "ProductID", text()), field("quantity", "Quantity", integer(64)))}
	created := &contract.Type{Name: "OrderCreated", Doc: "OrderCreated is the answer to POST /orders, and the data of\norder.created.", Schema: object(
		field("ok", "OK", boolean()), field("order_id", "OrderID", text()),
		field("product_id", "ProductID", text()), field("quantity", "Quantity", integer(64)))}
	cancelled := &contract.Type{Name: "OrderCancelled", Schema: object(
		field("ok", "OK", boolean()), field("order_id", "OrderID", text()), field("status", "Status", text()))}
	return &contract.Contract{
		Title: "orders",
		Doc:   "Package orders is a small shop.",
		Operations: []*contract.Operation{
			{
				ID: "orders.create", Name: "CreateOrder", Method: "POST", Path: "/orders",
				Doc:   "CreateOrder places an order. However often a client sends the request with\none key, there is one order; the key also names it.",
				Input: "OrderRequest", Body: ref(request), Validates: true, Status: 201, Result: nullable(ref(created)),
				Transactional: true, Retention: 24 * time.Hour, Wait: 5 * time.Second, Timeout: 30 * time.Second, Recover: "hold", MaxBody: 1 << 20,
			},
			{
				ID: "orders.cancel", Name: "CancelOrder", Method: "POST", Path: "/orders/{id}/cancel",
				Doc:    "CancelOrder cancels an order.",
				Params: []*contract.Param{bare("id", "ID", text())}, Status: 200, Result: ref(cancelled),
				Transactional: true, Retention: 24 * time.Hour, Wait: 5 * time.Second, Timeout: 30 * time.Second, Recover: "hold", MaxBody: 1 << 20,
			},
		},
		Events: []*contract.Event{
			{Type: "order.created", Name: "OrderCreated", Doc: "An order was placed.", Data: ref(created)},
			{Type: "order.cancelled", Name: "OrderCancelled", Data: ref(cancelled)},
		},
		Types: []*contract.Type{cancelled, created, request},
	}
}

// shapesContract has everything that a contract can have.
func shapesContract() *contract.Contract {
	status := &contract.Type{Name: "Status", Doc: "Status is where a thing is.", Schema: text(), Enum: []*contract.EnumValue{
		{Name: "StatusOpen", Value: `"open"`, Doc: "StatusOpen is for things to be done."},
		{Name: "StatusClosed", Value: `"closed"`},
		{Name: "Finished", Value: `"closed"`},
		{Name: "StatusOdd", Value: `"o\"d\u2028d</a>"`},
	}}
	level := &contract.Type{Name: "Level", Schema: integer(8), Enum: []*contract.EnumValue{
		{Name: "Low", Value: "-1"}, {Name: "High", Value: "1"}, {Value: "0"},
	}}
	code := &contract.Type{Name: "Code", Doc: "Code is a word.", Schema: text()}
	tree := &contract.Type{Name: "Tree", Doc: "Tree is a part of itself."}
	tree.Schema = object(field("name", "Name", text()), optional("children", "Children", nullable(list(ref(tree)))))
	forest := &contract.Type{Name: "Forest"}
	forest.Schema = nullable(dictionary(text(), ref(forest)))
	chain := &contract.Type{Name: "Chain"}
	chain.Schema = list(ref(chain))
	empty := &contract.Type{Name: "Empty", Schema: object()}
	page := &contract.Type{Name: "PageOfTree", Schema: object(
		field("items", "Items", nullable(list(nullable(ref(tree))))), optional("next", "Next", nullable(text())))}
	thing := &contract.Type{Name: "Thing", Doc: "Thing has a field of each kind.\n\nDeprecated: Use Tree.\n\nIt ends */ here.", Deprecated: "Use Tree.", Schema: object(
		field("any", "Any", nullable(&contract.Schema{Kind: contract.Any})),
		field("bool", "Bool", boolean()),
		field("quoted_bool", "QuotedBool", quoted(boolean())),
		field("int8", "Int8", integer(8)),
		&contract.Field{Name: "int64", Field: "Int64", Schema: integer(64), Doc: "A large number.", Deprecated: "Use quoted."},
		field("quoted", "Quoted", quoted(integer(64))),
		field("uint64", "Uint64", &contract.Schema{Kind: contract.Uint, Bits: 64}),
		field("float", "Float", &contract.Schema{Kind: contract.Float, Bits: 64}),
		field("big", "Big", nullable(&contract.Schema{Kind: contract.BigInt})),
		field("number", "Number", &contract.Schema{Kind: contract.Number}),
		field("text", "Text", &contract.Schema{Kind: contract.Text}),
		field("time", "Time", moment()),
		optional("bytes", "Bytes", nullable(&contract.Schema{Kind: contract.Bytes})),
		field("pair", "Pair", array(nullable(text()), 2)),
		field("long", "Long", array(nullable(text()), 100)),
		field("none", "None", array(text(), 0)),
		field("matrix", "Matrix", list(list(integer(32)))),
		field("by name", "ByName", dictionary(text(), nullable(list(ref(tree))))),
		field("by-status", "ByStatus", dictionary(ref(status), integer(32))),
		field("by_level", "ByLevel", dictionary(ref(level), text())),
		field("by_code", "ByCode", dictionary(ref(code), text())),
		field("inline", "Inline", nullable(object(field("x", "X", integer(32)), field("y", "Y", object(field("z", "Z", text())))))),
		field("inlines", "Inlines", list(nullable(object(field("x", "X", integer(32)))))),
		field("status", "Status", ref(status)), field("level", "Level", ref(level)),
		field("forest", "Forest", ref(forest)), field("chain", "Chain", ref(chain)), field("empty", "Empty", ref(empty)),
		&contract.Field{Name: "zero", Field: "Zero", Schema: moment(), OmitZero: true},
	)}
	return &contract.Contract{
		Title:      "shapes, things",
		Types:      []*contract.Type{chain, code, empty, forest, level, page, status, thing, tree},
		Operations: shapesOperations(thing, page, tree, status),
	}
}

func shapesOperations(thing, page, tree, status *contract.Type) []*contract.Operation {
	return []*contract.Operation{
		{
			ID: "things.put", Name: "PutThing", Method: "PUT", Host: "api.example.com", Path: "/things/{id}/a b/{$}", Input: "Thing", Body: ref(thing),
			Params: []*contract.Param{bare("id", "ID", integer(64))}, Status: 200, Result: ref(thing), Retention: 72 * time.Hour,
		},
		{
			ID: "things.patch", Name: "PatchThing", Method: "PATCH", Path: "/things/{id}/{rest...}", Input: "PatchThing", InputDoc: "PatchThing changes a thing.",
			Doc: "PatchThing changes it.\n\nDeprecated: Use PutThing.", Deprecated: "Use PutThing.",
			Params: []*contract.Param{
				{In: contract.InPath, Name: "id", Field: "ID", Schema: text(), Required: true, Doc: "Which one."},
				{In: contract.InPath, Name: "rest", Field: "Rest", Rest: true, Schema: text(), Required: true},
				{In: contract.InQuery, Name: "dry_run", Field: "DryRun", Schema: boolean()},
				{In: contract.InQuery, Name: "tag", Field: "Tags", Schema: nullable(list(text()))},
				{In: contract.InQuery, Name: "if-before", Field: "IfBefore", Schema: nullable(moment())},
				{In: contract.InQuery, Name: "note", Field: "NoteQuery", Schema: text(), Deprecated: "Nobody reads it."},
				{In: contract.InHeader, Name: "X-Source", Field: "Source", Schema: text(), Doc: "Who wants it."},
				{In: contract.InHeader, Name: "X-Levels", Field: "Levels", Schema: list(integer(64))},
			},
			Body:   object(field("note", "Note", text()), optional("status", "Status", nullable(ref(status)))),
			Status: 202, Result: ref(page),
		},
		{ID: "things.delete", Name: "Delete", Method: "DELETE", Path: "/things/{class}", Params: []*contract.Param{bare("class", "Class", text())}, Status: 204},
		{ID: "things.sweep", Name: "Sweep", Method: "POST", Path: "/sweep", Input: "Sweep", Params: []*contract.Param{
			{In: contract.InQuery, Name: "before", Field: "Before", Schema: moment()},
		}, Status: 200, Result: nullable(list(ref(tree)))},
		{ID: "things.export", Name: "Export", Method: "POST", Path: "/export", Status: 200, Opaque: true, Timeout: time.Minute, Wait: 1500 * time.Millisecond},
		{ID: "things.count", Name: "Count", Method: "POST", Path: "/count", Input: "Tags", Body: nullable(list(text())), Status: 200, Result: integer(64)},
	}
}

// namesContract has names that mean something in TypeScript, or twice the same.
func namesContract() *contract.Contract {
	var types []*contract.Type
	var fields []*contract.Field
	for _, name := range []string{
		"Array", "Boolean", "Client", "Error", "Function", "Map", "NamesClient", "NamesEvents", "Number", "Object", "Partial", "Promise", "Record",
		"Request", "Response", "String", "Symbol", "Time", "Größe",
	} {
		t := &contract.Type{Name: name, Schema: object(field("value", "Value", dictionary(text(), text())))}
		types = append(types, t)
		fields = append(fields, field(name, name, ref(t)))
	}
	fields = append(fields, field("__proto__", "Proto", text()), field("constructor", "Constructor", text()), field("a\"b\\\n", "Odd", text()), field("class", "Class", text()))
	all := &contract.Type{Name: "All", Schema: object(fields...)}
	types = append(types, all)
	c := &contract.Contract{Title: "names", Types: types, Events: []*contract.Event{{Type: "a b's", Name: "AB", Data: ref(all)}}}
	for _, name := range []string{
		"Arguments", "Attempt", "Await", "Call", "Class", "Cnerium", "Constructor", "Delete", "Events", "Eval", "New", "Send", "Subscribe", "Then", "ToString",
		"URLFor", "UrlFor", "ID", "Input", "Größer", "Import", "Super",
	} {
		c.Operations = append(c.Operations, &contract.Operation{
			ID: "names." + name, Name: name, Method: "POST", Path: "/`${" + "class}/{input}/{new}/{call}", Status: 200, Result: ref(all),
			Params: []*contract.Param{bare("class", "Class", text()), bare("input", "Input", text()), bare("new", "New", text()), bare("call", "Call", text())},
			Input:  name + "In", Body: object(field("class", "Class", text())),
		})
	}
	return c
}
