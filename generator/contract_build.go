package generator

import (
	"cmp"
	"go/token"
	"go/types"
	"path"
	"slices"
	"strings"

	"github.com/cnerium/cnerium-go/generator/contract"
)

// contractOf makes the contract of packages without diagnostics, which make
// one document and one client together. The same packages give the same
// contract, whatever their order. With diagnostics, the contract is not to be
// used.
func contractOf(packages []*Package) (*contract.Contract, []Diagnostic) {
	packages = slices.SortedFunc(slices.Values(packages), func(a, b *Package) int { return cmp.Compare(a.Path, b.Path) })
	b := newContractBuilder(packages)
	b.result.Title = titleOf(packages)
	if len(packages) == 1 {
		b.result.Doc = b.comments.ofPackage(packages[0].files)
	}
	for _, p := range packages {
		b.home = p.types
		for _, r := range p.Routes {
			b.operation(p, r)
		}
	}
	for _, p := range packages {
		b.home = p.types
		for _, e := range p.Events {
			b.event(p, e)
		}
	}
	b.mergeTypes()
	b.nameTypes()
	b.nameOperations()
	b.nameEvents()
	return b.result, sortDiagnostics(b.found)
}

// contractBuilder makes one contract.
type contractBuilder struct {
	result     *contract.Contract
	comments   *comments
	own        map[*types.Package]bool // the packages of modules that are worked on
	operations []*namedOperation       // as those of the result
	events     []*namedEvent           // as those of the result
	types      []*contractType         // in the order in which they are reached
	byKey      map[contractKey]*contractType
	taken      *names          // by types and inputs
	open       map[string]bool // named pointers that are being looked at
	found      []Diagnostic

	// Where the builder is.
	home  *types.Package // whose operations and events it looks at
	at    token.Position // of the handler or of the event
	whose string         // for a message: the result of Create
}

func newContractBuilder(packages []*Package) *contractBuilder {
	b := &contractBuilder{
		result:   new(contract.Contract),
		comments: new(comments),
		own:      make(map[*types.Package]bool),
		byKey:    make(map[contractKey]*contractType),
		open:     make(map[string]bool),
	}
	for _, p := range packages {
		b.comments.disk = p.disk // one run has one
		b.own[p.types] = true
		for other, own := range p.own {
			b.own[other] = b.own[other] || own
		}
	}
	return b
}

// titleOf returns the names of packages, each once. A program is called as its
// folder is.
func titleOf(packages []*Package) string {
	var names []string
	for _, p := range packages {
		name := p.Name
		if name == "main" {
			name = path.Base(p.Path)
		}
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return strings.Join(names, ", ")
}

// position returns a place in the file as it lies on disk.
func (b *contractBuilder) position(pos token.Pos) token.Position {
	return b.comments.disk.fset.PositionFor(pos, false)
}

// event adds an event.
func (b *contractBuilder) event(p *Package, e *EventModel) {
	b.at, b.whose = e.Pos, "event "+e.Type
	doc := b.comments.of(e.Named.Obj().Pos())
	event := &contract.Event{
		Type:       e.Type,
		Doc:        doc.text,
		Deprecated: doc.deprecated,
		Data:       b.schema(e.Named, writing, nil),
	}
	b.result.Events = append(b.result.Events, event)
	b.events = append(b.events, &namedEvent{event, exportedName(e.Named.Obj().Name()), exportedName(p.Name)})
}
