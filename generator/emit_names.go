package generator

import (
	"go/types"
	"regexp"
	"slices"
	"strings"

	"github.com/cnerium/cnerium-go/generator/internal/ident"
)

// emitter knows the names that one generated file uses.
type emitter struct {
	printer
	home      *types.Package
	imports   *imports
	fixed     []string // names of functions that others call
	scope     *names   // of functions; each opens its own inside
	local     locals
	app       string // parameter of RegisterRoutes
	routes    []*emitRoute
	receivers []*emitReceiver // in the order in which they appear
}

// locals are the names that all wrappers share.
type locals struct{ req, in, err, ctx, out string }

// emitRoute is a route with its names.
type emitRoute struct {
	*Route
	constant string
	wrapper  string
	receiver *emitReceiver // nil for a function
}

// emitReceiver is a parameter of RegisterRoutes.
type emitReceiver struct {
	named *types.Named
	text  string // its type: *Service or Service
	param string
}

// newEmitter chooses the names: first those that others see, then those of
// imports, then local ones.
func newEmitter(p *Package) *emitter {
	e := &emitter{home: p.types, imports: newImports(p.Path), fixed: fixedNames(p)}
	for _, r := range p.Routes {
		e.rough = e.rough || !plainPattern.MatchString(r.Path)
		e.routes = append(e.routes, &emitRoute{Route: r, receiver: e.receiver(r.Handler.Receiver)})
	}
	level := newNames(append(slices.Clone(p.imported), p.declared...))
	for _, name := range e.fixed {
		level.take(name)
	}
	shared := e.sharedNames()
	for _, r := range e.routes {
		r.constant = level.take("Op" + r.title(shared))
	}
	for _, r := range e.routes {
		r.wrapper = level.take(ident.Unexported(r.title(shared)) + "Route")
	}

	file := newNames(append(e.ownNames(), p.declared...))
	e.addImports(file.isTaken("http"))
	e.imports.settle(file)

	e.scope = file.inner()
	take := e.scope.take
	e.local = locals{req: take("req"), in: take("in"), err: take("err"), ctx: take("ctx"), out: take("out")}
	params := e.scope.inner()
	e.app = params.take("app")
	for _, recv := range e.receivers {
		recv.param = params.take(ident.Unexported(recv.named.Obj().Name()))
	}
	return e
}

// receiver returns the parameter for a receiver type. It is a pointer when one
// of the methods needs that.
func (e *emitter) receiver(recv *Receiver) *emitReceiver {
	if recv == nil {
		return nil
	}
	i := slices.IndexFunc(e.receivers, func(r *emitReceiver) bool { return r.named == recv.Type })
	if i < 0 {
		i = len(e.receivers)
		e.receivers = append(e.receivers, &emitReceiver{named: recv.Type, text: recv.Type.Obj().Name()})
	}
	found := e.receivers[i]
	if recv.Pointer && !strings.HasPrefix(found.text, "*") {
		found.text = "*" + found.text
	}
	return found
}

// sharedNames are the handler names that more than one handler has.
func (e *emitter) sharedNames() map[string]bool {
	seen, shared := make(map[string]bool), make(map[string]bool)
	for _, r := range e.routes {
		name := ident.Exported(r.Handler.Name)
		shared[name] = shared[name] || seen[name]
		seen[name] = true
	}
	return shared
}

// title is the name of the handler inside of other names. Where it is shared,
// the receiver's type stands before it.
func (r *emitRoute) title(shared map[string]bool) string {
	name := ident.Exported(r.Handler.Name)
	if shared[name] && r.receiver != nil {
		return ident.Exported(r.receiver.named.Obj().Name()) + name
	}
	return name
}

// link is the handler in a doc comment.
func (r *emitRoute) link() string {
	if r.receiver == nil {
		return r.Handler.Name
	}
	return r.receiver.named.Obj().Name() + "." + r.Handler.Name
}

// expression is the handler as a function whose first parameter is the
// receiver.
func (r *emitRoute) expression() string {
	if recv := r.Handler.Receiver; recv != nil && recv.Pointer {
		return "(*" + recv.Type.Obj().Name() + ")." + r.Handler.Name
	}
	return r.link()
}

// fixedNames are those that checkReserved keeps free.
func fixedNames(p *Package) []string {
	fixed, _ := emitNames(p.Events)
	if len(p.Routes) > 0 {
		fixed = append(fixed, registerName)
	}
	return fixed
}

// ownNames are what the generated file declares.
func (e *emitter) ownNames() []string {
	own := slices.Clone(e.fixed)
	for _, r := range e.routes {
		own = append(own, r.constant, r.wrapper)
	}
	return own
}

// addImports notes the packages that the file names. When net/http would need
// an alias, statuses are numbers instead.
func (e *emitter) addImports(httpTaken bool) {
	e.imports.add(runtimePath, runtimeName)
	e.imports.add("context", "context")
	for _, r := range e.routes {
		for _, pkg := range mentionsOf(e.home, r.Handler.written()...).packages {
			e.imports.add(pkg.Path(), pkg.Name())
		}
		if store := r.Handler.transaction(); store != nil {
			e.imports.add(store.Path(), store.Name()) // an alias of the type does not name it
		}
		if r.namesStatus() && !httpTaken {
			e.imports.add("net/http", "http")
		}
		if r.Options.namesTime() {
			e.imports.add("time", "time")
		}
	}
}

// signature is the type of the handler's expression.
func (e *emitter) signature(r *emitRoute) string {
	var params, results []*types.Var
	if recv := r.Handler.Receiver; recv != nil {
		params = append(params, unnamed(receiverType(recv)))
	}
	for v := range r.Handler.Signature.Params().Variables() {
		params = append(params, unnamed(v.Type()))
	}
	for v := range r.Handler.Signature.Results().Variables() {
		results = append(results, unnamed(v.Type()))
	}
	return e.text(types.NewSignatureType(nil, nil, nil, types.NewTuple(params...), types.NewTuple(results...), false))
}

func receiverType(recv *Receiver) types.Type {
	if recv.Pointer {
		return types.NewPointer(recv.Type)
	}
	return recv.Type
}

// plainPattern are patterns that gofmt leaves alone in a doc comment.
var plainPattern = regexp.MustCompile(`^[A-Za-z0-9/{}$._~%@:+-]*$`)

// text is a type as the file writes it.
func (e *emitter) text(t types.Type) string {
	text := typeText(t, e.home, func(p *types.Package) string { return e.imports.local[p.Path()] })
	e.rough = e.rough || !isPlainType(text)
	return text
}

// isPlainType reports whether gofmt would leave the text of a type alone.
func isPlainType(text string) bool {
	if strings.ContainsRune(text, '{') || strings.Contains(text, "chan") {
		return false
	}
	for rest := text; ; {
		_, after, ok := strings.Cut(rest, ",")
		if !ok {
			return true
		}
		if !strings.HasPrefix(after, " ") {
			return false
		}
		rest = after
	}
}

// store is an identifier of the package of a store.
func (e *emitter) store(p *types.Package, name string) string {
	return e.imports.local[p.Path()] + "." + name
}

// runtime is an identifier of the runtime.
func (e *emitter) runtime(name string) string { return e.imports.local[runtimePath] + "." + name }
