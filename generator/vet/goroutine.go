package vet

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"

	"golang.org/x/tools/go/analysis"
)

// Goroutine reports goroutines that outlive their handler.
var Goroutine = &analysis.Analyzer{
	Name: CategoryGoroutine,
	Doc: `report goroutines that outlive a durable handler

When a durable handler has returned, its context ends, its transaction is over,
Emit refuses events, and its response is stored: what a goroutine does
afterwards is part of neither, and nobody carries it out again after a crash.

Reported are goroutines that use the context, the transaction or the request, or
that emit, when the function that starts them does not wait for them: by a
WaitGroup, an errgroup, or a channel that they send to or close.`,
	Requires: []*analysis.Analyzer{handlersAnalyzer},
	Run:      runGoroutine,
}

func runGoroutine(pass *analysis.Pass) (any, error) {
	r := newReporter(pass, CategoryGoroutine)
	pass.ResultOf[handlersAnalyzer].(*handlers).each(func(s *scope) {
		ast.Inspect(s.decl.Body, func(n ast.Node) bool {
			if started := startedBy(pass.TypesInfo, n); started != nil {
				r.checkStart(s, started)
			}
			return true
		})
	})
	r.reportUnused()
	return nil, nil
}

// start is a place where a goroutine begins.
type start struct {
	at   ast.Node // what is reported
	head ast.Node // and up to where: the statement without the body
	work ast.Node // what the goroutine does
	word string   // for the message

	// group is what the goroutine was started by, when that is a group to wait
	// for.
	group ast.Expr
}

// startedBy returns what a node starts; nil when it starts nothing.
func startedBy(info *types.Info, n ast.Node) *start {
	switch n := n.(type) {
	case *ast.GoStmt:
		return &start{at: n, head: n.Call.Fun, work: n.Call, word: "this goroutine"}
	case *ast.ExprStmt:
		call, ok := n.X.(*ast.CallExpr)
		if !ok {
			return nil
		}
		return startedByCall(info, call)
	}
	return nil
}

// startedByCall knows the functions that start goroutines. A timer whose value
// is used can be stopped, and is none of them.
func startedByCall(info *types.Info, call *ast.CallExpr) *start {
	f := calledFunc(info, call)
	selector, ok := ast.Unparen(call.Fun).(*ast.SelectorExpr)
	switch {
	case !ok || len(call.Args) == 0:
		return nil
	case isMethod(f, "sync", "WaitGroup", "Go"), isMethod(f, "golang.org/x/sync/errgroup", "Group", "Go"):
		return &start{at: call, head: call.Fun, work: call.Args[0], word: "the goroutine of " + source(call.Fun), group: selector.X}
	case isFunc(f, "time", "AfterFunc") && len(call.Args) == 2:
		return &start{at: call, head: call.Fun, work: call.Args[1], word: "the timer"}
	default:
		return nil
	}
}

// checkStart reports a goroutine that nobody waits for, if it uses what ends
// with the handler.
func (r *reporter) checkStart(s *scope, g *start) {
	used := r.usedAfterwards(s, g.work)
	if used == "" || r.isAwaited(s, g) {
		return
	}
	r.report(finding{
		pos: g.at.Pos(), end: headEnd(g),
		message: fmt.Sprintf("%s can outlive %s, and uses %s, which ends with it", g.word, s.where(), used),
		hint:    "wait for it before the handler returns, or emit an event and do the work where the event arrives",
	})
}

// headEnd is where what is reported ends: before the body of a function
// literal.
func headEnd(g *start) (end token.Pos) {
	if literal, ok := g.head.(*ast.FuncLit); ok {
		return literal.Type.End()
	}
	return g.head.End()
}

// usedAfterwards returns what the work of a goroutine uses of the handler; ""
// when it uses nothing of it.
func (r *reporter) usedAfterwards(s *scope, work ast.Node) string {
	used := ""
	note := func(what string) {
		if used == "" {
			used = what
		}
	}
	ast.Inspect(work, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CallExpr:
			f := calledFunc(r.pass.TypesInfo, n)
			if isFunc(f, "context", "WithoutCancel") || isMethod(f, "context", "Context", "Done", "Err") {
				return false // it goes on by intention, or watches for the end
			}
			if isFunc(f, runtimePath, "Emit", "EmitTo") {
				note("cnerium." + f.Name())
			}
		case *ast.Ident:
			v, ok := r.pass.TypesInfo.Uses[n].(*types.Var)
			if ok && !v.IsField() && !within(v, work) && r.endsWithHandler(s, v) {
				note(v.Name())
			}
		}
		return true
	})
	return used
}

// within reports whether a variable is declared inside of a node.
func within(v *types.Var, n ast.Node) bool { return n.Pos() <= v.Pos() && v.Pos() < n.End() }

// endsWithHandler reports whether a variable is of no use after the handler.
func (r *reporter) endsWithHandler(s *scope, v *types.Var) bool {
	switch {
	case v.Parent() == r.pass.Pkg.Scope():
		return false
	case isTransaction(v.Type()), isRequest(v.Type()):
		return true
	case isContext(v.Type()):
		return !r.isDetached(s, v, make(map[*types.Var]bool))
	}
	return false
}

// isDetached reports whether a context does not end with the handler: it was
// made from context.Background or by context.WithoutCancel, or it comes from
// somewhere else.
func (r *reporter) isDetached(s *scope, v *types.Var, seen map[*types.Var]bool) bool {
	if v == s.ctx {
		return false
	}
	if seen[v] || !isLocal(v, s.decl) {
		return true
	}
	seen[v] = true
	for _, value := range assigned(r.pass.TypesInfo, s.decl, v) {
		if !r.isDetachedValue(s, value, seen) {
			return false
		}
	}
	return true
}

func (r *reporter) isDetachedValue(s *scope, e ast.Expr, seen map[*types.Var]bool) bool {
	switch e := ast.Unparen(e).(type) {
	case *ast.CallExpr:
		if isFunc(calledFunc(r.pass.TypesInfo, e), "context", "WithoutCancel") {
			return true
		}
		for _, arg := range e.Args {
			if t := r.pass.TypesInfo.TypeOf(arg); t != nil && isContext(t) {
				return r.isDetachedValue(s, arg, seen)
			}
		}
	case *ast.Ident:
		if v := variable(r.pass.TypesInfo, e); v != nil {
			return r.isDetached(s, v, seen)
		}
	}
	return true
}
