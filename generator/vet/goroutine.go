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
afterwards is part of neither, and nobody carries it out again after a crash,
because a retry gets the stored response.

Reported is every goroutine that the handler starts and does not wait for, by a
go statement, a WaitGroup, an errgroup or time.AfterFunc. What counts as waiting
is a WaitGroup, an errgroup, a semaphore that is filled up, or a channel that
the goroutine sends to or closes. A goroutine that only watches for the end of
the handler, by its context or a channel that the handler closes, ends with it
and is not reported. The message is another one where the goroutine uses the
context, the transaction or the request, or emits, since that does not work at
all.

A context from context.WithoutCancel or context.Background makes that a
goroutine can go on, but not that anybody runs it again, and is no exception.
Where it does not matter that the work is lost, say so:

	//cnerium:ignore goroutine losing a count does no harm
	go s.count(id)`,
	Requires: []*analysis.Analyzer{handlersAnalyzer},
	Run:      runGoroutine,
}

func runGoroutine(pass *analysis.Pass) (any, error) {
	r := newReporter(pass, CategoryGoroutine)
	pass.ResultOf[handlersAnalyzer].(*handlers).each(func(s *scope) {
		ast.Inspect(s.decl.Body, func(n ast.Node) bool {
			started := startedBy(pass.TypesInfo, n)
			if started == nil {
				return true
			}
			r.findParts(s, started)
			// What a goroutine starts that is lost itself needs no word more.
			return !r.checkStart(s, started)
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

	// inner is the work, and what local variables in it stand for: function
	// literals, and names of functions.
	inner []ast.Node

	// outer are the bodies of the functions of the package that it calls.
	outer []ast.Node
}

// startedBy returns what a node starts; nil when it starts nothing.
func startedBy(info *types.Info, n ast.Node) *start {
	switch n := n.(type) {
	case *ast.GoStmt:
		return &start{at: n, head: n.Call.Fun, work: n.Call, word: "this goroutine"}
	case *ast.CallExpr:
		return startedByGroup(info, n)
	case *ast.ExprStmt:
		// A timer whose value is used can be stopped.
		call, ok := n.X.(*ast.CallExpr)
		if ok && isFunc(calledFunc(info, call), "time", "AfterFunc") && len(call.Args) == 2 {
			return &start{at: call, head: call.Fun, work: call.Args[1], word: "the timer"}
		}
	}
	return nil
}

// startedByGroup knows the groups that start goroutines.
func startedByGroup(info *types.Info, call *ast.CallExpr) *start {
	f := calledFunc(info, call)
	if !isMethod(f, "sync", "WaitGroup", "Go") && !isMethod(f, "golang.org/x/sync/errgroup", "Group", "Go", "TryGo") {
		return nil
	}
	selector, ok := ast.Unparen(call.Fun).(*ast.SelectorExpr)
	if !ok || len(call.Args) != 1 {
		return nil
	}
	return &start{at: call, head: call.Fun, work: call.Args[0], word: "the goroutine of " + source(call.Fun), group: selector.X}
}

// checkStart reports a goroutine that nobody waits for, and whether that is so.
func (r *reporter) checkStart(s *scope, g *start) bool {
	if r.isAwaited(s, g) {
		return false
	}
	f := finding{
		pos: g.at.Pos(), end: headEnd(g),
		hint: "wait for it before the handler returns, or emit an event and do the work where the event arrives",
	}
	switch used := r.usedAfterwards(s, g); {
	case used != "":
		f.message = fmt.Sprintf("%s can outlive %s, and uses %s, which ends with it", g.word, s.where(), used)
	case r.endsByItself(s, g):
		return false
	default:
		f.message = fmt.Sprintf("%s can outlive %s: when the process ends after the response was stored, nobody runs it again", g.word, s.where())
		f.hint += "; if it may be lost, put " + ignorePrefix + " " + CategoryGoroutine + " REASON above it"
	}
	r.report(f)
	return true
}

// headEnd is where what is reported ends: before the body of a function
// literal.
func headEnd(g *start) (end token.Pos) {
	if literal, ok := g.head.(*ast.FuncLit); ok {
		return literal.Type.End()
	}
	return g.head.End()
}
