package generator

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"slices"
)

// handlerBuilder makes the model of one handler.
type handlerBuilder struct {
	src       *source
	d         directive
	name      string
	wildcards []string
	bound     map[string]bool // the wildcards that have a parameter or field
	found     []Diagnostic
}

// buildHandler makes the model of the function that a directive stands on;
// nil when its declaration does not allow one. Without usable wildcards,
// nothing is said about parameters and fields for them.
func buildHandler(src *source, d directive, wildcards []string, usable bool) (*Handler, []Diagnostic) {
	fn, _ := src.info.Defs[d.decl.Name].(*types.Func)
	if fn == nil {
		found := checkTypes(src, d, nil)
		if len(found) == 0 {
			found = append(found, src.diagnose(d.decl.Name.Pos(), CategoryType, d.decl.Name.Name+" has no type", ""))
		}
		return nil, found
	}
	if found := checkCallable(src, d, fn); len(found) > 0 {
		return nil, found
	}
	sig := fn.Signature()
	if found := checkTypes(src, d, sig); len(found) > 0 {
		return nil, found
	}
	b := &handlerBuilder{src: src, d: d, name: fn.Name(), wildcards: wildcards, bound: make(map[string]bool)}
	h := &Handler{Pos: src.position(fn.Pos()), Name: fn.Name(), Receiver: receiverOf(sig), Signature: sig}
	h.Params = b.params(sig)
	h.Result = b.result(sig)
	if usable {
		b.unboundWildcards()
	} else {
		b.found = slices.DeleteFunc(b.found, func(d Diagnostic) bool { return d.Category == CategoryPathParam })
	}
	return h, append(b.found, checkNameable(src, fn, h)...)
}

func receiverOf(sig *types.Signature) *Receiver {
	if sig.Recv() == nil {
		return nil
	}
	t, pointer := types.Unalias(sig.Recv().Type()), false
	if p, ok := t.(*types.Pointer); ok {
		t, pointer = types.Unalias(p.Elem()), true
	}
	named, _ := t.(*types.Named) // as checkReceiver has seen
	return &Receiver{Type: named, Pointer: pointer}
}

// add notes a diagnostic about the handler.
func (b *handlerBuilder) add(pos token.Pos, category, message, hint string) {
	b.found = append(b.found, b.src.diagnose(pos, category, message, hint))
}

// addf is add without a hint.
func (b *handlerBuilder) addf(pos token.Pos, category, format string, args ...any) {
	b.add(pos, category, fmt.Sprintf(format, args...), "")
}

// result makes the model of what the handler returns.
func (b *handlerBuilder) result(sig *types.Signature) Result {
	results := sig.Results()
	n := results.Len()
	if n == 0 || !isError(types.Unalias(results.At(n-1).Type())) || n > 2 {
		b.wrongResults(results)
		return Result{}
	}
	if n == 1 {
		return Result{Kind: ResultNone}
	}
	first := results.At(0)
	switch t := first.Type(); {
	case isPointerTo(t, runtimePath, "Response"):
		return Result{Kind: ResultResponse}
	case isNamed(t, runtimePath, "Response"):
		message := fmt.Sprintf("%s returns a cnerium.Response by value", b.name)
		b.add(first.Pos(), CategoryResult, message, "return a *cnerium.Response")
	default:
		newJSONWalk(b, first, false).walk(t, jsonPlace{})
	}
	return Result{Kind: ResultValue, Type: first.Type()}
}

// wrongResults reports results that are not of the accepted shapes.
func (b *handlerBuilder) wrongResults(results *types.Tuple) {
	const hint = "return error, (T, error) or (*cnerium.Response, error)"
	switch n := results.Len(); {
	case n == 0:
		b.add(b.d.decl.Name.Pos(), CategoryResult, fmt.Sprintf("%s returns no error", b.name), hint)
	case n > 2:
		b.add(results.At(2).Pos(), CategoryResult, fmt.Sprintf("%s has %d results", b.name, n), hint)
	default:
		last := results.At(n - 1)
		if isInvalid(last.Type()) {
			b.invalid(last.Pos(), fmt.Sprintf("the last result of %s", b.name))
			return
		}
		message := fmt.Sprintf("the last result of %s is %s and not error", b.name, b.src.text(last.Type()))
		b.add(last.Pos(), CategoryResult, message, hint)
	}
}

// unboundWildcards reports the wildcards that nothing takes.
func (b *handlerBuilder) unboundWildcards() {
	for _, wildcard := range b.wildcards {
		if b.bound[wildcard] {
			continue
		}
		message := fmt.Sprintf("path has {%s}, but %s has no parameter or field for it", wildcard, b.name)
		hint := fmt.Sprintf("add %q after ctx, or a field with the tag path:%q", wildcard+" string", wildcard)
		if token.IsKeyword(wildcard) || wildcard == "_" {
			hint = fmt.Sprintf("add a field with the tag path:%q to its input, or rename the wildcard", wildcard)
		}
		b.add(b.d.pattern.pos, CategoryPathParam, message, hint)
	}
}

// bindWildcard notes that a wildcard has its parameter or field, and reports
// one that is not there, or has it already.
func (b *handlerBuilder) bindWildcard(pos token.Pos, name, who, hint string) {
	switch {
	case !slices.Contains(b.wildcards, name):
		b.add(pos, CategoryPathParam, fmt.Sprintf("%s has no wildcard {%s} in the path", who, name), hint)
	case b.bound[name]:
		b.add(pos, CategoryPathParam, fmt.Sprintf("wildcard {%s} is bound already, before %s", name, who), "keep one of them")
	}
	b.bound[name] = true
}

// invalid reports a type that the type checker could not make out, although
// it says nothing about the place.
func (b *handlerBuilder) invalid(pos token.Pos, what string) {
	b.found = append(b.found, invalidType(b.src, pos, what))
}

func invalidType(src *source, pos token.Pos, what string) Diagnostic {
	hint := "go vet says more"
	for _, file := range src.files {
		if slices.ContainsFunc(file.Imports, func(spec *ast.ImportSpec) bool { return spec.Path.Value == `"C"` }) {
			hint = "if it is a type of C, use one of Go instead"
		}
	}
	return src.diagnose(pos, CategoryType, what+" has an invalid type", hint)
}

func isInvalid(t types.Type) bool { return types.Unalias(t) == types.Typ[types.Invalid] }
