package generator

import (
	"go/types"
	"strconv"
	"strings"
)

// wrapper prints what one route does with a request.
type wrapper struct {
	*emitter
	route    *emitRoute
	scope    *names
	receiver string            // its name in the wrapper; "" for a function
	names    map[string]string // of path parameters, by the handler's names for them
}

// bind is the field with the function that turns a request into a call.
func (w *wrapper) bind() {
	req := "*" + w.runtime("Request")
	for _, p := range w.route.Handler.Params {
		if p.usesRequest() {
			req = w.local.req + " *" + w.runtime("Request")
		}
	}
	w.open("Bind: func(", req, ") (", w.runtime("Call"), ", error) {")
	for _, p := range w.route.Handler.Params {
		if p.Kind == ParamPath {
			w.pathParam(p)
		}
	}
	for _, p := range w.route.Handler.Params {
		if p.Kind == ParamInput {
			w.input(p.Input)
		}
	}
	ctx := w.local.ctx + " " + w.imports.local["context"] + ".Context"
	w.open("return func(", ctx, ") (*", w.runtime("Response"), ", error) {")
	w.answer()
	w.end("}, nil")
	w.end("},")
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
func (w *wrapper) pathParam(p Param) {
	name := w.scope.take(p.Name)
	w.names[p.Name] = name
	if isString(p.Type) {
		w.line(name, " := ", w.pathValue(p.Value))
		return
	}
	w.line("var ", name, " ", w.text(p.Type))
	w.guard(w.bindValue(*p.Value, name), w.local.err)
}

// input declares the input, fills it in and validates it.
func (w *wrapper) input(in *Input) {
	name := w.local.in
	w.line("var ", name, " ", w.text(in.Type))
	if in.Body {
		args := []string{"&" + name}
		for _, field := range in.NotInBody {
			args = append(args, strconv.Quote(field))
		}
		w.guard(w.local.req+".DecodeJSON("+strings.Join(args, ", ")+")", w.local.err)
	}
	for _, b := range in.Bindings {
		field := name + "." + b.Field
		if b.Place == PlacePath && isString(b.Type) {
			w.line(field, " = ", w.pathValue(&b))
			continue
		}
		w.guard(w.bindValue(b, field), w.local.err)
	}
	if in.Validate {
		w.guard(name+".Validate()", w.runtime("Invalid")+"("+w.local.err+")")
	}
}

// isString reports whether a type is string itself.
func isString(t types.Type) bool { return types.Unalias(t) == types.Typ[types.String] }

func (w *wrapper) pathValue(b *Binding) string {
	return w.local.req + ".PathValue(" + strconv.Quote(b.Name) + ")"
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
func (w *wrapper) bindValue(b Binding, target string) string {
	from := map[Place]string{PlacePath: "FromPath", PlaceQuery: "FromQuery", PlaceHeader: "FromHeader"}[b.Place]
	if b.Place == PlaceHeader && b.Wrap == WrapSlice {
		from = "FromHeaderList"
	}
	args := w.local.req + "." + from + "(" + strconv.Quote(b.Name) + "), &" + target
	scalar := w.runtime(binders[b.Kind])
	switch b.Wrap {
	case WrapSlice:
		return w.runtime("BindSlice") + "(" + args + ", " + scalar + ")"
	case WrapPointer:
		return w.runtime("BindPointer") + "(" + args + ", " + scalar + ")"
	}
	return scalar + "(" + args + ")"
}

// guard is "if err := call; err != nil { return nil, failure }".
func (w *wrapper) guard(call, failure string) {
	w.open("if ", w.local.err, " := ", call, "; ", w.local.err, " != nil {")
	w.line("return nil, ", failure)
	w.end("}")
}

// answer runs the handler and makes a response of its results.
func (w *wrapper) answer() {
	handler := w.route.Handler.Name + "(" + w.arguments() + ")"
	if w.receiver != "" {
		handler = w.receiver + "." + handler
	}
	status, err := w.route.status(), w.local.err
	switch w.route.Handler.Result.Kind {
	case ResultResponse:
		w.line("return ", handler)
		return
	case ResultValue:
		w.line(w.local.out, ", ", err, " := ", handler)
		w.open("if ", err, " != nil {")
		w.line("return nil, ", err)
		w.end("}")
		w.line("return ", w.runtime("JSON"), "(", w.status(status), ", ", w.local.out, ")")
		return
	}
	response := w.runtime("NoContent") + "()"
	if status != 204 {
		response = w.runtime("Empty") + "(" + w.status(status) + ")"
	}
	w.guard(handler, err)
	w.line("return ", response, ", nil")
}

// arguments are passed in the order of the handler's parameters.
func (w *wrapper) arguments() string {
	args := []string{w.local.ctx}
	for _, p := range w.route.Handler.Params {
		switch {
		case p.Kind == ParamRequest:
			args = append(args, w.local.req)
		case p.Kind == ParamTransaction:
			args = append(args, w.store(p.Store, "TxFrom")+"("+w.local.ctx+")")
		case p.Kind == ParamPath:
			args = append(args, w.names[p.Name])
		case p.Input.Pointer:
			args = append(args, "&"+w.local.in)
		default:
			args = append(args, w.local.in)
		}
	}
	return strings.Join(args, ", ")
}
