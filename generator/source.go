package generator

import (
	"go/ast"
	"go/token"
	"go/types"
)

// source is one package that has a directive, parsed and type-checked without
// the bodies of its functions and without its own generated file. Scan and
// load make it, model reads it.
type source struct {
	path  string // import path
	name  string // package name
	dir   string // absolute
	fset  *token.FileSet
	disk  *disk
	files []*ast.File             // in the order of their names; without the bodies of functions; no tests, no generated file
	types *types.Package          // what the directives reach, and no more
	own   map[*types.Package]bool // those that were type-checked from source, as this one
	info  *types.Info             // Defs of the handlers

	declared map[string]token.Pos // its package-level names
	imported []string             // names of imports in its files

	// directives are the well-formed ones, each on its function, in source
	// order: by file name, then position.
	directives []directive

	// events and targets are the other well-formed directives, in source order.
	events  []eventDirective
	targets []targetDirective

	// contract tells load that a contract is wanted, for which types of other
	// modules are needed, too, and comments.
	contract bool

	// encodable are the structs that encoding/json was seen to take.
	encodable map[jsonKey]bool

	// typeErrors are all that the type checker found in the module's own
	// packages, whether or not a handler reaches them.
	typeErrors []types.Error
}

// isEmpty reports whether there is no well-formed directive.
func (s *source) isEmpty() bool { return len(s.directives)+len(s.events)+len(s.targets) == 0 }

// directive is one //cnerium:durable line with its words. Nothing is judged
// yet but the number of words and the form of the options.
type directive struct {
	decl      *ast.FuncDecl
	pos       token.Pos // of the //
	method    word
	pattern   word // the path part, without the method
	operation word
	options   []option
}

// word is a part of a directive with its place.
type word struct {
	text string
	pos  token.Pos
}

// option is name=value.
type option struct {
	name, value word
}

// fileNames returns the absolute names of the files of a source.
func (s *source) fileNames() []string {
	names := make([]string, len(s.files))
	for i, file := range s.files {
		names[i] = s.position(file.Package).Filename
	}
	return names
}
