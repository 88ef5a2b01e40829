package vet

import (
	"go/ast"
	"go/types"
)

// usedAfterwards returns what a goroutine uses of the handler; "" when it uses
// nothing of it.
func (r *reporter) usedAfterwards(s *scope, g *start) string {
	for _, part := range g.inner {
		if used := r.usedIn(s, g, part); used != "" {
			return used
		}
	}
	return ""
}

// usedIn returns what a part of a goroutine uses of the handler.
func (r *reporter) usedIn(s *scope, g *start, part ast.Node) string {
	used := ""
	note := func(what string) {
		if used == "" {
			used = what
		}
	}
	ast.Inspect(part, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CallExpr:
			f := calledFunc(r.pass.TypesInfo, n)
			if isFunc(f, "context", "WithoutCancel") || isMethod(f, "context", "Context", "Done", "Err") {
				return false // it does not end with the handler, or watches for the end
			}
			if isFunc(f, runtimePath, "Emit", "EmitTo") {
				note("cnerium." + f.Name())
			}
		case *ast.Ident:
			v, ok := r.pass.TypesInfo.Uses[n].(*types.Var)
			if ok && !v.IsField() && !g.declares(v) && r.endsWithHandler(s, v) {
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
