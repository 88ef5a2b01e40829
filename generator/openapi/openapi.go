// Package openapi writes what a contract promises as documents: OpenAPI 3.1 for
// its operations, AsyncAPI 3.0 for its events, and JSON Schema for one value.
//
// The functions are pure and safe for concurrent use. The same contract makes
// the same bytes.
package openapi

import (
	sv "github.com/sv-tools/openapi"

	"github.com/cnerium/cnerium-go/generator/contract"
)

// The formats of a document.
const (
	JSON = "json"
	YAML = "yaml"
)

// Document returns the OpenAPI 3.1 document of the contract's operations, as
// [JSON] or [YAML]. It fails for another format, and for operations that one
// document cannot tell apart: the same method and path for two hosts.
// Without operations it is a document of no paths.
func Document(c *contract.Contract, format string) ([]byte, error) {
	d := newDocument(c)
	if err := d.addOperations(); err != nil {
		return nil, err
	}
	return render(sv.NewExtendable(d.build()).AddExt(orderKey, d.order), format)
}

// Events returns the AsyncAPI 3.0 document of the contract's events, as [JSON]
// or [YAML]; nil when the contract has none. It fails for another format.
func Events(c *contract.Contract, format string) ([]byte, error) {
	if len(c.Events) == 0 {
		return nil, nil
	}
	return render(newAsyncDocument(c), format)
}

// Schema returns a JSON Schema (2020-12) that a value passes which is made by
// encoding/json. It stands by itself: what it refers to is in its $defs. The
// types of c, which may be nil, only have a say in the names there.
func Schema(c *contract.Contract, s *contract.Schema) ([]byte, error) {
	types := reach([]*contract.Schema{s})
	b := &builder{prefix: "#/$defs/", names: nameTypes(c, types)}
	root := b.schema(s)
	if root.Ref != nil {
		root = sv.NewRefOrSpec[sv.Schema](&sv.Schema{AllOf: []*sv.RefOrSpec[sv.Schema]{root}})
	}
	root.Spec.Schema = sv.Draft202012
	root.Spec.Defs = b.components(types)
	ordered, err := tree(root)
	if err != nil {
		return nil, err
	}
	return indented(ordered), nil
}
