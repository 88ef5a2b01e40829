package generator

import (
	"encoding/json"
	"fmt"

	"github.com/cnerium/cnerium-go/generator/contract"
)

// promise is what a route promises its clients.
type promise struct {
	operation *contract.Operation
	unknown   bool // a type in it has no JSON that could be described
}

// promisesOf returns what the routes of a package promise, by their operations.
// A type that cannot be described does not keep the other routes from being
// so.
func promisesOf(p *Package) map[string]*promise {
	found := make(map[string]*promise, len(p.Routes))
	whole, faults := contractOf([]*Package{p})
	if len(faults) == 0 {
		for _, op := range whole.Operations {
			found[op.ID] = &promise{operation: op}
		}
		return found
	}
	for _, route := range p.Routes {
		alone := *p
		alone.Routes, alone.Events = []*Route{route}, nil
		c, faults := contractOf([]*Package{&alone})
		if c != nil && len(c.Operations) == 1 {
			found[route.Operation] = &promise{c.Operations[0], len(faults) > 0}
		}
	}
	return found
}

// tell writes the promise into the description of its route.
func (p *promise) tell(l *Listed) {
	op := p.operation
	l.Status, l.Recover, l.MaxBody = op.Status, op.Recover, op.MaxBody
	l.Retention, l.Wait, l.Timeout = op.Retention.String(), op.Wait.String(), op.Timeout.String()
	l.Validates, l.Opaque, l.Unknown = op.Validates, op.Opaque, p.unknown
	if p.unknown {
		return
	}
	s := &shapes{types: make(map[string]*Shape)}
	for _, param := range op.Params {
		shape := s.of(param.Schema)
		shape.Nullable = false // outside of JSON a value is there or not
		l.Params = append(l.Params, ListedParam{
			In: string(param.In), Name: param.Name, Required: param.Required, Rest: param.Rest, Shape: shape,
		})
	}
	l.Body, l.Result = s.of(op.Body), s.of(op.Result)
	if len(s.types) > 0 {
		l.Types = s.types
	}
}

// shapes makes shapes of schemas, and collects the types that they refer to.
type shapes struct{ types map[string]*Shape }

// of returns the shape of a schema; nil for none.
func (s *shapes) of(schema *contract.Schema) *Shape {
	if schema == nil {
		return nil
	}
	shape := &Shape{
		Type:     kindName(schema),
		Nullable: schema.Nullable,
		Quoted:   schema.Quoted,
		Elem:     s.of(schema.Elem),
		Key:      s.of(schema.Key),
	}
	switch schema.Kind {
	case contract.Array:
		if n := schema.Len; n >= 0 {
			shape.Len = &n
		}
	case contract.Object:
		for _, f := range schema.Fields {
			shape.Fields = append(shape.Fields, ShapeField{Name: f.Name, Optional: !f.Required(), Shape: s.of(f.Schema)})
		}
	case contract.Ref:
		shape.Ref = schema.Type.Name
		s.add(schema.Type)
	}
	return shape
}

// add collects a type once.
func (s *shapes) add(t *contract.Type) {
	if s.types[t.Name] != nil {
		return
	}
	s.types[t.Name] = &Shape{} // a type can be part of itself
	shape := s.of(t.Schema)
	for _, value := range t.Enum {
		shape.Enum = append(shape.Enum, json.RawMessage(value.Value))
	}
	s.types[t.Name] = shape
}

// kindNames are the names of kinds in shapes. Numbers have their bits behind
// them.
var kindNames = map[contract.Kind]string{
	contract.Any: "any", contract.Bool: "bool", contract.Int: "int", contract.Uint: "uint", contract.Float: "float",
	contract.BigInt: "bigint", contract.Number: "number", contract.String: "string", contract.Text: "text",
	contract.Time: "time", contract.Bytes: "bytes", contract.Array: "array", contract.Map: "map",
	contract.Object: "object", contract.Ref: "ref",
}

func kindName(s *contract.Schema) string {
	switch s.Kind {
	case contract.Int, contract.Uint, contract.Float:
		return fmt.Sprint(kindNames[s.Kind], s.Bits)
	}
	return kindNames[s.Kind]
}
