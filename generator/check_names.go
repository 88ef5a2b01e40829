package generator

import (
	"fmt"
	"go/types"
	"maps"
	"slices"
)

// registerName is what a package's generated function is called.
const registerName = "RegisterRoutes"

// checkReserved refuses package-level names that generated code cannot do
// without: its own one, and the predeclared ones that it needs.
func checkReserved(src *source, routes []*Route) []Diagnostic {
	needed := map[string]bool{"nil": true, "error": true}
	for _, r := range routes {
		if r.Handler != nil {
			maps.Copy(needed, mentionsOf(src.types, r.Handler.Signature).predefined)
		}
	}
	var found []Diagnostic
	for _, name := range slices.Sorted(maps.Keys(needed)) {
		if obj := src.types.Scope().Lookup(name); obj != nil {
			message := fmt.Sprintf("the package declares %s, and generated code needs the predeclared one", name)
			found = append(found, src.diagnose(obj.Pos(), CategoryName, message, "rename it"))
		}
	}
	if obj := src.types.Scope().Lookup(registerName); obj != nil {
		message := fmt.Sprintf("the package declares %s, which is the name of the function to be generated", registerName)
		found = append(found, src.diagnose(obj.Pos(), CategoryName, message, "rename it"))
	}
	return found
}

// checkNameable refuses signatures that cannot be written down in generated
// code, because they hold an unexported type of another package.
func checkNameable(src *source, fn *types.Func) []Diagnostic {
	var found []Diagnostic
	sig := fn.Signature()
	for _, tuple := range []*types.Tuple{sig.Params(), sig.Results()} {
		for v := range tuple.Variables() {
			if hidden := mentionsOf(src.types, v.Type()).hidden; hidden != nil {
				message := fmt.Sprintf("%s has the type %s.%s, which is unexported there", fn.Name(), hidden.Pkg().Name(), hidden.Name())
				found = append(found, src.diagnose(v.Pos(), CategoryUnexported, message, "export the type, or use another"))
			}
		}
	}
	return found
}
