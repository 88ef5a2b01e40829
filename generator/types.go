package generator

import (
	"go/token"
	"go/types"
)

// isNamed reports whether a type is the named one, or an alias of it.
func isNamed(t types.Type, path, name string) bool {
	named, ok := types.Unalias(t).(*types.Named)
	if !ok || named.Obj().Pkg() == nil {
		return false
	}
	return named.Obj().Pkg().Path() == path && named.Obj().Name() == name
}

// isPointerTo reports whether a type is a pointer to the named one.
func isPointerTo(t types.Type, path, name string) bool {
	p, ok := types.Unalias(t).(*types.Pointer)
	return ok && isNamed(p.Elem(), path, name)
}

// typeKey is the same for identical types: the name of a type that has one,
// else its text.
func typeKey(t types.Type) any {
	t = types.Unalias(t)
	if named, ok := t.(*types.Named); ok && named.TypeArgs().Len() == 0 {
		return named.Obj()
	}
	return types.TypeString(t, nil)
}

func isContext(t types.Type) bool { return isNamed(t, "context", "Context") }

func isTime(t types.Type) bool { return isNamed(t, "time", "Time") }

func isError(t types.Type) bool { return types.Identical(t, types.Universe.Lookup("error").Type()) }

// structOf returns the struct that a type is, or points to, with its name if
// it has one. The struct is nil when it is something else.
func structOf(t types.Type) (target types.Type, s *types.Struct, pointer bool) {
	if p, isPointer := types.Unalias(t).(*types.Pointer); isPointer {
		t, pointer = p.Elem(), true
	}
	s, _ = t.Underlying().(*types.Struct)
	return t, s, pointer
}

// method returns the signature of a method that a value of the type has; nil
// when there is none. Only an addressable value has those of the pointer.
func method(t types.Type, addressable bool, name string) *types.Signature {
	if hasNoMethods(types.Unalias(t)) {
		return nil
	}
	obj, _, _ := types.LookupFieldOrMethod(t, addressable, nil, name)
	fn, ok := obj.(*types.Func)
	if !ok {
		return nil
	}
	return fn.Signature()
}

// hasNoMethods is quick to say so of nearly every type that has none.
func hasNoMethods(t types.Type) bool {
	switch t := t.(type) {
	case *types.Basic, *types.Slice, *types.Map, *types.Array, *types.Chan, *types.Signature:
		return true
	case *types.Struct:
		for f := range t.Fields() {
			if f.Embedded() {
				return false
			}
		}
		return true
	case *types.Named:
		return t.NumMethods() == 0 && hasNoMethods(t.Underlying())
	}
	return false
}

// The parameters and results of the methods that are looked for.
var (
	nothing       = types.NewTuple()
	oneText       = types.NewTuple(unnamed(types.NewSlice(types.Typ[types.Byte])))
	oneError      = types.NewTuple(unnamed(types.Universe.Lookup("error").Type()))
	textWithError = types.NewTuple(oneText.At(0), oneError.At(0))
)

// hasMethod reports whether a value of the type has the method, with these
// parameters and results.
func hasMethod(t types.Type, addressable bool, name string, params, results *types.Tuple) bool {
	sig := method(t, addressable, name)
	return sig != nil && !sig.Variadic() && types.Identical(sig.Params(), params) && types.Identical(sig.Results(), results)
}

// unnamed returns a parameter or result without a name.
func unnamed(t types.Type) *types.Var { return types.NewParam(token.NoPos, nil, "", t) }

func readsJSON(t types.Type) bool { return hasMethod(t, true, "UnmarshalJSON", oneText, oneError) }

func readsText(t types.Type) bool { return hasMethod(t, true, "UnmarshalText", oneText, oneError) }

func writesJSON(t types.Type, addressable bool) bool {
	return hasMethod(t, addressable, "MarshalJSON", nothing, textWithError)
}

func writesText(t types.Type, addressable bool) bool {
	return hasMethod(t, addressable, "MarshalText", nothing, textWithError)
}

func validates(t types.Type) bool { return hasMethod(t, true, "Validate", nothing, oneError) }

// scalarOf says how a text becomes a value of the type, if it can.
func scalarOf(t types.Type) (ScalarKind, bool) {
	switch t.Underlying().(type) {
	case *types.Interface, *types.Pointer:
		return 0, false
	}
	if isTime(t) {
		return ScalarTime, true
	}
	if readsText(t) {
		return ScalarText, true
	}
	basic, ok := t.Underlying().(*types.Basic)
	if !ok {
		return 0, false
	}
	return basicScalar(basic)
}

func basicScalar(basic *types.Basic) (ScalarKind, bool) {
	info := basic.Info()
	switch {
	case basic.Kind() == types.Uintptr:
		return 0, false
	case info&types.IsString != 0:
		return ScalarString, true
	case info&types.IsBoolean != 0:
		return ScalarBool, true
	case info&types.IsUnsigned != 0:
		return ScalarUint, true
	case info&types.IsInteger != 0:
		return ScalarInt, true
	case info&types.IsFloat != 0:
		return ScalarFloat, true
	}
	return 0, false
}

// wrappedScalarOf is scalarOf for what can also be a slice of scalars or a
// pointer to one.
func wrappedScalarOf(t types.Type) (ScalarKind, Wrap, bool) {
	if kind, ok := scalarOf(t); ok {
		return kind, WrapNone, true
	}
	if p, ok := types.Unalias(t).(*types.Pointer); ok {
		kind, ok := scalarOf(p.Elem())
		return kind, WrapPointer, ok
	}
	s, ok := t.Underlying().(*types.Slice)
	if !ok || isByte(s.Elem()) {
		return 0, WrapNone, false
	}
	kind, ok := scalarOf(s.Elem())
	return kind, WrapSlice, ok
}

// isByte reports whether a slice of the type holds bytes rather than a list
// of small numbers.
func isByte(t types.Type) bool {
	basic, ok := t.Underlying().(*types.Basic)
	return ok && basic.Kind() == types.Byte
}
