package tsclient

import (
	"strconv"
	"strings"
	"time"

	"github.com/cnerium/cnerium-go/generator/internal/ident"

	"github.com/cnerium/cnerium-go/generator/contract"
)

// operation is what is written for one operation.
type operation struct {
	*contract.Operation

	function string // alone in the module
	method   string // alone in the client class
	args     []argument
	input    *input // nil when nothing but bare parameters goes in
}

// argument is a parameter of the function.
type argument struct {
	name, typ, text string // text is its initial value, "" for none
}

// addOperation gives an operation its names.
func (m *module) addOperation(op *contract.Operation, methods names) {
	base := ident.Unexported(op.Name)
	o := &operation{
		Operation: op,
		function:  m.names.alone(base, "Operation"),
		method:    methods.alone(base, "Operation"),
	}
	taken := newNames(append([]string{o.function}, reserved...)...)
	for _, p := range op.Params {
		if p.Bare {
			o.args = append(o.args, argument{name: taken.alone(argumentName(p), "Value"), typ: m.typeText(p.Schema, "")})
		}
	}
	if o.input = m.inputOf(op); o.input != nil {
		arg := argument{name: "input", typ: o.input.name}
		if o.optional() {
			arg.text = "{}"
		}
		o.args = append(o.args, arg)
	}
	m.operations = append(m.operations, o)
}

func argumentName(p *contract.Param) string {
	if isIdentifier(p.Name) {
		return p.Name
	}
	return ident.Unexported(p.Field)
}

// functionOf returns the name of an operation's function.
func (m *module) functionOf(op *contract.Operation) string {
	for _, o := range m.operations {
		if o.Operation == op {
			return o.function
		}
	}
	return op.ID
}

// result returns the type of what an operation answers.
func (m *module) result(o *operation) string {
	switch {
	case o.Opaque:
		return "cnerium.HTTPResponse"
	case o.Result == nil:
		return "void"
	}
	return m.valueText(o.Result)
}

// valueText is the type of a whole body. A handler deals with pointers to
// structs where it means structs, so null is not in it for them.
func (m *module) valueText(s *contract.Schema) string {
	if isStruct(s) {
		return m.bareText(s, "")
	}
	return m.typeText(s, "")
}

func isStruct(s *contract.Schema) bool {
	return s.Kind == contract.Object || s.Kind == contract.Ref && s.Type.Schema.Kind == contract.Object
}

// nullable reports whether null is a value of the result's type.
func (o *operation) nullable() bool {
	s := o.Result
	switch {
	case o.Opaque || s == nil:
		return false
	case s.Kind == contract.Any || s.Kind == contract.Ref && (s.Type.Schema.Nullable || s.Type.Schema.Kind == contract.Any):
		return true
	}
	return s.Nullable && !isStruct(s)
}

// parameters returns the list of parameters of the function.
func (o *operation) parameters() string {
	var list []string
	for _, a := range o.args {
		text := a.name + ": " + a.typ
		if a.text != "" {
			text += " = " + a.text
		}
		list = append(list, text)
	}
	return strings.Join(list, ", ")
}

// declareOperation writes the function that makes an operation's request.
func (m *module) declareOperation(o *operation) {
	m.line("")
	where := "The request is " + o.Method + " " + o.Host + o.Path + ", the operation " + o.ID + "."
	m.out.WriteString(comment("", paragraphs(withoutDeprecation(o.Doc, o.Deprecated), where, deprecation(o.Deprecated))))
	m.line("export function %s(%s): cnerium.Request<%s> {", o.function, o.parameters(), m.result(o))
	m.line("  return {")
	m.line("    operation: %s,", quote(o.ID))
	m.line("    method: %s,", quote(o.Method))
	m.line("    path: %s,", o.target())
	if headers := o.pairs(contract.InHeader); len(headers) > 0 {
		m.line("    headers: cnerium.headers(%s),", inline(headers))
	}
	if o.Body != nil {
		m.line("    body: %s,", o.bodyText())
	}
	switch {
	case o.Opaque:
		m.line(`    answer: "raw",`)
	case o.Result == nil:
		m.line(`    answer: "none",`)
	case o.nullable():
		m.line("    nullable: true,")
	}
	m.number("retention", o.Retention)
	m.number("timeout", o.Timeout+o.Wait)
	m.line("  };")
	m.line("}")
}

// number writes a property in milliseconds, unless it is zero.
func (m *module) number(name string, d time.Duration) {
	if d > 0 {
		m.line("    %s: %s,", name, grouped(d.Milliseconds()))
	}
}

// grouped writes a number as a person does: 86_400_000.
func grouped(n int64) string {
	digits := strconv.FormatInt(n, 10)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "_" + digits[i:]
	}
	return digits
}

// bodyText returns the expression for the body.
func (o *operation) bodyText() string {
	switch {
	case o.input.body != "":
		return member("input", o.input.body)
	case len(o.input.params) == 0:
		return "input"
	}
	var left []string
	for _, p := range o.input.params {
		left = append(left, quote(p.property))
	}
	return "cnerium.omit(input, " + strings.Join(left, ", ") + ")"
}
