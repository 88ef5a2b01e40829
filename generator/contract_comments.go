package generator

import (
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strings"
)

// comments finds what the comments of declarations say. Only files that have
// something to tell are parsed again, with their comments: the types of a run
// come from trees without them.
type comments struct {
	disk  *disk
	files map[string]map[int]comment // by path, then by the offset of the name that is declared
}

// comment is what stands above or behind a declaration, without directives.
type comment struct {
	text       string
	deprecated string // what follows "Deprecated:", which is not in the text then
	flags      bool   // of a constant: it is made with a shift, and so one bit of a number
}

// whole is the text with what is said of a deprecation.
func (c comment) whole() string {
	if c.deprecated == "" {
		return c.text
	}
	return strings.TrimSpace(c.text + "\n\nDeprecated: " + c.deprecated)
}

// of returns the comment of what is declared at a place; the zero value when
// there is none.
func (c *comments) of(pos token.Pos) comment {
	return c.at(c.disk.fset.PositionFor(pos, false))
}

// at is of for a place in a file as it lies on disk.
func (c *comments) at(at token.Position) comment {
	if !at.IsValid() || at.Filename == "" {
		return comment{}
	}
	found, ok := c.files[at.Filename]
	if !ok {
		found = c.read(at.Filename)
		if c.files == nil {
			c.files = make(map[string]map[int]comment)
		}
		c.files[at.Filename] = found
	}
	return found[at.Offset]
}

// ofPackage returns the comment of a package: that of the first of its files
// that has one.
func (c *comments) ofPackage(files []string) string {
	for _, name := range files {
		if tree, _ := c.parse(name, parser.PackageClauseOnly); tree != nil && tree.Doc != nil {
			if text := strings.TrimSpace(tree.Doc.Text()); text != "" {
				return text
			}
		}
	}
	return ""
}

// parse parses a file with its comments. Whatever is wrong with it has been
// reported before.
func (c *comments) parse(name string, mode parser.Mode) (*ast.File, *token.FileSet) {
	content, err := c.disk.readFile(name)
	if err != nil {
		return nil, nil
	}
	fset := token.NewFileSet()
	tree, _ := parser.ParseFile(fset, name, withoutBodies(content, nil), mode|parser.ParseComments)
	return tree, fset
}

// read collects the comments of a file.
func (c *comments) read(name string) map[int]comment {
	tree, fset := c.parse(name, parser.SkipObjectResolution)
	if tree == nil {
		return nil
	}
	r := commentReader{fset, make(map[int]comment)}
	for _, decl := range tree.Decls {
		switch decl := decl.(type) {
		case *ast.FuncDecl:
			r.note(newComment(decl.Doc), decl.Name)
		case *ast.GenDecl:
			r.general(decl)
		}
	}
	return r.found
}

// commentReader collects the comments of a file.
type commentReader struct {
	fset  *token.FileSet
	found map[int]comment
}

// note notes a comment by the place of a name.
func (r commentReader) note(c comment, at ast.Node) {
	if c != (comment{}) {
		r.found[r.fset.PositionFor(at.Pos(), false).Offset] = c
	}
}

func (r commentReader) general(decl *ast.GenDecl) {
	var shifts bool // of constants without values of their own, too
	for _, spec := range decl.Specs {
		switch spec := spec.(type) {
		case *ast.TypeSpec:
			r.note(newComment(spec.Doc, docOf(decl), spec.Comment), spec.Name)
			r.fields(spec.Type)
		case *ast.ValueSpec:
			if len(spec.Values) > 0 {
				shifts = slices.ContainsFunc(spec.Values, isShift)
			}
			c := newComment(spec.Doc, docOf(decl), spec.Comment)
			c.flags = shifts
			for _, name := range spec.Names {
				r.note(c, name)
			}
		}
	}
}

// docOf returns the comment of a declaration that is about its only part.
func docOf(decl *ast.GenDecl) *ast.CommentGroup {
	if decl.Lparen.IsValid() {
		return nil
	}
	return decl.Doc
}

// isShift reports whether a value is made as that of a flag.
func isShift(value ast.Expr) bool {
	found := false
	ast.Inspect(value, func(n ast.Node) bool {
		binary, ok := n.(*ast.BinaryExpr)
		found = found || ok && binary.Op == token.SHL
		return !found
	})
	return found
}

// fields collects the comments of the fields in a type, however deep.
func (r commentReader) fields(t ast.Expr) {
	ast.Inspect(t, func(n ast.Node) bool {
		s, ok := n.(*ast.StructType)
		if !ok {
			return true
		}
		for _, field := range fieldsOf(s.Fields) {
			c := newComment(field.Doc, field.Comment)
			for _, name := range field.Names {
				r.note(c, name)
			}
			if name := identOf(field.Type); name != nil && len(field.Names) == 0 {
				r.note(c, name)
			}
		}
		return true
	})
}

// newComment reads the first of the groups that says something.
func newComment(groups ...*ast.CommentGroup) comment {
	for _, group := range groups {
		if text := strings.TrimSpace(group.Text()); text != "" {
			return splitDeprecated(text)
		}
	}
	return comment{}
}

// splitDeprecated takes the paragraph that begins with "Deprecated:" out of a
// text, as the Go wiki has it.
func splitDeprecated(text string) comment {
	var c comment
	var rest []string
	for paragraph := range strings.SplitSeq(text, "\n\n") {
		if note, ok := strings.CutPrefix(paragraph, "Deprecated:"); ok && c.deprecated == "" {
			c.deprecated = strings.Join(strings.Fields(note), " ")
			if c.deprecated == "" {
				c.deprecated = "do not use it any more"
			}
			continue
		}
		rest = append(rest, paragraph)
	}
	c.text = strings.TrimSpace(strings.Join(rest, "\n\n"))
	return c
}
