package goclient

import (
	"cmp"
	"go/token"
	"go/types"
	"slices"
	"strconv"
	"strings"

	"github.com/cnerium/cnerium-go/generator/internal/ident"

	"github.com/cnerium/cnerium-go/generator/contract"
)

// scope knows which identifiers are taken.
type scope map[string]bool

// newScope returns a scope in which the identifiers are taken, beside the
// keywords and the predeclared ones of Go.
func newScope(taken ...string) scope {
	s := make(scope, len(taken))
	for _, name := range taken {
		s[name] = true
	}
	return s
}

// take returns the wanted identifier, with a number appended when it is not
// free, and takes it.
func (s scope) take(want string) string {
	name := want
	for i := 2; s[name] || name == "_" || token.IsKeyword(name) || types.Universe.Lookup(name) != nil; i++ {
		name = want + strconv.Itoa(i)
	}
	s[name] = true
	return name
}

// names are the identifiers of the package that the contract does not fix.
type names struct {
	types     map[*contract.Type]string
	constants map[*contract.EnumValue]string
	inputs    map[*contract.Operation]string // of structs that exist for the client only
	results   map[*contract.Operation]string // the same
	ops       map[*contract.Operation]string
	events    map[*contract.Event]string
}

// newNames chooses all of them. Types come first, since their names are the
// ones that callers write most.
func newNames(c *contract.Contract) *names {
	n := &names{
		types:     make(map[*contract.Type]string),
		constants: make(map[*contract.EnumValue]string),
		inputs:    make(map[*contract.Operation]string),
		results:   make(map[*contract.Operation]string),
		ops:       make(map[*contract.Operation]string),
		events:    make(map[*contract.Event]string),
	}
	s := newScope("Client", "New")
	for _, t := range c.Types {
		n.types[t] = s.take(t.Name)
	}
	for _, op := range c.Operations {
		if ownInput(op) {
			n.inputs[op] = s.take(inputName(op))
		}
	}
	for _, op := range c.Operations {
		if op.Result != nil && op.Result.Kind == contract.Object {
			n.results[op] = s.take(op.Name + "Result")
		}
		n.ops[op] = s.take("Op" + op.Name)
	}
	for _, event := range c.Events {
		n.events[event] = s.take("Event" + event.Name)
	}
	n.takeConstants(s, c.Types)
	return n
}

// takeConstants names the constants as the server does. One whose name is not
// alone has that of its type before it: with a number, the name of a value would
// depend on which other types there are.
func (n *names) takeConstants(s scope, all []*contract.Type) {
	wanted := make(map[string]int)
	for _, t := range all {
		for _, value := range named(t.Enum) {
			wanted[constantName(t, value)]++
		}
	}
	for _, t := range all {
		for _, value := range named(t.Enum) {
			name := constantName(t, value)
			if wanted[name] > 1 || s[name] {
				name = t.Name + ident.Exported(strings.TrimLeft(value.Name, "_"))
			}
			n.constants[value] = s.take(name)
		}
	}
}

// named are the values that have a constant.
func named(values []*contract.EnumValue) []*contract.EnumValue {
	return slices.DeleteFunc(slices.Clone(values), func(v *contract.EnumValue) bool { return v.Name == "" })
}

// constantName is the name of a constant as an exported one.
func constantName(t *contract.Type, value *contract.EnumValue) string {
	if name := ident.Exported(value.Name); token.IsExported(name) {
		return name
	}
	return t.Name + ident.Exported(strings.TrimLeft(value.Name, "_"))
}

// ownInput reports whether the input of an operation is a struct that exists
// for it only. A body that is all of the input has its own type.
func ownInput(op *contract.Operation) bool {
	if op.Body != nil && op.Body.Kind == contract.Object {
		return true
	}
	return len(fieldParams(op)) > 0
}

// inputName is the name of such a struct.
func inputName(op *contract.Operation) string {
	return cmp.Or(op.Input, op.Name+"Input")
}

// fieldParams are the parameters that are fields of the input.
func fieldParams(op *contract.Operation) []*contract.Param {
	var params []*contract.Param
	for _, p := range op.Params {
		if !p.Bare && !isKey(p) {
			params = append(params, p)
		}
	}
	return params
}

// wholeBody reports whether a body that has no fields is beside parameters, so
// that it is a field of the input itself.
func wholeBody(op *contract.Operation) bool {
	return op.Body != nil && resolved(op.Body).Kind != contract.Object && len(fieldParams(op)) > 0
}

// bodyName is the name of that field.
func bodyName(op *contract.Operation) string {
	taken := newScope()
	for _, p := range fieldParams(op) {
		taken[p.Field] = true
	}
	return taken.take("Body")
}

// isKey reports whether a parameter is the key, which calls have anyway.
func isKey(p *contract.Param) bool {
	return p.In == contract.InHeader && strings.EqualFold(p.Name, "Idempotency-Key")
}
