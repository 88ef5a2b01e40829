package generator

import (
	"fmt"
	"go/token"
	"go/types"
	"maps"
	"slices"
)

// registerName is what a package's generated function is called.
const registerName = "RegisterRoutes"

// checkReserved refuses package-level names that generated code cannot do
// without: its own one, and the predeclared ones that it needs. Elsewhere are
// the names in files that take no part in this build.
func checkReserved(src *source, routes []*Route, elsewhere map[string]token.Position) []Diagnostic {
	needed := map[string]bool{"nil": true, "error": true}
	for _, r := range routes {
		if r.Handler != nil {
			for _, name := range mentionsOf(src.types, r.Handler.written()...).predefined {
				needed[name] = true
			}
		}
	}
	var found []Diagnostic
	refuse := func(name, why string) {
		pos, ok := elsewhere[name]
		if declared, here := src.declared[name]; here {
			pos, ok = src.position(declared), true
		}
		if ok {
			message := fmt.Sprintf("the package declares %s, %s", name, why)
			found = append(found, Diagnostic{Pos: pos, Category: CategoryName, Message: message, Hint: "rename it"})
		}
	}
	for _, name := range slices.Sorted(maps.Keys(needed)) {
		refuse(name, "and generated code needs the predeclared one")
	}
	refuse(registerName, "which is the name of the function to be generated")
	return found
}

// checkNameable refuses types that cannot be written down in generated code,
// because they hold an unexported type of another package: those of the
// signature, and those of inputs, which an alias of a pointer does not name.
func checkNameable(src *source, fn *types.Func, h *Handler) []Diagnostic {
	var found []Diagnostic
	sig := fn.Signature()
	for _, tuple := range []*types.Tuple{sig.Params(), sig.Results()} {
		for v := range tuple.Variables() {
			found = append(found, checkNames(src, fn, v, v.Type())...)
		}
	}
	for _, p := range h.Params {
		if p.Kind == ParamInput {
			found = append(found, checkNames(src, fn, p.variable, p.Input.Type)...)
		}
	}
	return found
}

// checkNames refuses one type, which a parameter or result has or points to.
func checkNames(src *source, fn *types.Func, v *types.Var, t types.Type) []Diagnostic {
	hidden := mentionsOf(src.types, t).hidden
	if hidden == nil {
		return nil
	}
	what := "type"
	if _, ok := hidden.(*types.Var); ok {
		what = "field"
	}
	message := fmt.Sprintf("%s has the %s %s.%s, which is unexported there", fn.Name(), what, hidden.Pkg().Name(), hidden.Name())
	return []Diagnostic{src.diagnose(v.Pos(), CategoryUnexported, message, fmt.Sprintf("export the %s, or use another", what))}
}
