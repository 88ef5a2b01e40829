package vet

import (
	"go/ast"
	"go/types"
	"reflect"
	"strings"

	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/types/typeutil"
)

// directivePrefix begins the directive of a handler.
const directivePrefix = "//cnerium:durable"

// maxDepth is how many calls away from its handler a function is still looked
// into.
const maxDepth = 8

// handlersAnalyzer finds the durable handlers of a package, for the others.
var handlersAnalyzer = &analysis.Analyzer{
	Name:       "cneriumhandlers",
	Doc:        "find the durable handlers of a package, and what they call",
	Run:        func(pass *analysis.Pass) (any, error) { return findHandlers(pass), nil },
	ResultType: reflect.TypeFor[*handlers](),
}

// handlers are the durable handlers of a package, in the order of the source.
type handlers struct {
	list  []*handler
	decls map[*types.Func]*ast.FuncDecl // of the package, those with a body
}

// handler is a durable handler.
type handler struct {
	name   string
	tx     *types.Var // its transaction; nil for a plain handler
	scopes []*scope   // its own body, then those of the functions that it calls

	decls map[*types.Func]*ast.FuncDecl // all of the package
}

// scope is a function that runs as part of a handler.
type scope struct {
	handler *handler
	file    *ast.File
	decl    *ast.FuncDecl
	own     bool // it is the handler itself
	ctx     *types.Var
	tx      *types.Var
	req     *types.Var // the *cnerium.Request

	receiver *types.Var
	depth    int
}

// where names the scope in a message.
func (s *scope) where() string {
	if s.own {
		return s.handler.name
	}
	return s.decl.Name.Name + " (called by " + s.handler.name + ")"
}

// findHandlers finds the handlers of a package. Tests have none.
func findHandlers(pass *analysis.Pass) *handlers {
	h := &handlers{decls: make(map[*types.Func]*ast.FuncDecl)}
	files := make(map[*ast.FuncDecl]*ast.File)
	var durable []*ast.FuncDecl
	for _, file := range pass.Files {
		for _, decl := range file.Decls {
			function, ok := decl.(*ast.FuncDecl)
			if !ok || function.Body == nil {
				continue
			}
			if object, ok := pass.TypesInfo.Defs[function.Name].(*types.Func); ok {
				h.decls[object] = function
			}
			files[function] = file
			if isDurable(function) && !isTest(pass, file) {
				durable = append(durable, function)
			}
		}
	}
	for _, function := range durable {
		h.list = append(h.list, h.follow(pass, function, files))
	}
	return h
}

// isTest reports whether a file is one of tests.
func isTest(pass *analysis.Pass, file *ast.File) bool {
	return strings.HasSuffix(pass.Fset.File(file.FileStart).Name(), "_test.go")
}

// isDurable reports whether a function has the directive. Whether its words are
// in order does not matter here.
func isDurable(function *ast.FuncDecl) bool {
	if function.Doc == nil {
		return false
	}
	for _, comment := range function.Doc.List {
		rest, ok := strings.CutPrefix(comment.Text, directivePrefix)
		if ok && (rest == "" || strings.ContainsAny(rest[:1], " \t")) {
			return true
		}
	}
	return false
}

// follow makes the handler of a function: with the functions of the package
// that it reaches by static calls, nearest first, each once.
func (h *handlers) follow(pass *analysis.Pass, function *ast.FuncDecl, files map[*ast.FuncDecl]*ast.File) *handler {
	result := &handler{name: function.Name.Name, decls: h.decls}
	first := newScope(pass, result, function)
	first.own = true
	result.tx = first.tx
	seen := map[*ast.FuncDecl]bool{function: true}
	result.scopes = []*scope{first}
	for i := 0; i < len(result.scopes); i++ {
		s := result.scopes[i]
		s.file = files[s.decl]
		if s.depth == maxDepth {
			continue
		}
		for _, callee := range h.callees(pass, s.decl) {
			if seen[callee] || isDurable(callee) {
				continue
			}
			seen[callee] = true
			next := newScope(pass, result, callee)
			next.depth = s.depth + 1
			result.scopes = append(result.scopes, next)
		}
	}
	return result
}

// callees returns the functions of the package that are called in a function,
// in the order of the source.
func (h *handlers) callees(pass *analysis.Pass, function *ast.FuncDecl) []*ast.FuncDecl {
	var found []*ast.FuncDecl
	ast.Inspect(function.Body, func(n ast.Node) bool {
		if call, ok := n.(*ast.CallExpr); ok {
			if callee := h.declOf(pass, call); callee != nil {
				found = append(found, callee)
			}
		}
		return true
	})
	return found
}

// declOf returns the declaration in this package of what is called; nil when
// it has none.
func (h *handlers) declOf(pass *analysis.Pass, call *ast.CallExpr) *ast.FuncDecl {
	callee := typeutil.StaticCallee(pass.TypesInfo, call)
	if callee == nil {
		return nil
	}
	return h.decls[callee.Origin()]
}

// newScope notes which parameters of a function matter.
func newScope(pass *analysis.Pass, h *handler, function *ast.FuncDecl) *scope {
	s := &scope{handler: h, decl: function}
	if function.Recv != nil && len(function.Recv.List[0].Names) == 1 {
		s.receiver, _ = pass.TypesInfo.Defs[function.Recv.List[0].Names[0]].(*types.Var)
	}
	for _, field := range function.Type.Params.List {
		for _, name := range field.Names {
			v, ok := pass.TypesInfo.Defs[name].(*types.Var)
			if !ok {
				continue
			}
			switch {
			case s.ctx == nil && isContext(v.Type()):
				s.ctx = v
			case s.tx == nil && isTransaction(v.Type()):
				s.tx = v
			case s.req == nil && isRequest(v.Type()):
				s.req = v
			}
		}
	}
	return s
}

// each calls f for every scope of every handler, those of a handler together.
func (h *handlers) each(f func(s *scope)) {
	for _, handler := range h.list {
		for _, s := range handler.scopes {
			f(s)
		}
	}
}
