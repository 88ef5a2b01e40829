package tsclient

import (
	"fmt"

	"github.com/cnerium/cnerium-go/generator/internal/ident"

	"github.com/cnerium/cnerium-go/generator/contract"
)

// input is the object that an operation takes.
type input struct {
	name   string // of its type
	params []*inputParam
	body   string // the property that is the body; "" when the body is what is left, or all
}

// inputParam is a parameter that is a property of the input.
type inputParam struct {
	*contract.Param

	property string
}

// inputOf returns the input of an operation. The type of a body that is all
// of the input is its type.
func (m *module) inputOf(op *contract.Operation) *input {
	in := &input{}
	properties := make(names)
	if op.Body != nil {
		for _, f := range op.Body.Fields {
			properties[f.Name] = true
		}
	}
	for _, p := range op.Params {
		if !p.Bare {
			in.params = append(in.params, &inputParam{p, properties.alone(propertyName(p), "Param")})
		}
	}
	switch {
	case op.Body == nil && len(in.params) == 0:
		return nil
	case len(in.params) == 0 && op.Body.Kind != contract.Object:
		in.name = m.valueText(op.Body)
		return in
	case op.Body != nil && op.Body.Kind != contract.Object:
		in.body = properties.alone("body", "Value")
	}
	name := op.Input
	if name == "" {
		name = op.Name + "Input"
	}
	in.name = m.names.alone(name, "Input")
	m.inputs = append(m.inputs, declaredInput{in, op})
	return in
}

// propertyName is the name on the wire, unless it is one that nobody would
// give a property, such as X-Source.
func propertyName(p *contract.Param) string {
	if isIdentifier(p.Name) && p.In != contract.InHeader && p.Name != "__proto__" {
		return p.Name
	}
	return ident.Unexported(p.Field)
}

// optional reports whether the input may be left out.
func (o *operation) optional() bool {
	if o.Body != nil || len(o.input.params) == 0 {
		return false
	}
	for _, p := range o.input.params {
		if p.Required {
			return false
		}
	}
	return true
}

// declaredInput is an input whose type is written for its operation.
type declaredInput struct {
	*input

	op *contract.Operation
}

// declareInput writes the type of an input that is no type of the contract.
func (m *module) declareInput(in declaredInput) {
	m.line("")
	doc := in.op.InputDoc
	if doc == "" {
		doc = fmt.Sprintf("What {@link %s} takes.", m.functionOf(in.op))
	}
	m.out.WriteString(comment("", paragraphs(doc)))
	m.line("export interface %s {", in.name)
	for _, p := range in.params {
		m.out.WriteString(documented("  ", paragraphs(p.Doc, placeDoc(p)), p.Deprecated))
		mark := "?"
		if p.Required {
			mark = ""
		}
		m.line("  %s%s: %s;", property(p.property), mark, m.bareText(p.Schema, "  "))
	}
	switch {
	case in.body != "":
		m.line("  %s: %s;", property(in.body), m.typeText(in.op.Body, "  "))
	case in.op.Body != nil:
		m.fields(&m.out, in.op.Body.Fields, "  ")
	}
	m.line("}")
}

// placeDoc tells where a parameter goes when its name does not.
func placeDoc(p *inputParam) string {
	switch p.In {
	case contract.InHeader:
		return "Sent in the header " + p.Name + "."
	case contract.InQuery:
		return "Sent in the query, as " + p.Name + "."
	case contract.InPath:
	}
	return ""
}
