// Package contract describes what durable handlers promise to their clients:
// operations, events, and the JSON of the types in them. Those who write
// documents and clients read it. It is plain data, without syntax trees and
// without go/types, and whoever has one may not change it.
package contract

import "time"

// Contract is the promise of one package, or of several that make one document
// and one client together.
type Contract struct {
	Title      string       // the names of the packages: "orders", or "orders, payments"
	Doc        string       // the package comment, when it is one package
	Operations []*Operation // by import path, then in source order; empty only when there are events
	Events     []*Event     // by import path, then in source order
	Types      []*Type      // all that a schema refers to, in the order of their names
}

// Operation is one durable route.
type Operation struct {
	ID         string // orders.create
	Name       string // an exported Go name, alone in the contract among operations: CreateOrder
	Package    string // import path of the handler
	Host       string // of the pattern; "" for every host
	Method     string // POST, PUT, PATCH or DELETE
	Path       string // /orders/{id}, /files/{path...}; {$} is left out
	Doc        string // of the handler, as text without directives
	Deprecated string // what its doc says after "Deprecated:"; "" when it is not

	// Input is an exported Go name for what has Params and Body as its members,
	// alone in the contract among types and inputs. It is "" when there are no
	// members, and when Body is all of it and a reference: the type's name is its
	// name then.
	Input    string
	InputDoc string // of the input's type, also when Input is ""

	Params []*Param // from path, query and header, in this order of places

	// Body is JSON; nil when no body is read. It is a reference to a type, or an
	// object when other fields of the input are Params, or Any when the input
	// reads its JSON by itself.
	Body      *Schema
	Validates bool // the input is validated, with 422 for what does not pass

	Status int // of a success; 0 when Opaque

	// Result is the JSON of a success; nil when it has none, or is Opaque. The
	// pointer to a struct is not nullable: a handler returns nil beside an error
	// only.
	Result *Schema
	Opaque bool // the handler makes the whole response

	Transactional bool
	Retention     time.Duration
	Wait          time.Duration // 0 for not at all
	Timeout       time.Duration
	Recover       string // hold or rerun
	MaxBody       int64  // bytes
}

// Place is where a parameter stands in a request.
type Place string

// The places.
const (
	InPath   Place = "path"
	InQuery  Place = "query"
	InHeader Place = "header"
)

// Param is a value that is not in the body.
type Param struct {
	In         Place
	Name       string  // on the wire
	Field      string  // an exported Go name, alone in its operation's input, or among its bare parameters
	Bare       bool    // a parameter of the handler itself, no field of its input
	Rest       bool    // of a path: it is {name...} and may have slashes
	Schema     *Schema // a scalar, a reference to a named one, or an array of these for a repeated one; never nullable
	Required   bool    // always in a path, never in query and header
	Doc        string
	Deprecated string
}

// Event is a type of event that handlers emit.
type Event struct {
	Type       string // order.created
	Name       string // an exported Go name, alone in the contract among events: OrderCreated
	Doc        string
	Deprecated string
	Data       *Schema // a reference to a type; Any when the type marshals itself
}

// Type is a named type, as clients have it.
type Type struct {
	Name       string // an exported Go name, alone in the contract: Order, PageOfOrder
	Go         string // as Go names it: example.com/shop/orders.Page[example.com/shop/orders.Order]
	Doc        string
	Deprecated string
	Schema     *Schema // never a reference, and never nullable: that is what a reference to the type says

	// Enum has the typed constants of a string, integer or boolean type, each
	// value once, if two or more are exported: these in source order, then
	// those that are not exported, and last the zero value of the type if no
	// constant has it, because encoding/json writes it as well.
	Enum []*EnumValue
}

// EnumValue is one typed constant, or a value that clients have no constant
// for.
type EnumValue struct {
	Name  string // of the constant; "" when none with this value is exported
	Value string // its JSON: "open" with the quotes, or 3
	Doc   string
}

// Kind is what a JSON value is made of.
type Kind int

// The kinds.
const (
	Any Kind = iota // any JSON value: an interface, json.RawMessage, a type that marshals itself
	Bool
	Int    // Bits, signed
	Uint   // Bits, unsigned
	Float  // Bits
	BigInt // an integer without limit, as a JSON number
	Number // json.Number
	String
	Text   // a string that a TextMarshaler makes
	Time   // RFC 3339 with nanoseconds
	Bytes  // base64
	Array  // Elem, Len
	Map    // Elem, Key
	Object // Fields
	Ref    // Type
)

// Schema describes a JSON value.
type Schema struct {
	Kind Kind

	// Nullable says that null is possible, too: a nil pointer, slice or map. What
	// is behind a pointer, also an embedded one, is nullable where a nil is left
	// out instead: null is read in the same way.
	Nullable bool
	Raw      bool     // of Any: it is a json.RawMessage, so a client that can should keep its bytes
	Bits     int      // of numbers: 8, 16, 32 or 64
	Quoted   bool     // the JSON of a number, a boolean or a string, in a JSON string, for the option string of a tag
	Elem     *Schema  // of Array and Map
	Key      *Schema  // of Map: String, Text, Int, Uint, or a Ref to one
	Len      int      // of Array: the length of a Go array; below zero for a slice
	Fields   []*Field // of Object, as encoding/json sees them: promoted ones in place, in its order
	Type     *Type    // of Ref
}

// Field is a member of a JSON object.
type Field struct {
	Name       string // in JSON
	Field      string // an exported Go name, alone in its object
	Schema     *Schema
	OmitEmpty  bool // left out when empty, or with the embedded pointer that it is promoted from
	OmitZero   bool // left out when zero
	Doc        string
	Deprecated string
}

// Required reports whether the field is there in everything that is written.
func (f *Field) Required() bool { return !f.OmitEmpty && !f.OmitZero }
