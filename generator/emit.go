package generator

import (
	"bytes"
	"go/format"
	"strconv"
	"strings"
	"unicode/utf8"
)

// emit returns the bytes of a package's generated file.
func emit(p *Package) ([]byte, error) {
	e := newEmitter(p)
	e.code.Grow(2048 * (1 + len(p.Routes)))
	e.line(outputFirstLine)
	e.line()
	e.line("package ", p.Name)
	e.line()
	e.importBlock()
	e.line()
	if len(e.routes) > 0 {
		e.constants()
		e.line()
		e.register()
		e.line()
	}
	for _, r := range e.routes {
		e.routeFunc(r)
		e.line()
	}
	for _, event := range p.Events {
		e.eventFuncs(event)
	}
	if len(e.routes) > 0 {
		e.signatures()
		e.line()
	}
	e.line("// This line stops the compiler when this file and the runtime do not fit each")
	e.line("// other: update github.com/cnerium/cnerium-go, or run go generate.")
	e.line("const _ = ", e.runtime("UpdateRuntimeOrRunGoGenerateV1"))
	if e.rough {
		return format.Source(e.code.Bytes())
	}
	return e.code.Bytes(), nil
}

// printer writes lines as gofmt would. To print two thousand routes by way of
// go/format takes longer than all the rest of a run, so that is left to what
// this printer does not lay out itself.
type printer struct {
	code  bytes.Buffer
	depth int  // of indentation
	rough bool // something is not as gofmt would write it
}

// line writes one line.
func (p *printer) line(parts ...string) {
	if len(parts) > 0 {
		for range p.depth {
			p.code.WriteByte('\t')
		}
	}
	for _, part := range parts {
		p.code.WriteString(part)
	}
	p.code.WriteByte('\n')
}

// open writes a line and indents those after it.
func (p *printer) open(parts ...string) {
	p.line(parts...)
	p.depth++
}

// end writes a line that is indented as the one of open.
func (p *printer) end(parts ...string) {
	p.depth--
	p.line(parts...)
}

// columns writes lines of two parts each, the second parts below each other.
func (p *printer) columns(lines [][2]string) {
	width := 0
	for _, l := range lines {
		width = max(width, utf8.RuneCountInString(l[0]))
	}
	for _, l := range lines {
		p.line(l[0], strings.Repeat(" ", width-utf8.RuneCountInString(l[0])+1), l[1])
	}
}

// importBlock names the packages in groups.
func (e *emitter) importBlock() {
	e.open("import (")
	for i, group := range e.imports.groups() {
		if i > 0 {
			e.line()
		}
		for _, spec := range group {
			if spec.alias != "" {
				e.line(spec.alias, " ", strconv.Quote(spec.path))
				continue
			}
			e.line(strconv.Quote(spec.path))
		}
	}
	e.end(")")
}

// constants declares the operations.
func (e *emitter) constants() {
	var lines [][2]string
	for _, r := range e.routes {
		lines = append(lines, [2]string{r.constant, "= " + strconv.Quote(r.Operation)})
	}
	e.line("// The operations of this package.")
	e.open("const (")
	e.columns(lines)
	e.end(")")
}

// register is the function that an application calls. Its comment lists the
// routes.
func (e *emitter) register() {
	e.line("// ", registerName, " registers the durable routes of this package:")
	e.line("//")
	for _, r := range e.routes {
		e.line("//   - ", r.Method, " ", r.Path, " runs [", r.link(), "] as ", r.Operation)
	}
	params := []string{e.app + " *" + e.runtime("App")}
	for _, recv := range e.receivers {
		params = append(params, recv.param+" "+recv.text)
	}
	e.open("func ", registerName, "(", strings.Join(params, ", "), ") {")
	for _, r := range e.routes {
		receiver := ""
		if r.receiver != nil {
			receiver = r.receiver.param
		}
		e.line(e.app, ".Handle(", r.wrapper, "(", receiver, "))")
	}
	e.end("}")
}

// signatures assigns each handler to the type that it has now.
func (e *emitter) signatures() {
	var lines [][2]string
	for _, r := range e.routes {
		lines = append(lines, [2]string{"_ " + e.signature(r), "= " + r.expression()})
	}
	e.line("// These lines stop the compiler when a handler's signature has changed since")
	e.line("// this file was generated: run go generate.")
	e.open("var (")
	e.columns(lines)
	e.end(")")
}
