package generator

import (
	"go/token"
	"go/types"
	"maps"
	"slices"
)

// buildPackage makes the model of a package, and every diagnostic of the
// package. The model is to be used only when there is none.
func buildPackage(src *source) (*Package, []Diagnostic) {
	p := &Package{Path: src.path, Name: src.name, Dir: src.dir, types: src.types, own: src.own, files: src.fileNames(), disk: src.disk}
	src.encodable = make(map[jsonKey]bool)
	elsewhere := declaredElsewhere(src)
	p.declared = slices.Sorted(maps.Keys(src.declared))
	p.declared = slices.AppendSeq(p.declared, maps.Keys(elsewhere))
	p.imported = src.imported
	var found []Diagnostic
	for _, d := range src.directives {
		route, more := buildRoute(src, d)
		p.Routes = append(p.Routes, route)
		found = append(found, more...)
	}
	var more []Diagnostic
	p.Events, more = buildEvents(src)
	found = append(found, more...)
	p.target, more = readTarget(src)
	found = append(found, more...)
	found = append(found, checkReserved(src, p, elsewhere)...)
	return p, sortDiagnostics(found)
}

// buildRoute makes the model of one directive and its handler.
func buildRoute(src *source, d directive) (*Route, []Diagnostic) {
	options, found := readOptions(src, d.options)
	wildcards, unusable := checkPattern(src, d.pattern)
	found = slices.Concat(found, unusable, checkMethod(src, d.method), checkOperation(src, d))
	handler, more := buildHandler(src, d, wildcards, len(unusable) == 0)
	found = append(found, more...)
	if handler != nil {
		found = append(found, checkStatus(src, d, options, handler.Result.Kind)...)
		found = append(found, checkLease(src, d, handler)...)
	}
	return &Route{
		Pos:          src.position(d.pos),
		Method:       d.method.text,
		Path:         d.pattern.text,
		Operation:    d.operation.text,
		Wildcards:    wildcards,
		Options:      options,
		Handler:      handler,
		pathPos:      src.position(d.pattern.pos),
		operationPos: src.position(d.operation.pos),
	}, found
}

// position returns a place in the file as it lies on disk, as the diagnostics
// of directives have it.
func (s *source) position(pos token.Pos) token.Position { return s.fset.PositionFor(pos, false) }

// diagnose returns a diagnostic about a place in the package.
func (s *source) diagnose(pos token.Pos, category, message, hint string) Diagnostic {
	return Diagnostic{Pos: s.position(pos), Category: category, Message: message, Hint: hint}
}

// text returns a type for a message.
func (s *source) text(t types.Type) string { return plainType(t, s.types) }
