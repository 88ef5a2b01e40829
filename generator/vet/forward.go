package vet

import (
	"cmp"
	"fmt"
	"go/ast"
	"go/types"

	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/analysis/passes/inspect"
	"golang.org/x/tools/go/ast/inspector"
)

// Forward reports requests to other services that do not carry the key on.
var Forward = &analysis.Analyzer{
	Name: CategoryForward,
	Doc: `report outbound requests of a durable handler without its key

After a crash, a durable handler may run again with the same key. What it asks
of another service is asked again then, and only the key tells the other service
that it is the same request. The header has the key itself, or when a handler
sends several requests, the key and a suffix that is the same each time.

Reported are requests of net/http by POST, PUT, PATCH, DELETE, or a method that
is not known, and calls of clients that cneriumgen has generated. A request that
is handed to a function of another package is not: it may set the header.`,
	Requires: []*analysis.Analyzer{handlersAnalyzer, inspect.Analyzer},
	Run:      runForward,
}

// clientPath is the package that generated clients are layers over.
const clientPath = runtimePath + "/client"

// forward checks the requests of one package.
type forward struct {
	*reporter
	handlers *handlers
	root     inspector.Cursor
	scope    *scope // that is looked at
}

func runForward(pass *analysis.Pass) (any, error) {
	w := &forward{
		reporter: newReporter(pass, CategoryForward),
		handlers: pass.ResultOf[handlersAnalyzer].(*handlers),
		root:     pass.ResultOf[inspect.Analyzer].(*inspector.Inspector).Root(),
	}
	w.handlers.each(func(s *scope) {
		w.scope = s
		ast.Inspect(s.decl.Body, func(n ast.Node) bool {
			if call, ok := n.(*ast.CallExpr); ok {
				w.check(call)
			}
			return true
		})
	})
	w.reportUnused()
	return nil, nil
}

// check reports a call that sends a request, or the one that makes it.
func (w *forward) check(call *ast.CallExpr) {
	f := calledFunc(w.pass.TypesInfo, call)
	switch {
	case isFunc(f, "net/http", "Post", "PostForm"), isMethod(f, "net/http", "Client", "Post", "PostForm"):
		w.report(finding{
			pos: call.Pos(), end: call.End(),
			message: fmt.Sprintf("%s in %s cannot forward the key: when the handler runs again, so does the other side", source(call.Fun), w.scope.where()),
			hint:    "make the request with http.NewRequestWithContext, and set its header " + keyHeader,
		})
	case isFunc(f, "net/http", "NewRequest", "NewRequestWithContext"):
		if word, unsafe := w.unsafeMethod(methodArgument(call, f)); unsafe && !w.mentionsKey(call) {
			w.checkRequest(call, word)
		}
	default:
		w.checkBuilt(call)
		w.checkClient(call)
	}
}

// methodArgument returns the argument that is the method of a new request; nil
// when there is none.
func methodArgument(call *ast.CallExpr, f *types.Func) ast.Expr {
	i := 0
	if f.Name() == "NewRequestWithContext" {
		i = 1
	}
	if i >= len(call.Args) {
		return nil
	}
	return call.Args[i]
}

// checkRequest reports a request that is made by a call, and sent without the
// key.
func (w *forward) checkRequest(call *ast.CallExpr, method string) {
	v := w.resultOf(call)
	if v == nil {
		return
	}
	end := w.fateOf(w.scope, v, make(map[*types.Var]bool))
	switch {
	case end.lost, end.returned, !end.sent:
	case end.fresh != nil:
		w.report(finding{
			pos: end.fresh.Pos(), end: end.fresh.End(),
			message: fmt.Sprintf("the key of this request is made anew each time that %s runs", w.scope.handler.name),
			hint:    "make it from the handler's own key: " + w.keyExpression(),
		})
	case !end.keyed:
		w.reportKeyless(call, v, method)
	}
}

// reportKeyless reports a request without a key.
func (w *forward) reportKeyless(call *ast.CallExpr, v *types.Var, method string) {
	found := finding{
		pos: call.Pos(), end: call.End(),
		message: fmt.Sprintf("%s request in %s does not forward the key: when the handler runs again, so does the other side", cmp.Or(method, "this"), w.scope.where()),
		hint:    fmt.Sprintf("%s.Header.Set(%q, %s); with a suffix of its own where a handler sends several", v.Name(), keyHeader, w.keyExpression()),
	}
	if fix, ok := w.fixRequest(call, v); ok {
		found.fixes = []analysis.SuggestedFix{fix}
	}
	w.report(found)
}

// resultOf returns the variable that the request is kept in; nil when there is
// none.
func (w *forward) resultOf(call *ast.CallExpr) *types.Var {
	cursor, ok := w.root.FindNode(call)
	if !ok {
		return nil
	}
	switch parent := cursor.Parent().Node().(type) {
	case *ast.AssignStmt:
		if len(parent.Rhs) == 1 {
			return variable(w.pass.TypesInfo, parent.Lhs[0])
		}
	case *ast.ValueSpec:
		v, _ := w.pass.TypesInfo.Defs[parent.Names[0]].(*types.Var)
		return v
	}
	return nil
}

// checkClient reports a call of a generated client that lets it make a key.
func (w *forward) checkClient(call *ast.CallExpr) {
	signature, ok := w.pass.TypesInfo.TypeOf(call.Fun).(*types.Signature)
	if !ok {
		return
	}
	for i, arg := range call.Args {
		param := paramType(signature, i)
		if param == nil || !isNamed(param, clientPath, "Call") || !w.lacksKey(arg) {
			continue
		}
		w.report(finding{
			pos: call.Pos(), end: call.End(),
			message: fmt.Sprintf("%s in %s makes a key of its own: when the handler runs again, so does the other side", source(call.Fun), w.scope.where()),
			hint:    fmt.Sprintf("give it &client.Call{Key: %s}; with a suffix of its own where a handler calls several operations", w.keyExpression()),
		})
	}
}

// lacksKey reports whether a *client.Call has no key for certain.
func (w *forward) lacksKey(e ast.Expr) bool {
	e = ast.Unparen(e)
	if w.pass.TypesInfo.Types[e].IsNil() {
		return true
	}
	pointer, ok := e.(*ast.UnaryExpr)
	if !ok {
		return false
	}
	literal, ok := ast.Unparen(pointer.X).(*ast.CompositeLit)
	if !ok {
		return false
	}
	for _, element := range literal.Elts {
		pair, ok := element.(*ast.KeyValueExpr)
		if !ok {
			return false
		}
		if id, ok := pair.Key.(*ast.Ident); ok && (id.Name == "Key" || id.Name == "Header") {
			return false
		}
	}
	return true
}
