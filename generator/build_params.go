package generator

import (
	"fmt"
	"go/types"
)

// params makes the model of the parameters after ctx.
func (b *handlerBuilder) params(sig *types.Signature) []Param {
	list := make([]*types.Var, 0, sig.Params().Len())
	for v := range sig.Params().Variables() {
		list = append(list, v)
	}
	list = b.withoutContext(list)
	var params []Param
	seen := make(map[ParamKind]bool)
	for i, v := range list {
		if sig.Variadic() && i == len(list)-1 {
			b.addf(v.Pos(), CategoryParam, "parameter %s of %s is variadic, and a request has no use for that", b.paramName(v), b.name)
			b.bound[v.Name()] = true
			continue
		}
		p, ok := b.param(v)
		if !ok {
			continue
		}
		if seen[p.Kind] && p.Kind != ParamPath {
			b.second(v, p.Kind)
		}
		seen[p.Kind] = true
		params = append(params, p)
	}
	return params
}

// withoutContext returns the parameters after ctx. Where it is missing, the
// others are judged all the same.
func (b *handlerBuilder) withoutContext(list []*types.Var) []*types.Var {
	if len(list) > 0 && isContext(list[0].Type()) {
		return list[1:]
	}
	pos := b.d.decl.Name.Pos()
	if len(list) > 0 {
		pos = list[0].Pos()
	}
	message := fmt.Sprintf("the first parameter of %s is not a context.Context", b.name)
	b.add(pos, CategoryParam, message, `begin the parameters with "ctx context.Context"`)
	return list
}

// param makes the model of one parameter, if there can be one.
func (b *handlerBuilder) param(v *types.Var) (Param, bool) {
	t := v.Type()
	p := Param{Name: v.Name(), Type: t, variable: v}
	if isPointerTo(t, runtimePath, "Request") {
		p.Kind = ParamRequest
		return p, true
	}
	if store := transactionOf(t); store != nil {
		p.Kind, p.Store = ParamTransaction, store
		return p, true
	}
	if b.embedsText(v) {
		return Param{}, false
	}
	if kind, ok := scalarOf(t); ok {
		return b.pathParam(v, kind)
	}
	target, s, pointer := structOf(t)
	_, isScalar := scalarOf(target)
	isOther := isDatabase(t) || isNamed(target, runtimePath, "Request") || isNamed(target, "net/http", "Request")
	if s == nil || isScalar || isOther {
		b.wrongParam(v)
		b.bound[v.Name()] = true // nothing else is to be said about its wildcard
		return Param{}, false
	}
	p.Kind = ParamInput
	p.Input = b.input(v, target, s, pointer)
	return p, true
}

// pathParam makes the model of a parameter that takes a wildcard.
func (b *handlerBuilder) pathParam(v *types.Var, kind ScalarKind) (Param, bool) {
	if v.Name() == "" || v.Name() == "_" {
		message := fmt.Sprintf("a parameter of %s has the type %s and no name, so no wildcard belongs to it", b.name, b.src.text(v.Type()))
		b.add(v.Pos(), CategoryPathParam, message, "name it like a wildcard of the path")
		return Param{}, false
	}
	hint := fmt.Sprintf("add {%s} to the path, or make it a field of the input with a tag such as query:%q", v.Name(), v.Name())
	b.bindWildcard(v.Pos(), v.Name(), "parameter "+v.Name(), hint)
	value := &Binding{Place: PlacePath, Name: v.Name(), Type: v.Type(), Kind: kind}
	return Param{Kind: ParamPath, Name: v.Name(), Type: v.Type(), Value: value, variable: v}, true
}

// wrongParam reports a parameter that nothing of a request can be passed for.
func (b *handlerBuilder) wrongParam(v *types.Var) {
	t := v.Type()
	hint := "after ctx, a handler takes a transaction, *cnerium.Request, one input struct, and scalars named as path wildcards"
	target := t
	if p, ok := types.Unalias(t).(*types.Pointer); ok {
		target = p.Elem()
	}
	switch _, isScalar := scalarOf(target); {
	case isInvalid(target):
		b.invalid(v.Pos(), fmt.Sprintf("parameter %s of %s", b.paramName(v), b.name))
		return
	case isContext(t):
		b.addf(v.Pos(), CategoryParam, "%s has a second context.Context", b.name)
		return
	case isNamed(target, runtimePath, "Request"):
		hint = "take it as *cnerium.Request"
	case isPointerTo(t, "net/http", "Request"), isNamed(t, "net/http", "ResponseWriter"):
		hint = "take a *cnerium.Request and return a *cnerium.Response"
	case isDatabase(t):
		hint = "take the transaction of the store: a sqlitestore.Tx or a pgstore.Tx"
	case isScalar:
		hint = fmt.Sprintf("a wildcard always has a value: take %s without the pointer", b.src.text(target))
	}
	message := fmt.Sprintf("parameter %s of %s has the type %s, which cannot come from a request", b.paramName(v), b.name, b.src.text(t))
	b.add(v.Pos(), CategoryParam, message, hint)
}

// paramName names a parameter for a message.
func (b *handlerBuilder) paramName(v *types.Var) string {
	if v.Name() == "" {
		return "_"
	}
	return v.Name()
}

// second reports a second request, transaction or input.
func (b *handlerBuilder) second(v *types.Var, kind ParamKind) {
	switch kind {
	case ParamRequest:
		b.addf(v.Pos(), CategoryParam, "%s has a second *cnerium.Request", b.name)
		return
	case ParamTransaction:
		message := fmt.Sprintf("%s has a second transaction, %s: its response is stored in one", b.name, b.src.text(v.Type()))
		b.add(v.Pos(), CategoryParam, message, "keep that of the store which the application attaches")
		return
	}
	message := fmt.Sprintf("%s has a second input, %s: a request has one body", b.name, b.src.text(v.Type()))
	b.add(v.Pos(), CategoryBody, message, "make both of them fields of one struct")
}
