package vet

import (
	"go/ast"
	"go/constant"
	"go/types"
	"strings"

	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/types/typeutil"
)

// isNamed reports whether a type, or what it points to, is the named one.
func isNamed(t types.Type, path, name string) bool {
	if p, ok := types.Unalias(t).(*types.Pointer); ok {
		t = p.Elem()
	}
	named, ok := types.Unalias(t).(*types.Named)
	if !ok {
		return false
	}
	object := named.Obj()
	return object.Name() == name && object.Pkg() != nil && unvendored(object.Pkg().Path()) == path
}

// unvendored is the path by which a vendored package is imported.
func unvendored(path string) string {
	if i := strings.LastIndex(path, "/vendor/"); i >= 0 {
		return path[i+len("/vendor/"):]
	}
	return path
}

func isContext(t types.Type) bool { return isNamed(t, "context", "Context") }

// isRequest reports whether a type is *cnerium.Request.
func isRequest(t types.Type) bool { return isNamed(t, runtimePath, "Request") }

// isTransaction reports whether a type is that of a handler's transaction.
func isTransaction(t types.Type) bool {
	return isNamed(t, sqlitePath, "Tx") || isNamed(t, pgPath, "Tx")
}

// calledFunc returns the function or method that is called, be it of an
// interface or not; nil for conversions, builtins and function values.
func calledFunc(info *types.Info, call *ast.CallExpr) *types.Func {
	f, ok := typeutil.Callee(info, call).(*types.Func)
	if !ok {
		return nil
	}
	return f
}

// isFunc reports whether f is a function of a package, and no method, with one
// of the names.
func isFunc(f *types.Func, path string, names ...string) bool {
	return f != nil && f.Signature().Recv() == nil && hasName(f, path, names)
}

// isMethod reports whether f is a method of the named type, or of the interface
// of that name.
func isMethod(f *types.Func, path, typeName string, names ...string) bool {
	return f != nil && f.Signature().Recv() != nil && hasName(f, path, names) &&
		isNamed(f.Signature().Recv().Type(), path, typeName)
}

func hasName(f *types.Func, path string, names []string) bool {
	if f.Pkg() == nil || unvendored(f.Pkg().Path()) != path {
		return false
	}
	for _, name := range names {
		if f.Name() == name {
			return true
		}
	}
	return false
}

// text returns the constant string that an expression is.
func text(info *types.Info, e ast.Expr) (string, bool) {
	value := info.Types[e].Value
	if value == nil || value.Kind() != constant.String {
		return "", false
	}
	return constant.StringVal(value), true
}

// variable returns the variable that an expression names; nil when it is
// something else, such as a field.
func variable(info *types.Info, e ast.Expr) *types.Var {
	id, ok := ast.Unparen(e).(*ast.Ident)
	if !ok {
		return nil
	}
	v, ok := info.ObjectOf(id).(*types.Var)
	if !ok {
		return nil
	}
	return v
}

// isLocal reports whether a variable is declared inside of a function, as no
// parameter of it.
func isLocal(v *types.Var, function *ast.FuncDecl) bool {
	return v != nil && function.Body.Pos() <= v.Pos() && v.Pos() < function.Body.End()
}

// mentions reports whether a node has the name of an object in it that
// satisfies the condition.
func mentions(info *types.Info, n ast.Node, is func(o types.Object) bool) bool {
	found := false
	ast.Inspect(n, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok && !found {
			o := info.Uses[id]
			found = o != nil && is(o)
		}
		return !found
	})
	return found
}

// visible reports whether a variable can be used by its name at a place.
func visible(pass *analysis.Pass, v *types.Var, at ast.Node) bool {
	if v == nil || v.Name() == "_" || v.Name() == "" {
		return false
	}
	inner := pass.Pkg.Scope().Innermost(at.Pos())
	if inner == nil {
		return false
	}
	_, found := inner.LookupParent(v.Name(), at.Pos())
	return found == v
}

// source prints an expression that is short enough for a message.
func source(e ast.Expr) string { return types.ExprString(e) }
