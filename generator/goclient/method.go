package goclient

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/cnerium/cnerium-go/generator/internal/ident"

	"github.com/cnerium/cnerium-go/generator/contract"
)

// usualTimeout is how long operations have by default; the library knows it.
const usualTimeout = 30 * time.Second

// methods are the constants of net/http.
var methods = map[string]string{
	http.MethodPost:   "http.MethodPost",
	http.MethodPut:    "http.MethodPut",
	http.MethodPatch:  "http.MethodPatch",
	http.MethodDelete: "http.MethodDelete",
}

// operation writes the method that calls an operation.
func (e *emitter) operation(op *contract.Operation) {
	bare := bareNames(op)
	e.line("")
	e.body.WriteString(comment(operationDoc(op)))
	e.line("func (c *Client) %s(%s) %s {", op.Name, e.parameters(op, bare), e.results(op))
	e.line("req := client.NewRequest(%s, %s, %s)", e.names.ops[op], e.use("net/http", methods[op.Method]), strconv.Quote(op.Path))
	for _, p := range op.Params {
		switch {
		case isKey(p):
		case p.Bare:
			e.line("req.%s(%q, %s)", placed(p.In), p.Name, bare[p])
		default:
			e.line("req.%s(%q, in.%s)", placed(p.In), p.Name, p.Field)
		}
	}
	switch {
	case op.Body == nil:
	case wholeBody(op):
		e.line("req.JSON(in.%s)", bodyName(op))
	default:
		e.line("req.JSON(in)")
	}
	if op.Timeout > usualTimeout {
		e.line("req.Timeout(%s)", e.use("time", duration(op.Timeout)))
	}
	e.call(op)
	e.line("}")
}

// placed is the method that puts a parameter into its place.
func placed(in contract.Place) string {
	switch in {
	case contract.InPath:
		return "Path"
	case contract.InQuery:
		return "Query"
	}
	return "Header"
}

// call writes the end of the method.
func (e *emitter) call(op *contract.Operation) {
	switch {
	case op.Opaque:
		e.line("return c.client.Do(ctx, req, call)")
	case op.Result == nil:
		e.line("return client.Empty(c.client.Do(ctx, req, call))")
	default:
		e.line("return client.JSON[%s](c.client.Do(ctx, req, call))", e.resultType(op))
	}
}

// bareNames are the identifiers of the parameters that the handler takes one
// by one.
func bareNames(op *contract.Operation) map[*contract.Param]string {
	taken := newScope("c", "ctx", "in", "call", "req", "client", "context", "http", "json", "time", "big")
	found := make(map[*contract.Param]string)
	for _, p := range op.Params {
		if p.Bare {
			found[p] = taken.take(ident.Unexported(p.Field))
		}
	}
	return found
}

// parameters are those of the method.
func (e *emitter) parameters(op *contract.Operation, bare map[*contract.Param]string) string {
	list := []string{e.use("context", "ctx context.Context")}
	for _, p := range op.Params {
		if p.Bare {
			list = append(list, bare[p]+" "+e.goType(p.Schema))
		}
	}
	if input := e.input(op); input != "" {
		list = append(list, "in "+input)
	}
	return strings.Join(append(list, "call *client.Call"), ", ")
}

// input is the type of the input; "" without one.
func (e *emitter) input(op *contract.Operation) string {
	if name, ok := e.names.inputs[op]; ok {
		return name
	}
	if op.Body == nil {
		return ""
	}
	return e.baseType(op.Body)
}

// results are those of the method.
func (e *emitter) results(op *contract.Operation) string {
	switch {
	case op.Opaque:
		return "(*client.Response, *client.Meta, error)"
	case op.Result == nil:
		return "(*client.Meta, error)"
	}
	return "(" + e.resultType(op) + ", *client.Meta, error)"
}

// operationDoc is the doc of the handler, and what it does not say.
func operationDoc(op *contract.Operation) string {
	about := "the operation " + op.ID + ": " + op.Method + " " + op.Path
	if op.Host != "" {
		about += ", at the host " + op.Host + " only"
	}
	doc := wrap(op.Name + " calls " + about + ".")
	if strings.TrimSpace(op.Doc) != "" {
		doc = beforeDeprecation(op.Doc, wrap("It is "+about+"."))
	}
	return documented(doc, op.Deprecated)
}

// literal is a JSON text, number or boolean as Go writes it.
func literal(value string) string {
	var text string
	if json.Unmarshal([]byte(value), &text) == nil && strings.HasPrefix(value, `"`) {
		return strconv.Quote(text)
	}
	return value
}
