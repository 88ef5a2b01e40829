package generator

import (
	"go/token"
	"go/types"
	"time"
)

// Package is a package with routes or events: all that emit needs, and no
// syntax trees.
type Package struct {
	Path   string // import path
	Name   string
	Dir    string        // absolute
	Routes []*Route      // in source order
	Events []*EventModel // in source order

	target   *target        // of its own; nil for none
	types    *types.Package // to tell its own types from others'
	declared []string       // its package-level names, with those in tests and for other builds
	imported []string       // names of imports in its files, which no package-level name may have

	// What a contract is made of, besides.
	own   map[*types.Package]bool // the packages of modules that are worked on
	files []string                // absolute, in the order of their names
	disk  *disk                   // for comments, which the types do not have
}

// Route is one directive and the handler it stands on.
type Route struct {
	Pos       token.Position // of the directive
	Method    string         // POST, PUT, PATCH or DELETE
	Path      string         // net/http pattern without the method
	Operation string
	Wildcards []string // names in the pattern, in order; {$} is none
	Options   RouteOptions
	Handler   *Handler

	pathPos      token.Position
	operationPos token.Position
}

// RouteOptions are the options of a directive. Nil and "" stand for an option
// that was not given.
type RouteOptions struct {
	Status    *int
	Retention *time.Duration
	Wait      *time.Duration // zero: do not wait
	Timeout   *time.Duration
	Lease     *time.Duration
	Recover   string // hold or rerun
	MaxBody   *int64 // bytes
}

// EventModel is a struct type with an event directive. Generated code hands a
// pointer to the struct to cnerium.Emit, so methods with pointer receivers
// count when it is encoded.
type EventModel struct {
	Pos   token.Position // of the directive
	Type  string         // order.created
	Named *types.Named   // the struct, of the package itself

	typePos token.Position // of the event's type in the directive
}

// Handler is a function or method with an accepted signature.
type Handler struct {
	Pos       token.Position // of its name
	Name      string
	Receiver  *Receiver // nil for a function
	Signature *types.Signature
	Params    []Param // after ctx, in the order of the signature
	Result    Result
}

// written returns the types that generated code writes down.
func (h *Handler) written() []types.Type {
	list := []types.Type{h.Signature}
	for _, p := range h.Params {
		if p.Kind == ParamInput {
			list = append(list, p.Input.Type) // an alias of a pointer does not name it
		}
	}
	return list
}

// Receiver is the type of a method's receiver.
type Receiver struct {
	Type    *types.Named
	Pointer bool
}

// ParamKind says what is passed for a parameter.
type ParamKind int

// The kinds of parameters.
const (
	ParamRequest     ParamKind = iota // *cnerium.Request
	ParamTransaction                  // the Tx of a store
	ParamInput                        // struct that the request is bound to
	ParamPath                         // one path wildcard
)

// Param is one parameter after ctx.
type Param struct {
	Kind  ParamKind
	Name  string // as the handler names it; "" or _ when it does not
	Type  types.Type
	Store *types.Package // of ParamTransaction: the package of the store
	Input *Input         // of ParamInput
	Value *Binding       // of ParamPath

	variable *types.Var // of the handler
}

// Input is the struct that a request is bound to.
type Input struct {
	Type      types.Type // the struct's type, without the pointer
	Pointer   bool       // the handler takes *Type
	Body      bool       // the JSON body is decoded into it
	NotInBody []string   // JSON names that encoding/json would accept for fields bound from elsewhere
	Bindings  []Binding  // fields bound from path, query and header, in their order
	Validate  bool       // it has Validate() error
}

// Place is where in a request a value stands, outside of the body.
type Place int

// The places. A struct tag names a place by its String.
const (
	PlacePath Place = iota
	PlaceQuery
	PlaceHeader
)

// String returns path, query or header.
func (p Place) String() string {
	return [...]string{"path", "query", "header"}[p]
}

// Binding binds one value to a field or, with an empty Field, to a parameter.
type Binding struct {
	Place Place
	Name  string // of the wildcard, query parameter or header field
	Field string // of the input; promoted fields by their own name
	Type  types.Type
	Kind  ScalarKind // of the value, or of the element of a slice or pointer
	Wrap  Wrap
}

// ScalarKind says how a text becomes a value.
type ScalarKind int

// The kinds of scalars.
const (
	ScalarString ScalarKind = iota
	ScalarBool
	ScalarInt
	ScalarUint
	ScalarFloat
	ScalarTime
	ScalarText // encoding.TextUnmarshaler
)

// Wrap says what stands around a scalar.
type Wrap int

// The wraps.
const (
	WrapNone    Wrap = iota
	WrapSlice        // all values; not in a path
	WrapPointer      // nil when absent; not in a path
)

// ResultKind says what a handler returns before its error.
type ResultKind int

// The kinds of results.
const (
	ResultNone     ResultKind = iota // error
	ResultValue                      // (T, error)
	ResultResponse                   // (*cnerium.Response, error)
)

// Result is what a handler returns.
type Result struct {
	Kind ResultKind
	Type types.Type // of ResultValue
}
