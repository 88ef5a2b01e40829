package vet

import (
	"go/ast"
	"go/token"
	"go/types"
	"slices"
)

// findParts collects what a goroutine does: in the function that starts it, and
// in those of the package that it calls, or has as values. Where it comes back
// to what started it, that is not counted: who waits for all of a recursion
// stands there.
func (r *reporter) findParts(s *scope, g *start) {
	seen := make(map[ast.Node]bool)
	var add func(n ast.Node, list *[]ast.Node)
	add = func(n ast.Node, list *[]ast.Node) {
		if seen[n] || n != g.work && n.Pos() <= g.at.Pos() && g.at.End() <= n.End() {
			return
		}
		seen[n] = true
		*list = append(*list, n)
		ast.Inspect(n, func(n ast.Node) bool {
			id, ok := n.(*ast.Ident)
			if !ok {
				return true
			}
			switch o := r.pass.TypesInfo.Uses[id].(type) {
			case *types.Func:
				if decl := s.handler.decls[o.Origin()]; decl != nil {
					add(decl.Body, &g.outer)
				}
			case *types.Var:
				for _, value := range r.functions(s, o) {
					add(value, &g.inner)
				}
			}
			return true
		})
	}
	add(g.work, &g.inner)
}

// functions returns the literals and names of functions that a local variable
// can be.
func (r *reporter) functions(s *scope, v *types.Var) []ast.Expr {
	if _, ok := v.Type().Underlying().(*types.Signature); !ok || !isLocal(v, s.decl) {
		return nil
	}
	var found []ast.Expr
	for _, value := range assigned(r.pass.TypesInfo, s.decl, v) {
		switch value := ast.Unparen(value).(type) {
		case *ast.FuncLit, *ast.Ident, *ast.SelectorExpr:
			found = append(found, value)
		}
	}
	return found
}

// isPart reports whether a node is where a part of the goroutine begins.
func (g *start) isPart(n ast.Node) bool {
	return slices.Contains(g.inner, n) || slices.Contains(g.outer, n)
}

// declares reports whether a variable is the goroutine's own.
func (g *start) declares(v *types.Var) bool {
	for _, part := range g.inner {
		if within(v, part) {
			return true
		}
	}
	return false
}

// mentions reports whether the goroutine has a variable or field in it.
func (r *reporter) mentions(g *start, object types.Object) bool {
	same := func(o types.Object) bool { return origin(o) == object }
	for _, parts := range [][]ast.Node{g.inner, g.outer} {
		for _, part := range parts {
			if mentions(r.pass.TypesInfo, part, same) {
				return true
			}
		}
	}
	return false
}

// drops reports whether the goroutine receives from a channel only to know that
// it can: what it gives back to a semaphore, or how it is told to stop. In
// functions that it calls, a parameter of the channel's type is taken for it.
func (r *reporter) drops(g *start, channel types.Object) bool {
	is := func(e ast.Expr, called bool) bool {
		o := r.object(e)
		v, ok := o.(*types.Var)
		if !ok || o == channel {
			return ok
		}
		return called && !v.IsField() && isChannel(channel.Type()) && isChannel(v.Type()) &&
			types.Identical(element(v), element(channel))
	}
	found := false
	for i, parts := range [][]ast.Node{g.inner, g.outer} {
		for _, part := range parts {
			ast.Inspect(part, func(n ast.Node) bool {
				if from := dropped(n); from != nil {
					found = found || is(from, i == 1)
				}
				return !found
			})
		}
	}
	return found
}

// dropped returns the channel that a statement receives from without using what
// it gets; nil when it does something else.
func dropped(n ast.Node) ast.Expr {
	statement, ok := n.(*ast.ExprStmt)
	if !ok {
		return nil
	}
	receive, ok := ast.Unparen(statement.X).(*ast.UnaryExpr)
	if !ok || receive.Op != token.ARROW {
		return nil
	}
	return receive.X
}

func element(channel types.Object) types.Type {
	return channel.Type().Underlying().(*types.Chan).Elem()
}

// origin is the object of which o is an instance, if it is the field of a
// generic type.
func origin(o types.Object) types.Object {
	if v, ok := o.(*types.Var); ok {
		return v.Origin()
	}
	return o
}

// endsByItself reports whether a goroutine watches for the end of the handler:
// by its context, or by a channel that the handler closes.
func (r *reporter) endsByItself(s *scope, g *start) bool {
	found := false
	for _, part := range g.inner {
		ast.Inspect(part, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.ExprStmt:
				found = found || r.isDoneOfHandler(s, dropped(n), "Done")
			case *ast.ForStmt:
				if condition, ok := n.Cond.(*ast.BinaryExpr); ok {
					found = found || r.isDoneOfHandler(s, condition.X, "Err")
				}
			}
			return !found
		})
	}
	return found || r.isStopped(s, g)
}

// isDoneOfHandler reports whether an expression calls the method of a context
// that ends with the handler.
func (r *reporter) isDoneOfHandler(s *scope, e ast.Expr, method string) bool {
	call, ok := e.(*ast.CallExpr)
	if !ok || !isMethod(calledFunc(r.pass.TypesInfo, call), "context", "Context", method) {
		return false
	}
	selector, ok := ast.Unparen(call.Fun).(*ast.SelectorExpr)
	return ok && !r.isDetachedValue(s, selector.X, make(map[*types.Var]bool))
}

// isStopped reports whether the handler closes a channel by which the goroutine
// knows that it has to stop.
func (r *reporter) isStopped(s *scope, g *start) bool {
	found := false
	for _, other := range s.handler.scopes {
		ast.Inspect(other.decl.Body, func(n ast.Node) bool {
			if n == nil || found || g.isPart(n) {
				return false
			}
			if call, ok := n.(*ast.CallExpr); ok && r.isClose(call) {
				object := r.object(call.Args[0])
				found = object != nil && r.drops(g, object)
			}
			return !found
		})
	}
	return found
}

func (r *reporter) isClose(call *ast.CallExpr) bool {
	id, ok := ast.Unparen(call.Fun).(*ast.Ident)
	return ok && len(call.Args) == 1 && r.pass.TypesInfo.Uses[id] == types.Universe.Lookup("close")
}
