package vet

import (
	"go/ast"
	"go/types"
	"slices"
	"strings"
)

// safeMethods are those that only read.
var safeMethods = []string{"", "GET", "HEAD", "OPTIONS", "TRACE"}

// unsafeMethod reports whether a request may have a method that is not safe to
// repeat, and which; "" for one that is not known.
func (w *forward) unsafeMethod(e ast.Expr) (word string, unsafe bool) {
	for _, word := range w.methods(w.scope, e, make(map[*types.Var]bool)) {
		if word == unknownMethod {
			return "", true
		}
		if !slices.Contains(safeMethods, strings.ToUpper(word)) {
			return strings.ToUpper(word), true
		}
	}
	return "", false
}

// checkBuilt reports a request that a function of the package makes for its
// caller, and that is sent by the caller.
func (w *forward) checkBuilt(call *ast.CallExpr) {
	builder := w.handlers.declOf(w.pass, call)
	if builder == nil || w.mentionsKey(call) {
		return
	}
	inner := &scope{handler: w.scope.handler, decl: builder}
	ast.Inspect(builder.Body, func(n ast.Node) bool {
		made, ok := n.(*ast.CallExpr)
		f := (*types.Func)(nil)
		if ok {
			f = calledFunc(w.pass.TypesInfo, made)
		}
		if isFunc(f, "net/http", "NewRequest", "NewRequestWithContext") && w.isHandedOut(inner, made) {
			if word, unsafe := w.builtMethod(inner, methodArgument(made, f), call); unsafe {
				w.checkRequest(call, word)
			}
		}
		return true
	})
}

// isHandedOut reports whether a function returns the request that it makes by a
// call, and has not given it a key.
func (w *forward) isHandedOut(s *scope, made *ast.CallExpr) bool {
	if cursor, ok := w.root.FindNode(made); ok {
		if _, returned := cursor.Parent().Node().(*ast.ReturnStmt); returned {
			return true
		}
	}
	v := w.resultOf(made)
	if v == nil {
		return false
	}
	end := w.fateOf(s, v, make(map[*types.Var]bool))
	return end.returned && !end.keyed && !end.lost
}

// builtMethod is unsafeMethod for a request that one call has a builder make.
func (w *forward) builtMethod(builder *scope, method ast.Expr, call *ast.CallExpr) (word string, unsafe bool) {
	i := parameterIndex(w.pass.TypesInfo, builder.decl, variable(w.pass.TypesInfo, method))
	if i >= 0 && i < len(call.Args) {
		return w.unsafeMethod(call.Args[i])
	}
	if word, ok := text(w.pass.TypesInfo, method); ok {
		return strings.ToUpper(word), !slices.Contains(safeMethods, strings.ToUpper(word))
	}
	return "", true
}

// unknownMethod stands for a method that is made while the program runs.
const unknownMethod = "?"

// methods returns the methods that an expression can be: a constant, or a
// parameter, with what the calls in the same handler give for it. The parameters
// that are seen already add nothing.
func (w *forward) methods(s *scope, e ast.Expr, seen map[*types.Var]bool) []string {
	if word, ok := text(w.pass.TypesInfo, e); ok {
		return []string{word}
	}
	v := variable(w.pass.TypesInfo, e)
	i := parameterIndex(w.pass.TypesInfo, s.decl, v)
	if i < 0 {
		return []string{unknownMethod}
	}
	if seen[v] {
		return nil
	}
	seen[v] = true
	var words []string
	for _, caller := range s.handler.scopes {
		ast.Inspect(caller.decl.Body, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if ok && w.handlers.declOf(w.pass, call) == s.decl && i < len(call.Args) {
				words = append(words, w.methods(caller, call.Args[i], seen)...)
			}
			return true
		})
	}
	return words
}

// parameterIndex returns the place of a variable among the parameters of a
// function, below zero when it is none of them.
func parameterIndex(info *types.Info, function *ast.FuncDecl, v *types.Var) int {
	object, ok := info.Defs[function.Name].(*types.Func)
	if !ok || v == nil {
		return -1
	}
	params := object.Signature().Params()
	for i := range params.Len() {
		if params.At(i) == v {
			return i
		}
	}
	return -1
}
