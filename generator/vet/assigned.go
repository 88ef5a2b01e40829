package vet

import (
	"go/ast"
	"go/types"
)

// assigned returns what is assigned to a variable in a function, in the order
// of the source. Where a call gives several values, it is the call.
func assigned(info *types.Info, function *ast.FuncDecl, v *types.Var) []ast.Expr {
	var values []ast.Expr
	ast.Inspect(function.Body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.AssignStmt:
			for i, left := range n.Lhs {
				if variable(info, left) == v {
					values = append(values, valueAt(n.Rhs, i))
				}
			}
		case *ast.ValueSpec:
			for i, name := range n.Names {
				if info.Defs[name] == v && len(n.Values) > 0 {
					values = append(values, valueAt(n.Values, i))
				}
			}
		}
		return true
	})
	return values
}

func valueAt(values []ast.Expr, i int) ast.Expr {
	if i < len(values) {
		return values[i]
	}
	return values[0]
}
