package generator

import "encoding/json"

// Listed is one route, as List tells it. As JSON it is what `cneriumgen list
// -json` prints, which serves as a lock: fields may be added to it, but none
// changes its meaning.
type Listed struct {
	Method    string `json:"method"`
	Pattern   string `json:"pattern"` // without the method
	Operation string `json:"operation"`
	Handler   string `json:"handler"` // orders.Create, orders.Service.Create or orders.(*Service).Create
	Package   string `json:"package"` // import path
	Mode      string `json:"mode"`    // plain: the key is reserved before the handler runs; transactional: it runs in the store's transaction
	Position  string `json:"position"`

	// What the route promises besides is there with Options.Shapes only.
	// Settings that the directive leaves out have the runtime's defaults.
	Status    int    `json:"status,omitempty"`    // of a success; 0 when Opaque, without Options.Shapes, and in locks that are older
	Retention string `json:"retention,omitempty"` // as time.Duration writes it: 24h0m0s; "" without Options.Shapes, and in locks that are older
	Wait      string `json:"wait,omitempty"`      // the same; 0s for none
	Timeout   string `json:"timeout,omitempty"`   // the same
	Recover   string `json:"recover,omitempty"`   // hold or rerun
	MaxBody   int64  `json:"maxBody,omitempty"`   // bytes

	Params    []ListedParam     `json:"params,omitempty"`    // those from path, query and header, in this order of places
	Body      *Shape            `json:"body,omitempty"`      // nil when no body is read
	Validates bool              `json:"validates,omitempty"` // the input has a method Validate
	Result    *Shape            `json:"result,omitempty"`    // nil when there is none, or Opaque
	Opaque    bool              `json:"opaque,omitempty"`    // the handler makes the whole response
	Types     map[string]*Shape `json:"types,omitempty"`     // what Shape.Ref names
	Unknown   bool              `json:"unknown,omitempty"`   // the shapes and parameters are missing: a type in them has no JSON that could be described
}

// ListedParam is a value that is not in the body.
type ListedParam struct {
	In       string `json:"in"`   // path, query or header
	Name     string `json:"name"` // on the wire
	Required bool   `json:"required,omitempty"`
	Rest     bool   `json:"rest,omitempty"` // of a path: it is {name...}
	Shape    *Shape `json:"shape"`          // of a scalar, or an array of scalars
}

// Shape is the form of a JSON value, as encoding/json writes and reads it.
type Shape struct {
	// Type is any, bool, int8 to int64, uint8 to uint64, float32, float64,
	// bigint, number (json.Number), string, text (a string that the type makes
	// itself), time, bytes (base64), array, map, object, or ref.
	Type     string            `json:"type"`
	Nullable bool              `json:"nullable,omitempty"` // null is possible, too
	Quoted   bool              `json:"quoted,omitempty"`   // a number or a boolean in a string
	Ref      string            `json:"ref,omitempty"`      // of ref: a name in Listed.Types
	Key      *Shape            `json:"key,omitempty"`      // of map
	Elem     *Shape            `json:"elem,omitempty"`     // of map and array
	Len      *int              `json:"len,omitempty"`      // of an array of fixed length
	Fields   []ShapeField      `json:"fields,omitempty"`   // of object, in the order of encoding/json
	Enum     []json.RawMessage `json:"enum,omitempty"`     // the values of the type that has constants: exported ones in source order, others, the zero value
}

// ShapeField is a member of an object.
type ShapeField struct {
	Name     string `json:"name"`
	Optional bool   `json:"optional,omitempty"` // left out when it is empty or zero
	Shape    *Shape `json:"shape"`
}
