package generator

import (
	"bytes"
	"go/types"
	"strings"

	"github.com/dave/jennifer/jen"
)

// emit returns the bytes of a package's generated file.
func emit(p *Package) ([]byte, error) {
	e := newEmitter(p)
	f := jen.NewFile(p.Name)
	f.HeaderComment(strings.TrimPrefix(outputFirstLine, "// "))
	f.Add(e.importBlock())
	f.Line()
	f.Comment("The operations of this package.")
	f.Add(e.constants())
	f.Line()
	e.registerComment(f)
	f.Add(e.register())
	for _, r := range e.routes {
		f.Line()
		f.Comment(r.wrapper + " adapts [" + r.link() + "].")
		f.Add(e.routeFunc(r))
	}
	f.Line()
	f.Comment("These lines stop the compiler when a handler's signature has changed since")
	f.Comment("this file was generated: run go generate.")
	f.Add(e.signatures())
	f.Line()
	f.Comment("This line stops the compiler when this file and the runtime do not fit each")
	f.Comment("other: update github.com/cnerium/cnerium-go, or run go generate.")
	f.Const().Id("_").Op("=").Add(e.runtime("UpdateRuntimeOrRunGoGenerateV1"))
	var code bytes.Buffer
	if err := f.Render(&code); err != nil {
		return nil, err
	}
	return code.Bytes(), nil
}

// lines returns code in parentheses, a line for each.
func lines(code []jen.Code) jen.Code {
	return jen.Custom(jen.Options{Open: "(", Close: ")", Multi: true}, code...)
}

// importBlock is written here and not by jennifer, which knows no groups.
func (e *emitter) importBlock() jen.Code {
	var specs []jen.Code
	for i, group := range e.imports.groups() {
		if i > 0 {
			specs = append(specs, jen.Empty())
		}
		for _, spec := range group {
			line := jen.Lit(spec.path)
			if spec.alias != "" {
				line = jen.Id(spec.alias).Lit(spec.path)
			}
			specs = append(specs, line)
		}
	}
	return jen.Id("import").Add(lines(specs))
}

// constants declares the operations.
func (e *emitter) constants() jen.Code {
	var code []jen.Code
	for _, r := range e.routes {
		code = append(code, jen.Id(r.constant).Op("=").Lit(r.Operation))
	}
	return jen.Const().Add(lines(code))
}

// registerComment documents RegisterRoutes with a list of the routes.
func (e *emitter) registerComment(f *jen.File) {
	f.Comment(registerName + " registers the durable routes of this package:")
	f.Comment("//")
	for _, r := range e.routes {
		f.Comment("//   - " + r.Method + " " + r.Path + " runs [" + r.link() + "] as " + r.Operation)
	}
}

// register is the function that an application calls.
func (e *emitter) register() jen.Code {
	params := []jen.Code{jen.Id(e.app).Op("*").Add(e.runtime("App"))}
	for _, recv := range e.receivers {
		params = append(params, jen.Id(recv.param).Id(recv.text))
	}
	var calls []jen.Code
	for _, r := range e.routes {
		route := jen.Id(r.wrapper).Call()
		if r.receiver != nil {
			route = jen.Id(r.wrapper).Call(jen.Id(r.receiver.param))
		}
		calls = append(calls, jen.Id(e.app).Dot("Handle").Call(route))
	}
	return jen.Func().Id(registerName).Params(params...).Block(calls...)
}

// signatures assigns each handler to the type that it has now.
func (e *emitter) signatures() jen.Code {
	var code []jen.Code
	for _, r := range e.routes {
		code = append(code, jen.Id("_").Id(e.signature(r)).Op("=").Id(r.expression()))
	}
	return jen.Var().Add(lines(code))
}

// store is an identifier of the package of a store.
func (e *emitter) store(p *types.Package, name string) *jen.Statement {
	return jen.Id(e.imports.local[p.Path()]).Dot(name)
}

// runtime is an identifier of the runtime.
func (e *emitter) runtime(name string) *jen.Statement {
	return jen.Id(e.imports.local[runtimePath]).Dot(name)
}
