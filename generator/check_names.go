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
// without: those that others call it by, and the predeclared ones that it
// needs. Elsewhere are the names in files that take no part in this build.
func checkReserved(src *source, p *Package, elsewhere map[string]token.Position) []Diagnostic {
	needed := map[string]bool{"error": true}
	if len(p.Routes) > 0 {
		needed["nil"] = true
	}
	if len(p.Events) > 0 {
		needed["string"] = true
	}
	for _, r := range p.Routes {
		if r.Handler != nil {
			for _, name := range mentionsOf(src.types, r.Handler.written()...).predefined {
				needed[name] = true
			}
		}
	}
	functions, found := emitNames(p.Events)
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
	if len(p.Routes) > 0 {
		refuse(registerName, "which is the name of the function to be generated")
	}
	for _, name := range functions {
		refuse(name, "which is the name of a function to be generated for an event")
	}
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
