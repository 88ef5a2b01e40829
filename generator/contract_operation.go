package generator

import (
	"go/types"
	"slices"
	"strings"
	"time"

	"github.com/cnerium/cnerium-go/generator/contract"
)

// The settings of a route whose directive does not give them, as the runtime
// has them.
const (
	routeRetention          = 24 * time.Hour
	routeWait               = 5 * time.Second
	routeTimeout            = 30 * time.Second
	routeTransactionTimeout = 10 * time.Second
	routeMaxBody            = 1 << 20 // bytes
	routeRecover            = "hold"
)

// operation adds a route.
func (b *contractBuilder) operation(p *Package, r *Route) {
	h := r.Handler
	doc := b.comments.at(h.Pos)
	host, _, _ := strings.Cut(r.Path, "/")
	o := &contract.Operation{
		ID:            r.Operation,
		Package:       p.Path,
		Host:          host,
		Method:        r.Method,
		Path:          strings.TrimSuffix(strings.TrimPrefix(r.Path, host), "{$}"),
		Doc:           doc.text,
		Deprecated:    doc.deprecated,
		Transactional: h.transaction() != nil,
	}
	setOptions(o, r.Options)
	n := &namedOperation{Operation: o, handler: exportedName(h.Name), home: exportedName(p.Name)}
	if h.Receiver != nil {
		n.receiver = exportedName(h.Receiver.Type.Obj().Name())
	}
	b.at, b.whose = h.Pos, "the input of "+h.Name
	b.request(n, r)
	b.at, b.whose = h.Pos, "the result of "+h.Name
	switch h.Result.Kind {
	case ResultNone:
		o.Status = r.status()
	case ResultValue:
		o.Status = r.status()
		o.Result = b.answer(h.Result.Type)
	case ResultResponse:
		o.Opaque = true
	}
	b.result.Operations = append(b.result.Operations, o)
	b.operations = append(b.operations, n)
}

// answer describes a result, which cnerium.JSON gets as an any. The pointer to
// a struct is nil only beside an error, as Go has it: clients need not be ready
// for null.
func (b *contractBuilder) answer(t types.Type) *contract.Schema {
	s := b.schema(t, writingCopy, nil)
	if _, target, pointer := structOf(t); pointer && target != nil && (s.Kind == contract.Ref || s.Kind == contract.Object) {
		s.Nullable = false
	}
	return s
}

// setOptions fills in what a route promises besides.
func setOptions(o *contract.Operation, given RouteOptions) {
	o.Retention, o.Wait, o.Timeout = routeRetention, routeWait, routeTimeout
	o.Recover, o.MaxBody = routeRecover, routeMaxBody
	if o.Transactional {
		o.Timeout = routeTransactionTimeout
	}
	if given.Retention != nil {
		o.Retention = *given.Retention
	}
	if given.Wait != nil {
		o.Wait = *given.Wait
	}
	if given.Timeout != nil {
		o.Timeout = *given.Timeout
	}
	if given.Recover != "" {
		o.Recover = given.Recover
	}
	if given.MaxBody != nil {
		o.MaxBody = *given.MaxBody
	}
}

// request describes what an operation takes.
func (b *contractBuilder) request(n *namedOperation, r *Route) {
	bare := newNames(nil)
	for _, p := range r.Handler.Params {
		switch p.Kind {
		case ParamPath:
			n.Params = append(n.Params, b.param(*p.Value, bare.take(exportedName(p.Name)), comment{}))
		case ParamInput:
			b.input(n, p.Input)
		}
	}
	for _, p := range n.Params {
		p.Rest = p.In == contract.InPath && strings.Contains(r.Path, "{"+p.Name+"...}")
	}
	slices.SortStableFunc(n.Params, func(p, q *contract.Param) int { return rankOf(p, r.Wildcards) - rankOf(q, r.Wildcards) })
}

// rankOf puts the parameters of a path before others, in its order.
func rankOf(p *contract.Param, wildcards []string) int {
	switch p.In {
	case contract.InPath:
		return slices.Index(wildcards, p.Name)
	case contract.InQuery:
		return len(wildcards)
	}
	return len(wildcards) + 1
}

// input describes the struct that a request is bound to.
func (b *contractBuilder) input(n *namedOperation, in *Input) {
	named, _ := types.Unalias(in.Type).(*types.Named)
	if named != nil {
		n.input = named
		n.InputDoc = b.comments.of(named.Obj().Pos()).text
	}
	n.Validates = in.Validate
	taken := newNames(nil)
	for _, binding := range in.Bindings {
		object, _, _ := types.LookupFieldOrMethod(in.Type, true, nil, binding.Field)
		doc := comment{}
		if object != nil {
			doc = b.comments.of(object.Pos())
		}
		n.Params = append(n.Params, b.param(binding, taken.take(exportedName(binding.Field)), doc))
	}
	custom := customSchema(in.Type, reading)
	switch {
	case !in.Body:
	case custom != nil:
		n.Body = custom
	case named != nil && len(in.Bindings) == 0:
		n.Body = b.reference(named, reading)
	default:
		s, _ := in.Type.Underlying().(*types.Struct) // as handlers are built with
		n.Body = &contract.Schema{Kind: contract.Object, Fields: b.fields(s, in.Type, reading, taken, isBound)}
	}
	n.named = len(in.Bindings) > 0 || n.Body != nil && n.Body.Kind != contract.Ref
}

// isBound reports whether a field of an input does not come from the body.
func isBound(m member) bool {
	t := parseTag(string(m.tag))
	return len(t.places) > 0
}

// param describes a value that is not in the body. An empty Field of the
// binding stands for a parameter of the handler itself.
func (b *contractBuilder) param(binding Binding, name string, doc comment) *contract.Param {
	p := &contract.Param{
		In:         contract.Place(binding.Place.String()),
		Name:       binding.Name,
		Field:      name,
		Bare:       binding.Field == "",
		Required:   binding.Place == PlacePath,
		Doc:        doc.text,
		Deprecated: doc.deprecated,
	}
	switch binding.Wrap {
	case WrapSlice:
		slice, _ := binding.Type.Underlying().(*types.Slice) // as bindings are built with
		p.Schema = &contract.Schema{Kind: contract.Array, Len: -1, Elem: b.scalar(binding.Kind, slice.Elem())}
	case WrapPointer:
		pointer, _ := types.Unalias(binding.Type).(*types.Pointer)
		schema := *b.scalar(binding.Kind, pointer.Elem())
		schema.Nullable = true // nil is another value than zero
		p.Schema = &schema
	default:
		p.Schema = b.scalar(binding.Kind, binding.Type)
	}
	return p
}

// scalar describes a value that is read from a text. It is what it is in JSON
// when that has the same form, so that it has its name and its constants.
func (b *contractBuilder) scalar(kind ScalarKind, t types.Type) *contract.Schema {
	basic, _ := t.Underlying().(*types.Basic)
	named, _ := types.Unalias(t).(*types.Named)
	isString := basic != nil && basic.Info()&types.IsString != 0
	switch {
	case kind == ScalarTime:
		return &contract.Schema{Kind: contract.Time}
	case basic == nil || kind == ScalarText && (!isString || isText(t, reading)):
		return &contract.Schema{Kind: contract.Text}
	case named != nil && b.isReferred(named) && customSchema(t, reading) == nil:
		return b.reference(named, reading)
	}
	return basicSchema(basic)
}
