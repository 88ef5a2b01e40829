package generator

import (
	"fmt"
	"go/ast"
	"go/token"
)

// The hints for directives that are far from what they belong to.
const (
	ownFunction = "write it directly above a function or method declaration"
	ownStruct   = "write it directly above the declaration of a struct type"
	ownLine     = "write it above the package clause, or between declarations with a blank line around it"
)

// places finds what the directives of a file stand on.
type places struct {
	fset  *token.FileSet
	file  *ast.File
	taken map[ast.Node]token.Pos // declarations that have one, and where
	found *directives
}

func (p *places) line(pos token.Pos) int { return p.fset.PositionFor(pos, false).Line }

// attach gives a directive its function, or returns why it gets none.
func (p *places) attach(d *directive, group *ast.CommentGroup) *fault {
	for _, decl := range p.file.Decls {
		if function, ok := decl.(*ast.FuncDecl); ok && function.Doc == group {
			d.decl = function
			return p.take(d.pos, function, function.Name, "one function is one route: give the other route a function of its own")
		}
	}
	where, next := p.where(d.pos, group)
	if function, ok := next.(*ast.FuncDecl); ok && where == "" {
		return misplaced(d.pos, "a blank line cuts it off from "+function.Name.Name, "remove the blank line")
	}
	if where == "" {
		where = "it stands on no function"
	}
	return misplaced(d.pos, where, ownFunction)
}

// attachEvent gives a directive its type, or returns why it gets none.
func (p *places) attachEvent(d *eventDirective, group *ast.CommentGroup) *fault {
	for _, decl := range p.file.Decls {
		general, ok := decl.(*ast.GenDecl)
		if !ok || general.Tok != token.TYPE {
			continue
		}
		for _, spec := range general.Specs {
			spec, ok := spec.(*ast.TypeSpec)
			if ok && (spec.Doc == group || general.Doc == group && !general.Lparen.IsValid()) {
				d.spec = spec
				return p.take(d.pos, spec, spec.Name, "one struct is one type of event: give the other a struct of its own")
			}
		}
	}
	where, next := p.where(d.pos, group)
	if general, ok := next.(*ast.GenDecl); ok && where == "" && general.Tok == token.TYPE {
		return misplaced(d.pos, "a blank line cuts it off from the type declaration", "remove the blank line")
	}
	if where == "" {
		where = "it stands on no type"
	}
	return misplaced(d.pos, where, ownStruct)
}

// standing returns why a directive that stands for itself does not.
func (p *places) standing(pos token.Pos, group *ast.CommentGroup) *fault {
	where, _ := p.where(pos, group)
	if where == "" || pos < p.file.Package {
		return nil
	}
	return misplaced(pos, where, ownLine)
}

func misplaced(pos token.Pos, where, hint string) *fault {
	return &fault{pos, CategoryDirectivePlace, "directive has no effect: " + where, hint}
}

// take notes that a declaration has a directive, unless it has one already.
func (p *places) take(pos token.Pos, decl ast.Node, name *ast.Ident, hint string) *fault {
	earlier, ok := p.taken[decl]
	if !ok {
		p.taken[decl] = pos
		return nil
	}
	return &fault{
		pos, CategoryDirectiveTwice,
		fmt.Sprintf("%s already has the directive of line %d", name.Name, p.line(earlier)), hint,
	}
}

// where describes where a directive stands that is not on its own kind of
// declaration. It returns "" for one that stands between declarations, with the
// next of them, if there is one.
func (p *places) where(pos token.Pos, group *ast.CommentGroup) (string, ast.Decl) {
	if pos < p.file.Package {
		return "it stands above the package clause", nil
	}
	for _, decl := range p.file.Decls {
		function, isFunction := decl.(*ast.FuncDecl)
		switch {
		case decl.End() <= pos && p.line(decl.End()) != p.line(pos):
			continue
		case decl.End() <= pos:
			return "it stands behind " + declaration(decl), nil
		case decl.Pos() <= pos && isFunction && function.Body != nil && function.Body.Pos() <= pos:
			return "it stands inside the body of " + function.Name.Name, nil
		case decl.Pos() <= pos:
			return "it stands inside " + declaration(decl), nil
		case isFunction && function.Doc == group:
			return "it stands on " + declaration(decl), nil
		}
		if general, ok := decl.(*ast.GenDecl); ok && general.Doc == group {
			return "it stands on " + declaration(decl), nil
		}
		return "", decl
	}
	return "", nil
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
