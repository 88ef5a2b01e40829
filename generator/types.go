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

// typeKey is the same text for identical types.
func typeKey(t types.Type) string { return types.TypeString(types.Unalias(t), nil) }

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
	obj, _, _ := types.LookupFieldOrMethod(t, addressable, nil, name)
	fn, ok := obj.(*types.Func)
	if !ok {
		return nil
	}
	return fn.Signature()
}

// hasMethod reports whether a value of the type has the method, with
// parameters and results as they stand in text, such as "([]byte) error".
func hasMethod(t types.Type, addressable bool, name, text string) bool {
	sig := method(t, addressable, name)
	if sig == nil || sig.Variadic() {
		return false
	}
	plain := types.NewSignatureType(nil, nil, nil, resolved(sig.Params()), resolved(sig.Results()), false)
	return types.TypeString(plain, nil) == "func"+text
}

// resolved returns the types of a tuple without names and aliases.
func resolved(tuple *types.Tuple) *types.Tuple {
	var vars []*types.Var
	for v := range tuple.Variables() {
		vars = append(vars, unnamed(types.Unalias(v.Type())))
	}
	return types.NewTuple(vars...)
}

// unnamed returns a parameter or result without a name.
func unnamed(t types.Type) *types.Var { return types.NewParam(token.NoPos, nil, "", t) }

func readsJSON(t types.Type) bool { return hasMethod(t, true, "UnmarshalJSON", "([]byte) error") }

func readsText(t types.Type) bool { return hasMethod(t, true, "UnmarshalText", "([]byte) error") }

func writesJSON(t types.Type, addressable bool) bool {
	return hasMethod(t, addressable, "MarshalJSON", "() ([]byte, error)")
}

func writesText(t types.Type, addressable bool) bool {
	return hasMethod(t, addressable, "MarshalText", "() ([]byte, error)")
}

func validates(t types.Type) bool { return hasMethod(t, true, "Validate", "() error") }

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
