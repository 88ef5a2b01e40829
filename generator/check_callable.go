package generator

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
)

// checkCallable refuses functions that generated code cannot call.
func checkCallable(src *source, d directive, fn *types.Func) []Diagnostic {
	name, pos := fn.Name(), d.decl.Name.Pos()
	if fn.Signature().Recv() != nil {
		return checkReceiver(src, d, fn)
	}
	switch {
	case name == "_" || name == "init" || name == "main" && src.name == "main":
		message := fmt.Sprintf("a function called %s cannot be called", name)
		return []Diagnostic{src.diagnose(pos, CategoryName, message, "give the handler a name of its own")}
	case fn.Signature().TypeParams().Len() > 0:
		message := fmt.Sprintf("%s is generic, and a route needs a function with concrete types", name)
		return []Diagnostic{src.diagnose(pos, CategoryReceiver, message, "put the directive on a function that calls it with concrete types")}
	}
	return nil
}

// checkReceiver refuses methods whose receiver cannot be a parameter of
// RegisterRoutes.
func checkReceiver(src *source, d directive, fn *types.Func) []Diagnostic {
	recv := fn.Signature().Recv().Type()
	if p, ok := types.Unalias(recv).(*types.Pointer); ok {
		recv = p.Elem()
	}
	if fn.Name() == "_" {
		return []Diagnostic{src.diagnose(d.decl.Name.Pos(), CategoryName, "a method called _ cannot be called", "give the handler a name of its own")}
	}
	named, ok := types.Unalias(recv).(*types.Named)
	pos := receiverPos(d.decl)
	if !ok {
		found := checkTypes(src, d, nil)
		if len(found) == 0 {
			found = append(found, invalidType(src, pos, "the receiver of "+fn.Name()))
		}
		return found
	}
	if named.TypeParams().Len() > 0 {
		message := fmt.Sprintf("%s is a method of the generic type %s, and RegisterRoutes takes concrete types", fn.Name(), named.Obj().Name())
		return []Diagnostic{src.diagnose(pos, CategoryReceiver, message, "put the directive on a method of a concrete type that embeds or calls it")}
	}
	return nil
}

// receiverPos is the place of the receiver's type.
func receiverPos(decl *ast.FuncDecl) token.Pos { return decl.Recv.List[0].Type.Pos() }
