package vet

import (
	"go/ast"
	"go/token"
	"go/types"
	"slices"
	"strings"

	"golang.org/x/tools/go/analysis"
)

// freshPackages make texts that are others each time.
var freshPackages = []string{
	"crypto/rand", "math/rand", "math/rand/v2", "github.com/google/uuid", "github.com/gofrs/uuid", "github.com/gofrs/uuid/v5",
	"github.com/satori/go.uuid", "github.com/oklog/ulid", "github.com/oklog/ulid/v2", "github.com/rs/xid",
	"github.com/segmentio/ksuid", "github.com/lithammer/shortuuid/v4", "github.com/matoous/go-nanoid/v2",
}

// stableNames are functions of those packages whose result depends on nothing
// but their arguments.
var stableNames = []string{"Parse", "MustParse", "NewSHA1", "NewMD5", "NewV5", "NewV3", "FromBytes", "FromString", "ParseBytes"}

// isFresh reports whether a value is another one each time that the handler
// runs: a random text, or the time.
func (w *forward) isFresh(s *scope, e ast.Expr) bool {
	if w.mentionsKeyIn(s, e) {
		return false
	}
	fresh := w.callsFresh(e)
	ast.Inspect(e, func(n ast.Node) bool {
		id, ok := n.(*ast.Ident)
		if !ok || fresh {
			return !fresh
		}
		if v, ok := w.pass.TypesInfo.Uses[id].(*types.Var); ok && isLocal(v, s.decl) {
			values := assigned(w.pass.TypesInfo, s.decl, v)
			fresh = len(values) > 0 && !slices.ContainsFunc(values, func(value ast.Expr) bool { return !w.callsFresh(value) })
		}
		return !fresh
	})
	return fresh
}

// callsFresh reports whether an expression has a call in it that makes
// something new, and depends on nothing.
func (w *forward) callsFresh(e ast.Expr) bool {
	found := false
	ast.Inspect(e, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok || found {
			return !found
		}
		f := calledFunc(w.pass.TypesInfo, call)
		if f == nil || f.Pkg() == nil {
			return true
		}
		path := unvendored(f.Pkg().Path())
		found = isFunc(f, "time", "Now") || isFunc(f, clientPath, "NewKey") ||
			slices.Contains(freshPackages, path) && f.Signature().Recv() == nil && !slices.Contains(stableNames, f.Name())
		return !found
	})
	return found
}

// mentionsKey reports whether a node is made with the handler's key.
func (w *forward) mentionsKey(n ast.Node) bool { return w.mentionsKeyIn(w.scope, n) }

func (w *forward) mentionsKeyIn(s *scope, n ast.Node) bool {
	if w.callsKey(n) {
		return true
	}
	return mentions(w.pass.TypesInfo, n, func(o types.Object) bool {
		v, ok := o.(*types.Var)
		return ok && isLocal(v, s.decl) && slices.ContainsFunc(assigned(w.pass.TypesInfo, s.decl, v), func(value ast.Expr) bool {
			return w.callsKey(value)
		})
	})
}

// callsKey reports whether there is a call of Request.Key in a node.
func (w *forward) callsKey(n ast.Node) bool {
	return mentions(w.pass.TypesInfo, n, func(o types.Object) bool {
		f, ok := o.(*types.Func)
		return ok && isMethod(f, runtimePath, "Request", "Key")
	})
}

// keyExpression is how the key is had where the check is.
func (w *forward) keyExpression() string {
	name := "cnerium"
	if imported, ok := importName(w.scope.file, runtimePath); ok {
		name = imported
	}
	switch s := w.scope; {
	case s.req != nil && s.req.Name() != "_":
		return s.req.Name() + ".Key()"
	case s.ctx != nil && s.ctx.Name() != "_":
		return name + ".FromContext(" + s.ctx.Name() + ").Key()"
	default:
		return name + ".FromContext(ctx).Key()"
	}
}

// importName returns the name by which a file has a package.
func importName(file *ast.File, path string) (string, bool) {
	for _, spec := range file.Imports {
		if strings.Trim(spec.Path.Value, "\"`") != path {
			continue
		}
		switch {
		case spec.Name == nil:
			return "cnerium", true
		case spec.Name.Name == "_" || spec.Name.Name == ".":
			return "", false
		default:
			return spec.Name.Name, true
		}
	}
	return "", false
}

// fixRequest sets the header behind the check of the error. It knows which key
// is right only for the one request of a handler.
func (w *forward) fixRequest(call *ast.CallExpr, v *types.Var) (analysis.SuggestedFix, bool) {
	none := analysis.SuggestedFix{}
	cursor, ok := w.root.FindNode(call)
	if !ok || !w.scope.own || !w.isOnlyRequest() {
		return none, false
	}
	for outer := range cursor.Enclosing((*ast.ForStmt)(nil), (*ast.RangeStmt)(nil)) {
		if outer.Node().Pos() > w.scope.decl.Pos() {
			return none, false
		}
	}
	check, ok := cursor.Parent().NextSibling()
	if !ok {
		return none, false
	}
	if test, ok := check.Node().(*ast.IfStmt); !ok || !isErrorCheck(test) {
		return none, false
	}
	edits, ok := w.keyEdits(call)
	if !ok {
		return none, false
	}
	indent := strings.Repeat("\t", w.pass.Fset.PositionFor(check.Node().Pos(), false).Column-1)
	line := "\n" + indent + v.Name() + `.Header.Set("` + keyHeader + `", ` + w.keyExpression() + ")"
	edits = append(edits, analysis.TextEdit{Pos: check.Node().End(), End: check.Node().End(), NewText: []byte(line)})
	return analysis.SuggestedFix{Message: "Forward the key", TextEdits: edits}, true
}

// isErrorCheck reports whether a statement leaves when there is an error.
func isErrorCheck(test *ast.IfStmt) bool {
	condition, ok := test.Cond.(*ast.BinaryExpr)
	if !ok || condition.Op != token.NEQ || test.Else != nil || len(test.Body.List) == 0 {
		return false
	}
	_, returns := test.Body.List[len(test.Body.List)-1].(*ast.ReturnStmt)
	return returns
}

// isOnlyRequest reports whether the handler makes one request alone.
func (w *forward) isOnlyRequest() bool {
	count := 0
	ast.Inspect(w.scope.decl.Body, func(n ast.Node) bool {
		if call, ok := n.(*ast.CallExpr); ok && isFunc(calledFunc(w.pass.TypesInfo, call), "net/http", "NewRequest", "NewRequestWithContext") {
			count++
		}
		return true
	})
	return count == 1
}

// keyEdits are those that the expression of the key needs besides: the import
// of the runtime.
func (w *forward) keyEdits(at ast.Node) ([]analysis.TextEdit, bool) {
	s := w.scope
	if s.req != nil && s.req.Name() != "_" {
		return nil, visible(w.pass, s.req, at)
	}
	if !visible(w.pass, s.ctx, at) {
		return nil, false
	}
	if _, ok := importName(s.file, runtimePath); ok {
		return nil, true
	}
	for _, decl := range s.file.Decls {
		general, ok := decl.(*ast.GenDecl)
		if ok && general.Tok == token.IMPORT && general.Rparen.IsValid() {
			text := "\tcnerium \"" + runtimePath + "\"\n"
			return []analysis.TextEdit{{Pos: general.Rparen, End: general.Rparen, NewText: []byte(text)}}, true
		}
	}
	return nil, false
}
