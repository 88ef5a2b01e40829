package generator

import (
	"github.com/dave/jennifer/jen"
)

// wrapper prints what one route does with a request.
type wrapper struct {
	*emitter
	route    *emitRoute
	scope    *names
	receiver string            // its name in the wrapper; "" for a function
	names    map[string]string // of path parameters, by the handler's names for them
}

// bind is the function that turns a request into a call.
func (w *wrapper) bind() jen.Code {
	var code []jen.Code
	usesRequest := false
	for _, p := range w.route.Handler.Params {
		usesRequest = usesRequest || p.usesRequest()
		if p.Kind == ParamPath {
			code = append(code, w.pathParam(p)...)
		}
	}
	for _, p := range w.route.Handler.Params {
		if p.Kind == ParamInput {
			code = append(code, w.input(p.Input)...)
		}
	}
	code = append(code, jen.Return(w.call(), jen.Nil()))
	req := jen.Op("*").Add(w.runtime("Request"))
	if usesRequest {
		req = jen.Id(w.local.req).Add(req)
	}
	return jen.Func().Params(req).Params(w.runtime("Call"), jen.Error()).Block(code...)
}

// usesRequest reports whether what is passed comes from the request.
func (p Param) usesRequest() bool {
	switch p.Kind {
	case ParamTransaction:
		return false
	case ParamInput:
		return p.Input.Body || len(p.Input.Bindings) > 0
	}
	return true
}

// pathParam declares the variable of a path parameter.
func (w *wrapper) pathParam(p Param) []jen.Code {
	name := w.scope.take(p.Name)
	w.names[p.Name] = name
	if isString(p.Type) {
		return []jen.Code{jen.Id(name).Op(":=").Add(w.pathValue(p.Value))}
	}
	return []jen.Code{
		jen.Var().Id(name).Id(w.text(p.Type)),
		w.guard(w.bindValue(*p.Value, jen.Id(name)), jen.Id(w.local.err)),
	}
}

// input declares the input, fills it in and validates it.
func (w *wrapper) input(in *Input) []jen.Code {
	name, err := jen.Id(w.local.in), jen.Id(w.local.err)
	code := []jen.Code{jen.Var().Add(name).Id(w.text(in.Type))}
	if in.Body {
		args := []jen.Code{jen.Op("&").Add(name)}
		for _, field := range in.NotInBody {
			args = append(args, jen.Lit(field))
		}
		code = append(code, w.guard(jen.Id(w.local.req).Dot("DecodeJSON").Call(args...), err))
	}
	for _, b := range in.Bindings {
		field := jen.Id(w.local.in).Dot(b.Field)
		if b.Place == PlacePath && isString(b.Type) {
			code = append(code, field.Op("=").Add(w.pathValue(&b)))
			continue
		}
		code = append(code, w.guard(w.bindValue(b, field), err))
	}
	if in.Validate {
		invalid := w.runtime("Invalid").Call(err)
		code = append(code, w.guard(jen.Id(w.local.in).Dot("Validate").Call(), invalid))
	}
	return code
}

func (w *wrapper) pathValue(b *Binding) jen.Code {
	return jen.Id(w.local.req).Dot("PathValue").Call(jen.Lit(b.Name))
}

// binders are the runtime's functions for the kinds of scalars.
var binders = map[ScalarKind]string{
	ScalarString: "BindString",
	ScalarBool:   "BindBool",
	ScalarInt:    "BindInt",
	ScalarUint:   "BindUint",
	ScalarFloat:  "BindFloat",
	ScalarTime:   "BindTime",
	ScalarText:   "BindText",
}

// bindValue is the call that stores a value.
func (w *wrapper) bindValue(b Binding, target jen.Code) jen.Code {
	from := map[Place]string{PlacePath: "FromPath", PlaceQuery: "FromQuery", PlaceHeader: "FromHeader"}[b.Place]
	if b.Place == PlaceHeader && b.Wrap == WrapSlice {
		from = "FromHeaderList"
	}
	value := jen.Id(w.local.req).Dot(from).Call(jen.Lit(b.Name))
	target = jen.Op("&").Add(target)
	scalar := w.runtime(binders[b.Kind])
	switch b.Wrap {
	case WrapSlice:
		return w.runtime("BindSlice").Call(value, target, scalar)
	case WrapPointer:
		return w.runtime("BindPointer").Call(value, target, scalar)
	}
	return scalar.Call(value, target)
}

// guard is "if err := call; err != nil { return nil, failure }".
func (w *wrapper) guard(call, failure jen.Code) jen.Code {
	err := w.local.err
	return jen.If(jen.Id(err).Op(":=").Add(call), jen.Id(err).Op("!=").Nil()).Block(
		jen.Return(jen.Nil(), failure),
	)
}

// call is the function that runs the handler.
func (w *wrapper) call() jen.Code {
	handler := jen.Id(w.route.Handler.Name)
	if w.receiver != "" {
		handler = jen.Id(w.receiver).Dot(w.route.Handler.Name)
	}
	handler = handler.Call(w.arguments()...)
	ctx := jen.Id(w.local.ctx).Id(w.imports.local["context"]).Dot("Context")
	return jen.Func().Params(ctx).Params(jen.Op("*").Add(w.runtime("Response")), jen.Error()).Block(w.answer(handler)...)
}

// answer runs the handler and makes a response of its results.
func (w *wrapper) answer(handler jen.Code) []jen.Code {
	status, err, out := w.route.status(), jen.Id(w.local.err), jen.Id(w.local.out)
	switch w.route.Handler.Result.Kind {
	case ResultResponse:
		return []jen.Code{jen.Return(handler)}
	case ResultValue:
		return []jen.Code{
			jen.List(out, err).Op(":=").Add(handler),
			jen.If(jen.Id(w.local.err).Op("!=").Nil()).Block(jen.Return(jen.Nil(), err)),
			jen.Return(w.runtime("JSON").Call(w.status(status), out)),
		}
	}
	response := w.runtime("NoContent").Call()
	if status != 204 {
		response = w.runtime("Empty").Call(w.status(status))
	}
	return []jen.Code{w.guard(handler, err), jen.Return(response, jen.Nil())}
}

// arguments are passed in the order of the handler's parameters.
func (w *wrapper) arguments() []jen.Code {
	args := []jen.Code{jen.Id(w.local.ctx)}
	for _, p := range w.route.Handler.Params {
		switch {
		case p.Kind == ParamRequest:
			args = append(args, jen.Id(w.local.req))
		case p.Kind == ParamTransaction:
			args = append(args, w.store(p.Store, "TxFrom").Call(jen.Id(w.local.ctx)))
		case p.Kind == ParamPath:
			args = append(args, jen.Id(w.names[p.Name]))
		case p.Input.Pointer:
			args = append(args, jen.Op("&").Id(w.local.in))
		default:
			args = append(args, jen.Id(w.local.in))
		}
	}
	return args
}
