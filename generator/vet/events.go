package vet

import (
	"fmt"
	"go/ast"
	"go/types"
	"path/filepath"

	"golang.org/x/tools/go/analysis"

	"github.com/cnerium/cnerium-go/generator"
)

// Events reports events that a durable handler publishes by anything but Emit.
var Events = &analysis.Analyzer{
	Name: CategoryEvents,
	Doc: `report events that do not go through cnerium.Emit

What a durable handler publishes by itself leaves before its response is stored.
If the handler then fails, or the process ends, the world knows of what has
never happened; and when the handler runs again, it is published again. Emit and
EmitTo store the event together with the response, and the publishers of the App
carry it out afterwards.

Reported are calls of a cnerium.Publisher, of the clients of brokers that are
known by name, and Emit with a context that is not the handler's.`,
	Requires: []*analysis.Analyzer{handlersAnalyzer},
	Run:      runEvents,
}

func runEvents(pass *analysis.Pass) (any, error) {
	r := newReporter(pass, CategoryEvents)
	pass.ResultOf[handlersAnalyzer].(*handlers).each(func(s *scope) {
		ast.Inspect(s.decl.Body, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.CallExpr:
				r.checkPublish(s, n)
				r.checkEmit(s, n)
			case *ast.SendStmt:
				r.checkSend(s, n)
			}
			return true
		})
	})
	r.reportUnused()
	return nil, nil
}

const emitHint = "call cnerium.Emit: it stores the event with the response, and a publisher of the App carries it out after the commit"

// checkPublish reports what publishes.
func (r *reporter) checkPublish(s *scope, call *ast.CallExpr) {
	f := calledFunc(r.pass.TypesInfo, call)
	if f == nil || f.Signature().Recv() == nil {
		return
	}
	if isPublisher(f) || isBroker(f) {
		r.report(finding{
			pos: call.Pos(), end: call.End(),
			message: fmt.Sprintf("%s publishes an event in %s before the response is stored", source(call.Fun), s.where()),
			hint:    emitHint,
		})
	}
}

// checkSend reports what publishes by a channel of a broker's client.
func (r *reporter) checkSend(s *scope, send *ast.SendStmt) {
	call, ok := ast.Unparen(send.Chan).(*ast.CallExpr)
	if !ok {
		return
	}
	if f := calledFunc(r.pass.TypesInfo, call); f != nil && f.Signature().Recv() != nil && isBrokerChannel(f) {
		r.report(finding{
			pos: send.Pos(), end: send.End(),
			message: fmt.Sprintf("%s publishes an event in %s before the response is stored", source(call.Fun), s.where()),
			hint:    emitHint,
		})
	}
}

// isPublisher reports whether a method is Publish as a cnerium.Publisher has
// it.
func isPublisher(f *types.Func) bool {
	params := f.Signature().Params()
	if f.Name() != "Publish" || params.Len() != 2 || !isContext(params.At(0).Type()) {
		return false
	}
	slice, ok := params.At(1).Type().Underlying().(*types.Slice)
	return ok && isNamed(slice.Elem(), runtimePath, "Event")
}

// checkEmit reports an Emit whose context has no request in it.
func (r *reporter) checkEmit(s *scope, call *ast.CallExpr) {
	f := calledFunc(r.pass.TypesInfo, call)
	if len(call.Args) == 0 || !isFunc(f, runtimePath, "Emit", "EmitTo") && !r.isGenerated(f) {
		return
	}
	ctx := call.Args[0]
	if !r.isEmptyContext(s, ctx, make(map[*types.Var]bool)) {
		return
	}
	found := finding{
		pos: call.Pos(), end: call.End(),
		message: fmt.Sprintf("%s in %s has a context that is not the handler's, and so returns ErrNoOperation", source(call.Fun), s.where()),
		hint:    "give it the context that the handler was given, or one made from it",
	}
	// A variable might be left without any use.
	if _, direct := ast.Unparen(ctx).(*ast.CallExpr); direct && visible(r.pass, s.ctx, call) {
		found.fixes = []analysis.SuggestedFix{{
			Message:   "Use the context of the handler",
			TextEdits: []analysis.TextEdit{{Pos: ctx.Pos(), End: ctx.End(), NewText: []byte(s.ctx.Name())}},
		}}
	}
	r.report(found)
}

// isGenerated reports whether a function is one of the package's output. Those
// that take a context emit events.
func (r *reporter) isGenerated(f *types.Func) bool {
	return f != nil && f.Pkg() == r.pass.Pkg && f.Pos().IsValid() &&
		filepath.Base(r.pass.Fset.File(f.Pos()).Name()) == generator.OutputName
}

// isEmptyContext reports whether an expression is context.Background() or
// context.TODO(), or made from nothing else. The variables that are seen already
// do not speak against it.
func (r *reporter) isEmptyContext(s *scope, e ast.Expr, seen map[*types.Var]bool) bool {
	if call, ok := ast.Unparen(e).(*ast.CallExpr); ok {
		f := calledFunc(r.pass.TypesInfo, call)
		switch {
		case isFunc(f, "context", "Background", "TODO"):
			return true
		case f != nil && f.Pkg() != nil && f.Pkg().Path() == "context" && len(call.Args) > 0:
			return r.isEmptyContext(s, call.Args[0], seen)
		}
		return false
	}
	v := variable(r.pass.TypesInfo, e)
	if !isLocal(v, s.decl) {
		return false
	}
	if seen[v] {
		return true
	}
	seen[v] = true
	values := assigned(r.pass.TypesInfo, s.decl, v)
	for _, value := range values {
		if !r.isEmptyContext(s, value, seen) {
			return false
		}
	}
	return len(values) > 0
}
