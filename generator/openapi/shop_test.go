package openapi_test

import (
	"time"

	"github.com/cnerium/cnerium-go/generator/contract"
)

// Schemas that many tests need.
var (
	text    = &contract.Schema{Kind: contract.String}
	integer = &contract.Schema{Kind: contract.Int, Bits: 64}
)

func object(fields ...*contract.Field) *contract.Schema {
	return &contract.Schema{Kind: contract.Object, Fields: fields}
}

func field(name string, s *contract.Schema) *contract.Field {
	return &contract.Field{Name: name, Field: name, Schema: s}
}

func optional(name string, s *contract.Schema) *contract.Field {
	f := field(name, s)
	f.OmitEmpty = true
	return f
}

func refer(t *contract.Type) *contract.Schema {
	return &contract.Schema{Kind: contract.Ref, Type: t}
}

func nullable(s *contract.Schema) *contract.Schema {
	n := *s
	n.Nullable = true
	return &n
}

func slice(elem *contract.Schema) *contract.Schema {
	return &contract.Schema{Kind: contract.Array, Elem: elem, Len: -1, Nullable: true}
}

// operation returns one with the defaults of the runtime.
func operation(id, method, path string) *contract.Operation {
	return &contract.Operation{
		ID: id, Name: "Name", Package: "example.com/shop", Method: method, Path: path, Status: 200,
		Retention: 24 * time.Hour, Wait: 5 * time.Second, Timeout: 30 * time.Second, Recover: "hold", MaxBody: 1 << 20,
	}
}

// minimal is the smallest contract that can be.
func minimal() *contract.Contract {
	op := operation("ping", "POST", "/ping")
	op.Status = 204
	return &contract.Contract{Title: "ping", Operations: []*contract.Operation{op}}
}

// shop is a contract with something of everything that people write.
func shop() *contract.Contract {
	status := &contract.Type{
		Name: "Status", Doc: "Status is what has become of an order.",
		Schema: text,
		Enum: []*contract.EnumValue{
			{Name: "StatusOpen", Value: `"open"`, Doc: "StatusOpen is one that is not paid."},
			{Name: "StatusDone", Value: `"done"`},
			{Value: `""`},
		},
	}
	priority := &contract.Type{
		Name: "Priority", Schema: integer,
		Enum: []*contract.EnumValue{{Name: "Low", Value: "0"}, {Name: "High", Value: "9"}, {Name: "Urgent", Value: "9"}},
	}
	item := &contract.Type{
		Name: "Item", Doc: "Item is one line of an order.",
		Schema: object(
			field("product_id", text),
			field("quantity", &contract.Schema{Kind: contract.Uint, Bits: 16}),
			optional("note", nullable(text)),
		),
	}
	order := &contract.Type{Name: "Order", Doc: "Order is what a customer has asked for.\n\nIt has a parent when it replaces another one: #1, \"quoted\", 'all' <b>&</b> – für alle."}
	parent := optional("parent", nullable(refer(order)))
	parent.Doc = "The order that this one replaces."
	old := field("old_status", refer(status))
	old.Deprecated = "use status."
	order.Schema = object(
		field("id", text), field("status", refer(status)), old, field("items", slice(refer(item))), parent,
		field("created_at", &contract.Schema{Kind: contract.Time}),
		field("priorities", &contract.Schema{Kind: contract.Map, Key: refer(status), Elem: refer(priority), Nullable: true}),
		field("total", &contract.Schema{Kind: contract.Int, Bits: 64, Quoted: true}),
	)
	create := &contract.Type{
		Name: "CreateOrder", Doc: "CreateOrder is an order that is yet to be placed.",
		Schema: object(field("customer", text), field("items", slice(refer(item)))),
	}
	return &contract.Contract{
		Title:      "orders",
		Doc:        "Package orders takes orders.\n\nThe rest is told by whoever ships them:\n\n\tby mail\n\tby hand",
		Types:      []*contract.Type{create, item, order, priority, status},
		Operations: []*contract.Operation{createOrder(create, order), cancelOrder(status), upload(), adopt()},
		Events: []*contract.Event{
			{Type: "order.created", Name: "OrderCreated", Doc: "OrderCreated says that an order was placed.", Data: refer(order)},
			{Type: "order.cancelled", Name: "OrderCancelled", Deprecated: "nobody listens.", Data: refer(item)},
		},
	}
}

func createOrder(in, out *contract.Type) *contract.Operation {
	op := operation("orders.create", "POST", "/orders")
	op.Doc = "Create places an order. However often it is sent, there is one order."
	op.Body, op.Result, op.Status = refer(in), refer(out), 201
	op.Input, op.InputDoc, op.Validates, op.Transactional = "CreateOrder", "CreateOrder is an order that is yet to be placed.", true, true
	op.Timeout, op.Retention = 10*time.Second, 90*time.Minute
	return op
}

func cancelOrder(status *contract.Type) *contract.Operation {
	op := operation("orders.cancel", "DELETE", "/orders/{id}")
	op.Doc, op.Deprecated, op.Recover, op.Status = "Cancel ends an order.", "use orders.close.", "rerun", 204
	op.Params = []*contract.Param{
		{In: contract.InPath, Name: "id", Bare: true, Schema: integer, Required: true},
		{In: contract.InQuery, Name: "reason", Schema: &contract.Schema{Kind: contract.Array, Elem: text, Len: -1}, Doc: "Reason is why; as often as there are reasons."},
		{In: contract.InQuery, Name: "was", Schema: nullable(refer(status)), Deprecated: "it is known."},
		{In: contract.InHeader, Name: "X-Source", Schema: text},
		{In: contract.InHeader, Name: "idempotency-key", Schema: text},
	}
	return op
}

func upload() *contract.Operation {
	op := operation("files.put", "PUT", "/orders/{order}/files/{path...}")
	op.Host, op.Result = "files.shop.test", &contract.Schema{Kind: contract.Any}
	op.Body = object(field("content", &contract.Schema{Kind: contract.Bytes, Nullable: true}))
	op.Params = []*contract.Param{{In: contract.InPath, Name: "path", Rest: true, Schema: text, Required: true, Doc: "Path is where it goes."}}
	return op
}

func adopt() *contract.Operation {
	op := operation("orders.adopt", "PATCH", "/orders/{order}")
	op.Opaque, op.Status, op.Wait = true, 0, -1
	return op
}
