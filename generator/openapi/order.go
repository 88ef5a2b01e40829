package openapi

import (
	"slices"

	"go.yaml.in/yaml/v4"
)

// orderKey is an extension that says in which order the properties of a schema,
// or the paths, stand. The library has maps there, which have none. It is not
// in what is written.
const orderKey = "x-cneriumgen-order"

// memberOrder is the order of the members that the documents' formats define,
// for a reader who begins at the top. Others come behind, as they are.
var memberOrder = rank(
	"$schema", "$id", "openapi", "asyncapi", "info", "$ref",
	"operationId", "name", "in", "action", "channel", "address", "title", "summary", "description", "deprecated", "version",
	"defaultContentType", "contentType", "servers", "url", "tags",
	"type", "format", "pattern", "const", "enum", "x-enum-varnames", "x-enum-descriptions",
	"contentEncoding", "contentMediaType", "minimum", "maximum", "minLength", "maxLength",
	"items", "minItems", "maxItems", "allOf", "anyOf", "oneOf", "not",
	"required", "properties", "propertyNames", "additionalProperties", "style", "explode", "schema",
	"paths", "post", "put", "patch", "delete", "parameters", "requestBody", "headers", "content", "responses", "payload",
	"channels", "operations", "messages", "bindings", "components", "schemas",
)

// hasNames are the members whose own members have names that users choose.
var hasNames = rank(
	"properties", "$defs", "paths", "content", "headers", "parameters", "responses", "schemas",
	"channels", "operations", "messages",
)

func rank(names ...string) map[string]int {
	ranks := make(map[string]int, len(names))
	for i, name := range names {
		ranks[name] = i - len(names)
	}
	return ranks
}

// arrange puts a tree into order. The members of one with names stay as they
// are, which is the order of the names.
func arrange(n *yaml.Node, names bool) {
	if n.Kind != yaml.MappingNode {
		for _, part := range n.Content {
			arrange(part, false)
		}
		return
	}
	members := split(n)
	if !names {
		members = followOrder(members)
		slices.SortStableFunc(members, func(a, b member) int { return memberOrder[a.name] - memberOrder[b.name] })
	}
	n.Content = n.Content[:0]
	for _, m := range members {
		arrange(m.value, !names && hasNames[m.name] != 0)
		n.Content = append(n.Content, m.key, m.value)
	}
}

// member is one of a mapping.
type member struct {
	name       string
	key, value *yaml.Node
}

func split(n *yaml.Node) []member {
	members := make([]member, 0, len(n.Content)/2)
	for i := 0; i < len(n.Content); i += 2 {
		members = append(members, member{n.Content[i].Value, n.Content[i], n.Content[i+1]})
	}
	return members
}

// followOrder obeys the extension for the order, and takes it away.
func followOrder(members []member) []member {
	at := slices.IndexFunc(members, func(m member) bool { return m.name == orderKey })
	if at < 0 {
		return members
	}
	place := map[string]int{}
	for i, name := range members[at].value.Content {
		place[name.Value] = i
	}
	members = slices.Delete(members, at, at+1)
	for _, m := range members {
		if m.name != "properties" && m.name != "paths" {
			continue
		}
		named := split(m.value)
		slices.SortStableFunc(named, func(a, b member) int { return place[a.name] - place[b.name] })
		m.value.Content = m.value.Content[:0]
		for _, entry := range named {
			m.value.Content = append(m.value.Content, entry.key, entry.value)
		}
	}
	return members
}
