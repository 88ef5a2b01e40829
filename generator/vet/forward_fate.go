package vet

import (
	"go/ast"
	"go/types"
	"net/http"
	"strings"

	"golang.org/x/tools/go/ast/edge"
	"golang.org/x/tools/go/ast/inspector"
)

// fate is what becomes of a request.
type fate struct {
	keyed bool     // it gets a key
	fresh ast.Expr // a key that is another one each time; nil for none
	sent  bool     // it goes out
	lost  bool     // it goes where nobody follows, and may get a key there

	returned bool // it goes to the caller
}

func (f *fate) add(other fate) {
	f.keyed = f.keyed || other.keyed
	f.sent = f.sent || other.sent
	f.lost = f.lost || other.lost
	f.returned = f.returned || other.returned
	if f.fresh == nil {
		f.fresh = other.fresh
	}
}

// fateOf follows a request through a function, and into those of the package
// that it is given to. The variables that are seen already add nothing.
func (w *forward) fateOf(s *scope, v *types.Var, seen map[*types.Var]bool) fate {
	var end fate
	if seen[v] {
		return end
	}
	seen[v] = true
	body, ok := w.root.FindNode(s.decl.Body)
	if !ok {
		return fate{lost: true}
	}
	same := map[*types.Var]bool{v: true}
	for cursor := range body.Preorder((*ast.Ident)(nil)) {
		use, ok := w.pass.TypesInfo.Uses[cursor.Node().(*ast.Ident)].(*types.Var)
		if !ok || !same[use] {
			continue
		}
		cursor = w.asRequest(cursor)
		if alias := w.aliasOf(cursor); alias != nil {
			same[alias] = true
			continue
		}
		end.add(w.useOf(s, cursor, seen))
	}
	return end
}

// asRequest goes from a name of the request up to the largest expression that
// is still the request: in parentheses, or a copy with another context.
func (w *forward) asRequest(cursor inspector.Cursor) inspector.Cursor {
	for {
		parent := cursor.Parent()
		switch n := parent.Node().(type) {
		case *ast.ParenExpr:
			cursor = parent
		case *ast.SelectorExpr:
			call, ok := parent.Parent().Node().(*ast.CallExpr)
			if !ok || call.Fun != n || !isMethod(calledFunc(w.pass.TypesInfo, call), "net/http", "Request", "WithContext", "Clone") {
				return cursor
			}
			cursor = parent.Parent()
		default:
			return cursor
		}
	}
}

// aliasOf returns the variable that a request is assigned to, too.
func (w *forward) aliasOf(cursor inspector.Cursor) *types.Var {
	kind, i := cursor.ParentEdge()
	if assign, ok := cursor.Parent().Node().(*ast.AssignStmt); ok && kind == edge.AssignStmt_Rhs && i < len(assign.Lhs) {
		return variable(w.pass.TypesInfo, assign.Lhs[i])
	}
	return nil
}

// useOf judges one use of a request by what stands around it.
func (w *forward) useOf(s *scope, cursor inspector.Cursor, seen map[*types.Var]bool) fate {
	parent := cursor.Parent()
	switch n := parent.Node().(type) {
	case *ast.SelectorExpr:
		if n.Sel.Name == "Header" {
			return w.headerUse(s, parent)
		}
		return fate{}
	case *ast.CallExpr:
		if kind, i := cursor.ParentEdge(); kind == edge.CallExpr_Args {
			return w.argumentUse(s, n, i, seen)
		}
	case *ast.ReturnStmt:
		return fate{returned: true}
	case *ast.BinaryExpr:
		return fate{}
	case *ast.AssignStmt:
		if kind, _ := cursor.ParentEdge(); kind == edge.AssignStmt_Lhs {
			return fate{}
		}
	}
	return fate{lost: true}
}

// argumentUse judges a request that is given to a function.
func (w *forward) argumentUse(s *scope, call *ast.CallExpr, i int, seen map[*types.Var]bool) fate {
	if callee := w.handlers.declOf(w.pass, call); callee != nil {
		object, ok := w.pass.TypesInfo.Defs[callee.Name].(*types.Func)
		if !ok || i >= object.Signature().Params().Len() || object.Signature().Variadic() {
			return fate{lost: true}
		}
		inner := &scope{handler: s.handler, decl: callee}
		return w.fateOf(inner, object.Signature().Params().At(i), seen)
	}
	f := calledFunc(w.pass.TypesInfo, call)
	switch {
	case f == nil || f.Pkg() == nil:
		return fate{lost: true}
	case f.Signature().Recv() != nil && (f.Name() == "Do" || f.Name() == "RoundTrip"):
		return fate{sent: true}
	case isStandard(f.Pkg().Path()):
		return fate{}
	}
	return fate{lost: true}
}

// isStandard reports whether a package is one of the standard library.
func isStandard(path string) bool {
	first, _, _ := strings.Cut(path, "/")
	return !strings.Contains(first, ".")
}

// headerUse judges a use of the header of a request.
func (w *forward) headerUse(s *scope, header inspector.Cursor) fate {
	outer := header.Parent()
	switch n := outer.Node().(type) {
	case *ast.SelectorExpr:
		call, ok := outer.Parent().Node().(*ast.CallExpr)
		if ok && call.Fun == n && (n.Sel.Name == "Set" || n.Sel.Name == "Add") && len(call.Args) == 2 {
			return w.headerValue(s, call.Args[0], call.Args[1])
		}
		return fate{}
	case *ast.IndexExpr:
		kind, i := outer.ParentEdge()
		if assign, ok := outer.Parent().Node().(*ast.AssignStmt); ok && kind == edge.AssignStmt_Lhs {
			return w.headerValue(s, n.Index, valueAt(assign.Rhs, i))
		}
		return fate{}
	case *ast.CallExpr:
		// What carries a trace along sets no key.
		if t := w.pass.TypesInfo.Types[n.Fun]; t.IsType() && strings.HasSuffix(source(n.Fun), "HeaderCarrier") {
			return fate{}
		}
	}
	return fate{lost: true}
}

// headerValue judges a field of the header. One whose name is not known may be
// the key's.
func (w *forward) headerValue(s *scope, name, value ast.Expr) fate {
	word, ok := text(w.pass.TypesInfo, name)
	switch {
	case !ok:
		return fate{lost: true}
	case !carriesKey(word):
		return fate{}
	case w.isFresh(s, value):
		return fate{keyed: true, fresh: value}
	}
	return fate{keyed: true}
}

// keyHeader is the header that carries the key.
const keyHeader = "Idempotency-Key"

// carriesKey reports whether a header tells repetitions apart: the usual one,
// those of providers that put a word in front of it, and PayPal's.
func carriesKey(name string) bool {
	name = http.CanonicalHeaderKey(name)
	return strings.Contains(name, "Idempotency") || strings.Contains(name, "Idempotent") || name == "Paypal-Request-Id"
}
