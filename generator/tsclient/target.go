package tsclient

import (
	"net/url"
	"strings"

	"github.com/cnerium/cnerium-go/generator/contract"
)

// target returns the expression for path and query.
func (o *operation) target() string {
	path, isTemplate := o.pathText()
	query := o.pairs(contract.InQuery)
	if isTemplate {
		path = "`" + path + "`"
	} else {
		path = quote(path)
	}
	if len(query) > 0 {
		return path + " + cnerium.query(" + inline(query) + ")"
	}
	return path
}

// pathText returns the path, and whether it is a template with expressions.
func (o *operation) pathText() (string, bool) {
	var path strings.Builder
	isTemplate := false
	rest := o.Path
	for {
		literal, after, found := strings.Cut(rest, "{")
		path.WriteString(escapedPath(literal))
		if !found {
			return path.String(), isTemplate
		}
		var name string
		name, rest, _ = strings.Cut(after, "}")
		if name == "$" {
			continue
		}
		isTemplate = true
		function := "segment"
		if strings.HasSuffix(name, "...") {
			function = "segments"
		}
		path.WriteString("${cnerium." + function + "(" + o.wildcard(strings.TrimSuffix(name, "...")) + ")}")
	}
}

// escapedPath encodes what may not stand in a URL, and in a template.
func escapedPath(literal string) string {
	if unescaped, err := url.PathUnescape(literal); err == nil {
		literal = unescaped
	}
	escaped := (&url.URL{Path: literal}).EscapedPath()
	return strings.NewReplacer("`", "%60", "$", "%24", `\`, "%5C").Replace(escaped)
}

// wildcard returns the expression for a value in the path.
func (o *operation) wildcard(name string) string {
	bare := 0
	for _, p := range o.Params {
		switch {
		case p.Bare && p.In == contract.InPath && p.Name == name:
			return o.args[bare].name
		case p.Bare:
			bare++
		}
	}
	if o.input != nil {
		for _, p := range o.input.params {
			if p.In == contract.InPath && p.Name == name {
				return member("input", p.property)
			}
		}
	}
	return quote("")
}

// pairs returns the members of an object that has the values of a place under
// their names on the wire.
func (o *operation) pairs(place contract.Place) []string {
	var pairs []string
	bare := 0
	for _, p := range o.Params {
		if p.Bare {
			if p.In == place {
				pairs = append(pairs, property(p.Name)+": "+o.args[bare].name)
			}
			bare++
		}
	}
	if o.input != nil {
		for _, p := range o.input.params {
			if p.In == place {
				pairs = append(pairs, property(p.Name)+": "+member("input", p.property))
			}
		}
	}
	return pairs
}

// inline returns an object as it stands in the middle of a property.
func inline(pairs []string) string {
	if line := "{ " + strings.Join(pairs, ", ") + " }"; len(line) <= 60 {
		return line
	}
	return "{\n      " + strings.Join(pairs, ",\n      ") + ",\n    }"
}
