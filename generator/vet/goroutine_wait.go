package vet

import (
	"go/ast"
	"go/token"
	"go/types"
)

// isAwaited reports whether somebody in the handler seems to wait for a
// goroutine: with the means that the goroutine has to tell that it is done.
func (r *reporter) isAwaited(s *scope, g *start) bool {
	if g.group == nil && r.toldByOthers(s, g) || g.group != nil && r.isForeign(s, g.group) {
		return true
	}
	for _, other := range s.handler.scopes {
		if r.isAwaitedIn(other, g) {
			return true
		}
	}
	return false
}

// isAwaitedIn reports whether the waiting is in one function.
func (r *reporter) isAwaitedIn(s *scope, g *start) bool {
	awaited := false
	started := make(map[*ast.CallExpr]bool)
	ast.Inspect(s.decl.Body, func(n ast.Node) bool {
		if n == nil || awaited || g.isPart(n) {
			return false // it does not wait for itself
		}
		var means []ast.Expr
		switch n := n.(type) {
		case *ast.GoStmt:
			started[n.Call] = true
		case *ast.CallExpr:
			if !started[n] {
				means = r.handedTo(n)
			}
		}
		awaited = awaited || n.Pos() > g.at.End() && r.fillsUp(g, n)
		for _, e := range append(means, r.waitedOn(n)...) {
			awaited = awaited || r.tells(g, e)
		}
		return !awaited
	})
	return awaited
}

// fillsUp reports whether a node takes what the goroutine gives back to a
// semaphore: who takes all of it waits for all who have some.
func (r *reporter) fillsUp(g *start, n ast.Node) bool {
	switch n := n.(type) {
	case *ast.SendStmt:
		object := r.object(n.Chan)
		return object != nil && r.drops(g, object)
	case *ast.CallExpr:
		selector, ok := ast.Unparen(n.Fun).(*ast.SelectorExpr)
		return ok && isMethod(calledFunc(r.pass.TypesInfo, n), "golang.org/x/sync/semaphore", "Weighted", "Acquire") &&
			r.tells(g, selector.X)
	}
	return false
}

// handedTo returns the channels and groups that a function gets, which may wait
// for them.
func (r *reporter) handedTo(call *ast.CallExpr) []ast.Expr {
	if r.pass.TypesInfo.Types[call.Fun].IsBuiltin() {
		return nil
	}
	var means []ast.Expr
	for _, arg := range call.Args {
		if t := r.pass.TypesInfo.TypeOf(arg); t != nil && (isChannel(t) || isGroup(t)) {
			means = append(means, arg)
		}
	}
	return means
}

// waitedOn returns what a node waits for: the groups and channels.
func (r *reporter) waitedOn(n ast.Node) []ast.Expr {
	switch n := n.(type) {
	case *ast.SelectorExpr:
		if isWait(r.pass.TypesInfo.Uses[n.Sel]) {
			return []ast.Expr{n.X}
		}
	case *ast.UnaryExpr:
		if n.Op == token.ARROW {
			return []ast.Expr{n.X}
		}
	case *ast.RangeStmt:
		if t := r.pass.TypesInfo.TypeOf(n.X); t != nil && isChannel(t) {
			return []ast.Expr{n.X}
		}
	}
	return nil
}

// tells reports whether what a goroutine does could end a wait for e: it names
// the same variable or field, or was started by it.
func (r *reporter) tells(g *start, e ast.Expr) bool {
	object := r.object(e)
	if object == nil || isContext(object.Type()) {
		return false
	}
	if g.group != nil && r.object(g.group) == object {
		return true
	}
	return r.mentions(g, object)
}

// object returns the variable or field that an expression is.
func (r *reporter) object(e ast.Expr) types.Object {
	switch e := ast.Unparen(e).(type) {
	case *ast.Ident:
		return origin(r.pass.TypesInfo.ObjectOf(e))
	case *ast.SelectorExpr:
		return origin(r.pass.TypesInfo.ObjectOf(e.Sel))
	case *ast.IndexExpr:
		return r.object(e.X)
	case *ast.UnaryExpr:
		return r.object(e.X)
	}
	return nil
}

// toldByOthers reports whether a goroutine has a channel or a group that the
// caller has given, or gets back: then it may be the caller that waits. Who
// reads from a pipe waits for its end, too.
func (r *reporter) toldByOthers(s *scope, g *start) bool {
	tells := func(o types.Object) bool {
		v, ok := o.(*types.Var)
		if !ok || v.IsField() || g.declares(v) {
			return false
		}
		return isPipe(v.Type()) || (isChannel(v.Type()) || isGroup(v.Type())) && r.isShared(s, v)
	}
	for _, part := range g.inner {
		if mentions(r.pass.TypesInfo, part, tells) {
			return true
		}
	}
	return false
}

// isForeign reports whether a group came from the caller of a function, who may
// wait for it.
func (r *reporter) isForeign(s *scope, group ast.Expr) bool {
	v := variable(r.pass.TypesInfo, group)
	return v != nil && r.isShared(s, v)
}

// isShared reports whether the caller of a function has a variable, too. The
// caller of a handler waits for nothing but its response, and what the handler
// is a method of is there for longer.
func (r *reporter) isShared(s *scope, v *types.Var) bool {
	service := s.handler.scopes[0].receiver
	if s.own || service != nil && types.Identical(service.Type(), v.Type()) {
		return false
	}
	return r.isParameter(s, v) || r.isReturned(s, v)
}

// isParameter reports whether a variable is a parameter of the function.
func (r *reporter) isParameter(s *scope, v *types.Var) bool {
	return !isLocal(v, s.decl) && v.Parent() != r.pass.Pkg.Scope() && s.decl.Pos() <= v.Pos() && v.Pos() < s.decl.End()
}

// isReturned reports whether a variable is a result of the function.
func (r *reporter) isReturned(s *scope, v *types.Var) bool {
	found := false
	ast.Inspect(s.decl.Body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit:
			return false
		case *ast.ReturnStmt:
			for _, result := range n.Results {
				found = found || mentions(r.pass.TypesInfo, result, func(o types.Object) bool { return o == v })
			}
		}
		return !found
	})
	return found
}

func isPipe(t types.Type) bool {
	return isNamed(t, "io", "PipeWriter") || isNamed(t, "io", "PipeReader")
}

func isChannel(t types.Type) bool {
	_, ok := t.Underlying().(*types.Chan)
	return ok
}

// isGroup reports whether a type, or what it points to, can be waited for.
func isGroup(t types.Type) bool {
	if isContext(t) {
		return false
	}
	object, _, _ := types.LookupFieldOrMethod(t, true, nil, "Wait")
	return isWait(object)
}

// isWait reports whether an object is a method that waits for others. Who waits
// for a rate limiter waits for the time.
func isWait(o types.Object) bool {
	f, ok := o.(*types.Func)
	return ok && f.Name() == "Wait" && !isMethod(f, "golang.org/x/time/rate", "Limiter", "Wait")
}
