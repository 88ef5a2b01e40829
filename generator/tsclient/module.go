package tsclient

import (
	"errors"
	"fmt"
	"strings"

	"github.com/cnerium/cnerium-go/generator/contract"
)

// module is the file of one contract while it is written.
type module struct {
	contract   *contract.Contract
	out        strings.Builder
	names      names                     // of the module's own declarations
	types      map[*contract.Type]string // their names in the module
	operations []*operation
	inputs     []declaredInput
	class      string // of the client
	events     string // the type of the events; "" when there are none
	inAlias    bool   // the type that is being written is an alias
}

func newModule(c *contract.Contract) *module {
	m := &module{
		contract: c,
		names:    newNames(append(reservedTypes, reserved...)...),
		types:    make(map[*contract.Type]string),
	}
	for _, t := range c.Types {
		m.types[t] = m.names.alone(t.Name, "Type")
	}
	title := upperCamel(c.Title)
	m.class = m.names.alone(title+"Client", "Class")
	if len(c.Events) > 0 {
		m.events = m.names.alone(title+"Events", "ByType")
	}
	methods := newNames(reservedMethods...)
	for _, op := range c.Operations {
		m.addOperation(op, methods)
	}
	return m
}

// text writes the module.
func (m *module) text() (string, error) {
	if len(m.contract.Operations) == 0 {
		return "", errors.New("it has no operations")
	}
	m.out.WriteString(firstLine)
	if m.contract.Doc != "" {
		m.out.WriteString(comment("", paragraphs(m.contract.Doc, "@module")))
		m.line("")
	}
	m.line(`import * as cnerium from "./cnerium.js";`)
	if m.events != "" {
		m.line(`import * as events from "./cnerium-events.js";`)
	}
	for _, t := range m.contract.Types {
		m.declare(t)
	}
	for _, in := range m.inputs {
		m.declareInput(in)
	}
	for _, o := range m.operations {
		m.declareOperation(o)
	}
	m.declareEvents()
	m.declareClass()
	return m.out.String(), nil
}

func (m *module) line(format string, args ...any) {
	fmt.Fprintf(&m.out, format+"\n", args...)
}

// typeName returns the name of a type in the module. A type that the contract
// forgot to list has the name that it gives itself.
func (m *module) typeName(t *contract.Type) string {
	if name, ok := m.types[t]; ok {
		return name
	}
	return t.Name
}

// declareEvents writes the type of the events.
func (m *module) declareEvents() {
	if m.events == "" {
		return
	}
	m.line("")
	m.line("/** The data of the events, by their types. */")
	m.line("export interface %s {", m.events)
	for _, e := range m.contract.Events {
		m.out.WriteString(documented("  ", e.Doc, e.Deprecated))
		m.line("  %s: %s;", property(e.Type), m.typeText(e.Data, "  "))
	}
	m.line("}")
}

// declareClass writes the client, which has a method for each operation.
func (m *module) declareClass() {
	m.line("")
	m.out.WriteString(comment("", fmt.Sprintf("The client of %s. Each call is safe to repeat: its operation happens once,\n"+
		"however often the network fails in between. An application needs one client.", m.contract.Title)))
	m.line("export class %s extends cnerium.Client {", m.class)
	for i, o := range m.operations {
		if i > 0 {
			m.line("")
		}
		m.declareMethod(o)
	}
	if m.events != "" {
		m.line("")
		m.out.WriteString(comment("  ", "Listens to the events, from now on or from a cursor, until the feed is closed.\n"+
			"What was missed in an interruption is made up for."))
		m.line("  subscribe(listeners: events.Listeners<%s>, options?: events.SubscribeOptions): events.Feed {", m.events)
		m.line("    return events.subscribe(this.baseUrl, listeners, options);")
		m.line("  }")
	}
	m.line("}")
}

func (m *module) declareMethod(o *operation) {
	var args []string
	for _, a := range o.args {
		args = append(args, a.name)
	}
	parameters := o.parameters()
	if parameters != "" {
		parameters += ", "
	}
	m.out.WriteString(documented("  ", o.Doc, o.Deprecated))
	m.line("  %s(%scall?: cnerium.Call): Promise<cnerium.Answer<%s>> {", property(o.method), parameters, m.result(o))
	m.line("    return this.send(%s(%s), call);", o.function, strings.Join(args, ", "))
	m.line("  }")
}
