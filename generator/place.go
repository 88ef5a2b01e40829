package generator

import (
	"fmt"
	"go/ast"
	"go/token"
)

// ownFunction is the hint for directives that are far from any function.
const ownFunction = "write it directly above a function or method declaration"

// places finds the functions that the directives of a file stand on.
type places struct {
	fset  *token.FileSet
	file  *ast.File
	taken map[*ast.FuncDecl]token.Pos // functions that have one, and where
}

func (p *places) line(pos token.Pos) int { return p.fset.PositionFor(pos, false).Line }

// attach gives a directive its function, or returns why it gets none.
func (p *places) attach(d *directive, group *ast.CommentGroup) *fault {
	for _, decl := range p.file.Decls {
		if function, ok := decl.(*ast.FuncDecl); ok && function.Doc == group {
			d.decl = function
			return p.take(d)
		}
	}
	message, hint := p.misplaced(d.pos, group)
	return &fault{d.pos, CategoryDirectivePlace, "directive has no effect: " + message, hint}
}

// take notes that the directive's function has one, unless it has already.
func (p *places) take(d *directive) *fault {
	earlier, ok := p.taken[d.decl]
	if !ok {
		p.taken[d.decl] = d.pos
		return nil
	}
	return &fault{
		d.pos, CategoryDirectiveTwice,
		fmt.Sprintf("%s already has the directive of line %d", d.decl.Name.Name, p.line(earlier)),
		"one function is one route: give the other route a function of its own",
	}
}

// misplaced describes where a directive stands, and what to do about it.
func (p *places) misplaced(pos token.Pos, group *ast.CommentGroup) (message, hint string) {
	if pos < p.file.Package {
		return "it stands above the package clause", ownFunction
	}
	for _, decl := range p.file.Decls {
		function, isFunction := decl.(*ast.FuncDecl)
		switch {
		case decl.End() <= pos && p.line(decl.End()) != p.line(pos):
			continue
		case decl.End() <= pos:
			return "it stands behind " + declaration(decl), ownFunction
		case decl.Pos() <= pos && isFunction && function.Body != nil && function.Body.Pos() <= pos:
			return "it stands inside the body of " + function.Name.Name, ownFunction
		case decl.Pos() <= pos:
			return "it stands inside " + declaration(decl), ownFunction
		case isFunction:
			return "a blank line cuts it off from " + function.Name.Name, "remove the blank line"
		}
		if general, ok := decl.(*ast.GenDecl); ok && general.Doc == group {
			return "it stands on " + declaration(decl), ownFunction
		}
		break
	}
	return "it stands on no function", ownFunction
}

// declaration names a declaration for a message.
func declaration(decl ast.Decl) string {
	switch decl := decl.(type) {
	case *ast.FuncDecl:
		return "the declaration of " + decl.Name.Name
	case *ast.GenDecl:
		return map[token.Token]string{
			token.IMPORT: "an import declaration",
			token.CONST:  "a constant declaration",
			token.TYPE:   "a type declaration",
			token.VAR:    "a variable declaration",
		}[decl.Tok]
	default:
		return "what does not parse"
	}
}
