package tsclient

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/cnerium/cnerium-go/generator/contract"
)

// maxTuple is the length up to which a Go array is written as a tuple.
const maxTuple = 8

// typeText returns the type of a value. What goes over several lines is
// indented by indent, from its second line on.
func (m *module) typeText(s *contract.Schema, indent string) string {
	text := m.bareText(s, indent)
	if s.Nullable && text != "unknown" {
		return text + " | null"
	}
	return text
}

// bareText is typeText without null.
func (m *module) bareText(s *contract.Schema, indent string) string {
	if s.Quoted {
		return "string"
	}
	switch s.Kind {
	case contract.Bool:
		return "boolean"
	case contract.Int, contract.Uint:
		if s.Bits > 32 {
			return "cnerium.Int64"
		}
		return "number"
	case contract.Float:
		return "number"
	case contract.BigInt, contract.Number:
		return "cnerium.BigNumber"
	case contract.String, contract.Text:
		return "string"
	case contract.Time:
		return "cnerium.Time"
	case contract.Bytes:
		return "cnerium.Base64"
	case contract.Array:
		return m.arrayText(s, indent)
	case contract.Map:
		return m.mapText(s, indent)
	case contract.Object:
		return m.objectText(s.Fields, indent)
	case contract.Ref:
		return m.typeName(s.Type)
	case contract.Any:
	}
	return "unknown"
}

func (m *module) arrayText(s *contract.Schema, indent string) string {
	elem := m.typeText(s.Elem, indent)
	if s.Len >= 0 && s.Len <= maxTuple {
		return "[" + strings.TrimSuffix(strings.Repeat(elem+", ", s.Len), ", ") + "]"
	}
	if strings.HasSuffix(elem, " | null") {
		elem = "(" + elem + ")"
	}
	return elem + "[]"
}

// mapText writes maps as mapped types: unlike Record, they may be a part of
// themselves in an alias.
func (m *module) mapText(s *contract.Schema, indent string) string {
	elem := m.typeText(s.Elem, indent)
	if s.Key != nil && s.Key.Kind == contract.Ref {
		key := s.Key.Type
		if len(m.literals(key)) > 0 {
			return "{ [key in " + m.typeName(key) + "]?: " + elem + " }"
		}
	}
	if m.inAlias {
		return "{ [key: string]: " + elem + " }"
	}
	return "Record<string, " + elem + ">"
}

func (m *module) objectText(fields []*contract.Field, indent string) string {
	if len(fields) == 0 {
		return "Record<string, never>"
	}
	var text strings.Builder
	text.WriteString("{\n")
	m.fields(&text, fields, indent+"  ")
	text.WriteString(indent + "}")
	return text.String()
}

// fields writes the members of an object, a line each.
func (m *module) fields(text *strings.Builder, fields []*contract.Field, indent string) {
	for _, f := range fields {
		text.WriteString(documented(indent, f.Doc, f.Deprecated))
		mark, value := "", m.typeText(f.Schema, indent)
		if !f.Required() {
			// A nil is left out, so null is never seen there.
			mark, value = "?", m.bareText(f.Schema, indent)
		}
		fmt.Fprintf(text, "%s%s%s: %s;\n", indent, property(f.Name), mark, value)
	}
}

// declare writes a named type.
func (m *module) declare(t *contract.Type) {
	name := m.typeName(t)
	m.line("")
	m.out.WriteString(documented("", t.Doc, t.Deprecated))
	if literals := m.literals(t); len(literals) > 0 {
		m.line("export type %s = %s;", name, union(literals, t.Schema.Nullable))
		m.constants(t, name)
		return
	}
	if t.Schema.Kind == contract.Object && !t.Schema.Nullable && len(t.Schema.Fields) > 0 {
		m.line("export interface %s %s", name, m.objectText(t.Schema.Fields, ""))
		return
	}
	m.inAlias = true
	m.line("export type %s = %s;", name, m.typeText(t.Schema, ""))
	m.inAlias = false
}

// literals returns the values of an enumeration, each once; none for another
// type.
func (m *module) literals(t *contract.Type) []string {
	var values []string
	seen := make(map[string]bool)
	for _, v := range t.Enum {
		if literal := literalOf(v.Value); !seen[literal] {
			seen[literal] = true
			values = append(values, literal)
		}
	}
	return values
}

// literalOf writes a JSON value in TypeScript.
func literalOf(value string) string {
	var text string
	if json.Unmarshal([]byte(value), &text) == nil {
		return quote(text)
	}
	return value
}

// union joins literals, in one line when they are few.
func union(literals []string, nullable bool) string {
	if nullable {
		literals = append(literals, "null")
	}
	if line := strings.Join(literals, " | "); len(line) <= 90 {
		return line
	}
	return "\n  | " + strings.Join(literals, "\n  | ")
}

// constants writes the object with the values of an enumeration, under the
// name of their type.
func (m *module) constants(t *contract.Type, name string) {
	m.line("")
	m.line("/** The values of {@link %s}. */", name)
	m.line("export const %s = {", name)
	taken := make(names)
	for _, v := range t.Enum {
		taken[v.Name] = true
	}
	for _, v := range t.Enum {
		if v.Name == "" {
			continue // a value that only the type has
		}
		key := v.Name
		if short := strings.TrimPrefix(v.Name, t.Name); short != v.Name && isIdentifier(short) && !taken[short] {
			key = short
		}
		m.out.WriteString(comment("  ", paragraphs(v.Doc)))
		m.line("  %s: %s,", property(key), literalOf(v.Value))
	}
	m.line("} as const;")
}
