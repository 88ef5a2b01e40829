package openapi

import (
	"fmt"
	"slices"
	"strings"

	sv "github.com/sv-tools/openapi"

	"github.com/cnerium/cnerium-go/generator/contract"
)

// version is the one of the API, which a contract does not know, and of which
// a document must have one.
const version = "1"

// document is an OpenAPI document in the making.
type document struct {
	c       *contract.Contract
	types   []*contract.Type // that the operations refer to
	schemas *builder
	shared  shared
	paths   map[string]*sv.PathItem
	order   []string // of the paths
	tags    []string
}

func newDocument(c *contract.Contract) *document {
	var bodies, results []*contract.Schema
	for _, op := range c.Operations {
		bodies, results = append(bodies, op.Body), append(results, op.Result)
		for _, p := range op.Params {
			results = append(results, p.Schema)
		}
	}
	closed := map[*contract.Type]bool{}
	written := reach(results)
	for _, t := range reach(bodies) {
		closed[t] = !slices.Contains(written, t)
	}
	names := nameTypes(c, nil)
	schemas := &builder{prefix: "#/components/schemas/", names: names, closed: closed}
	return &document{
		c:       c,
		types:   reach(append(bodies, results...)),
		schemas: schemas,
		shared:  newShared(schemas),
		paths:   map[string]*sv.PathItem{},
	}
}

// build returns the whole document.
func (d *document) build() *sv.OpenAPI {
	info := &sv.Info{Title: d.c.Title, Version: version}
	info.Summary, info.Description = synopsis(d.c.Doc, "")
	doc := &sv.OpenAPI{
		OpenAPI: "3.1.1",
		Info:    sv.NewExtendable(info),
		Servers: []*sv.Extendable[sv.Server]{server("/")},
		Paths:   sv.NewExtendable(&sv.Paths{Paths: map[string]*sv.RefOrSpec[sv.Extendable[sv.PathItem]]{}}),
	}
	if len(d.order) > 0 {
		doc.Components = sv.NewExtendable(d.components())
	}
	for _, name := range d.tags {
		doc.Tags = append(doc.Tags, sv.NewExtendable(&sv.Tag{Name: name}))
	}
	for _, path := range d.order {
		doc.Paths.Spec.Add(path, sv.NewRefOrExtSpec[sv.PathItem](d.paths[path]))
	}
	return doc
}

func server(url string) *sv.Extendable[sv.Server] {
	return sv.NewExtendable(&sv.Server{URL: url})
}

// addOperations puts each operation at its path.
func (d *document) addOperations() error {
	for _, op := range d.c.Operations {
		path, names := template(op.Path)
		at := slices.IndexFunc(d.order, func(other string) bool { return shape(other) == shape(path) })
		if at >= 0 {
			path = d.order[at]
		} else {
			d.order = append(d.order, path)
			d.paths[path] = new(sv.PathItem)
		}
		place := slot(d.paths[path], op.Method)
		if place == nil {
			return fmt.Errorf("%s: a document of OpenAPI 3.1 has no place for the method %s", op.ID, op.Method)
		}
		if *place != nil {
			return fmt.Errorf("%s and %s are both %s %s, for different hosts or paths that a document cannot tell apart; "+
				"write a document for each of their packages", (*place).Spec.OperationID, op.ID, op.Method, path)
		}
		*place = d.operation(op, renamed(names, path))
	}
	return nil
}

// slot returns where an operation with the method stands; nil for another one.
func slot(item *sv.PathItem, method string) **sv.Extendable[sv.Operation] {
	switch method {
	case "POST":
		return &item.Post
	case "PUT":
		return &item.Put
	case "PATCH":
		return &item.Patch
	case "DELETE":
		return &item.Delete
	}
	return nil
}

// template returns a path as OpenAPI has it, and the names of its wildcards.
// There is nothing like {name...}: it becomes {name}.
func template(path string) (text string, names []string) {
	text = strings.ReplaceAll(path, "...}", "}")
	for rest := text; ; {
		_, after, found := strings.Cut(rest, "{")
		if !found {
			return text, names
		}
		name, after, _ := strings.Cut(after, "}")
		names, rest = append(names, name), after
	}
}

// shape is what paths have in common that are the same but for the names of
// their wildcards. They cannot stand beside each other in a document.
func shape(path string) string {
	_, names := template(path)
	for _, name := range names {
		path = strings.Replace(path, "{"+name+"}", "{}", 1)
	}
	return path
}

// renamed says how the wildcards are called in the template that stands for
// their path.
func renamed(names []string, path string) map[string]string {
	_, own := template(path)
	as := make(map[string]string, len(names))
	for i, name := range names {
		as[name] = own[i]
	}
	return as
}

// tag returns the heading below which an operation stands: what its name
// begins with.
func (d *document) tag(op *contract.Operation) string {
	name, _, _ := strings.Cut(op.ID, ".")
	if !slices.Contains(d.tags, name) {
		d.tags = append(d.tags, name)
	}
	return name
}
