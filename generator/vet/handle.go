package vet

import (
	"fmt"
	"go/ast"
	"go/types"
	"regexp"

	"golang.org/x/tools/go/analysis"
)

// Handle reports a second way to the database in a handler that has a
// transaction.
var Handle = &analysis.Analyzer{
	Name: CategoryHandle,
	Doc: `report a second database handle beside a handler's transaction

A transactional handler's rows are stored together with its response, or not at
all. What it writes through a pool, a connection or a statement of its own is
stored by itself: it stays when the handler fails, and is written again when the
handler runs again. What it reads there lacks the rows that it has just written,
and may wait for a lock, or for a connection, that the handler itself holds.

Known are the handles of database/sql, pgx and sqlx.`,
	Requires: []*analysis.Analyzer{handlersAnalyzer},
	Run:      runHandle,
}

func runHandle(pass *analysis.Pass) (any, error) {
	r := newReporter(pass, CategoryHandle)
	pass.ResultOf[handlersAnalyzer].(*handlers).each(func(s *scope) {
		if s.handler.tx == nil {
			return
		}
		ast.Inspect(s.decl.Body, func(n ast.Node) bool {
			if call, ok := n.(*ast.CallExpr); ok {
				r.checkHandle(s, call)
			}
			return true
		})
	})
	r.reportUnused()
	return nil, nil
}

// use is what a method of a handle does.
type use int

const (
	reads  use = iota + 1 // rows, unless its statement says otherwise
	writes                // rows
	opens                 // a transaction or a connection
)

// uses are the methods that matter, by their names. Those of all handles agree.
var uses = map[string]use{
	"Exec": writes, "ExecContext": writes, "MustExec": writes, "MustExecContext": writes,
	"NamedExec": writes, "NamedExecContext": writes, "SendBatch": writes, "CopyFrom": writes,
	"Begin": opens, "BeginTx": opens, "BeginTxx": opens, "Beginx": opens, "MustBegin": opens, "MustBeginTx": opens,
	"BeginFunc": opens, "BeginTxFunc": opens,
	"Conn": opens, "Connx": opens, "Acquire": opens, "AcquireFunc": opens,
	"Prepare": opens, "PrepareContext": opens, "Preparex": opens, "PreparexContext": opens,
	"Query": reads, "QueryContext": reads, "QueryRow": reads, "QueryRowContext": reads,
	"Queryx": reads, "QueryxContext": reads, "QueryRowx": reads, "QueryRowxContext": reads,
	"NamedQuery": reads, "NamedQueryContext": reads,
	"Get": reads, "GetContext": reads, "Select": reads, "SelectContext": reads,
}

// handleTypes are the types of handles. One of the others may come from the
// transaction itself when it is a local variable.
var handleTypes = []struct {
	path, name string
	pool       bool
}{
	{"database/sql", "DB", true},
	{"database/sql", "Conn", false},
	{"database/sql", "Tx", false},
	{"database/sql", "Stmt", false},
	{"github.com/jackc/pgx/v5/pgxpool", "Pool", true},
	{"github.com/jackc/pgx/v5/pgxpool", "Conn", false},
	{"github.com/jackc/pgx/v5/pgxpool", "Tx", false},
	{"github.com/jackc/pgx/v5", "Conn", false},
	{"github.com/jackc/pgx/v5", "Tx", false},
	{"github.com/jmoiron/sqlx", "DB", true},
	{"github.com/jmoiron/sqlx", "Conn", false},
	{"github.com/jmoiron/sqlx", "Tx", false},
	{"github.com/jmoiron/sqlx", "Stmt", false},
}

// isHandle reports whether a type is that of a handle, and whether it is a
// pool.
func isHandle(t types.Type) (pool, ok bool) {
	for _, known := range handleTypes {
		if isNamed(t, known.path, known.name) {
			return known.pool, true
		}
	}
	return false, false
}

// checkHandle reports a call that uses a handle, or that hands one on.
func (r *reporter) checkHandle(s *scope, call *ast.CallExpr) {
	selector, ok := ast.Unparen(call.Fun).(*ast.SelectorExpr)
	f := calledFunc(r.pass.TypesInfo, call)
	if ok && f != nil && r.isSecond(s, selector.X) {
		if what := uses[f.Name()]; what != 0 {
			r.reportUse(s, call, selector, r.effect(what, call))
		}
		return
	}
	for i, arg := range call.Args {
		if r.isSecond(s, arg) && r.isHandedOn(f, i) {
			r.reportHandedOn(s, call, f, i)
		}
	}
}

// isSecond reports whether an expression is a handle that is not the
// transaction, nor anything that came from it.
func (r *reporter) isSecond(s *scope, e ast.Expr) bool {
	t := r.pass.TypesInfo.TypeOf(e)
	if t == nil {
		return false
	}
	pool, ok := isHandle(t)
	return ok && (pool || r.isKept(s, e))
}

// isKept reports whether a value was there before the handler ran: it is in the
// receiver, or in a variable of the package.
func (r *reporter) isKept(s *scope, e ast.Expr) bool {
	switch e := ast.Unparen(e).(type) {
	case *ast.SelectorExpr:
		if variable(r.pass.TypesInfo, e.Sel) != nil && r.pass.TypesInfo.Selections[e] == nil {
			return true // of another package
		}
		return r.isKept(s, e.X)
	case *ast.IndexExpr:
		return r.isKept(s, e.X)
	case *ast.StarExpr:
		return r.isKept(s, e.X)
	case *ast.Ident:
		v := variable(r.pass.TypesInfo, e)
		return v != nil && (v.Parent() == r.pass.Pkg.Scope() || v == s.receiver)
	default:
		return false
	}
}

var writing = regexp.MustCompile(`(?i)\b(insert|update|delete|replace|merge|truncate|nextval)\b`)

// effect sharpens what a method does by its statement, if that is a constant.
func (r *reporter) effect(what use, call *ast.CallExpr) use {
	for _, arg := range call.Args {
		if statement, ok := text(r.pass.TypesInfo, arg); ok && what == reads && writing.MatchString(statement) {
			return writes
		}
	}
	return what
}

func (r *reporter) reportUse(s *scope, call *ast.CallExpr, selector *ast.SelectorExpr, what use) {
	name := source(call.Fun)
	found := finding{pos: call.Pos(), end: selector.End()}
	switch what {
	case writes:
		found.message = fmt.Sprintf("%s writes outside of the transaction of %s: it stays when the handler fails, and comes again with a retry", name, s.where())
	case opens:
		found.message = fmt.Sprintf("%s is a second way to the database, beside the transaction of %s", name, s.where())
	default:
		found.message = fmt.Sprintf("%s reads outside of the transaction of %s: it does not see the rows written there, and may wait for it", name, s.where())
	}
	found.hint = r.handleHint(s, call)
	if fix, ok := r.fixUse(s, call, selector); ok {
		found.fixes = []analysis.SuggestedFix{fix}
	}
	r.report(found)
}

// handleHint says how the transaction gets there.
func (r *reporter) handleHint(s *scope, at ast.Node) string {
	switch {
	case visible(r.pass, s.tx, at):
		return "use " + s.tx.Name()
	case s.own:
		return "give the parameter of the transaction a name, and use it"
	default:
		return fmt.Sprintf("give %s the transaction of %s as a parameter", s.decl.Name.Name, s.handler.name)
	}
}

// fixUse puts the transaction in the place of the handle, when it has the same
// method, or the one that takes a context besides.
func (r *reporter) fixUse(s *scope, call *ast.CallExpr, selector *ast.SelectorExpr) (analysis.SuggestedFix, bool) {
	if !r.canReplace(s, selector.X) {
		return analysis.SuggestedFix{}, false
	}
	have, _ := r.pass.TypesInfo.TypeOf(selector).(*types.Signature)
	name := selector.Sel.Name
	edits := []analysis.TextEdit{{Pos: selector.X.Pos(), End: selector.X.End(), NewText: []byte(s.tx.Name())}}
	if want := methodOf(s.tx.Type(), name); want != nil && have != nil && types.Identical(have, want) {
		return analysis.SuggestedFix{Message: "Use the transaction", TextEdits: edits}, true
	}
	want := methodOf(s.tx.Type(), name+"Context")
	if want == nil || have == nil || !visible(r.pass, s.ctx, call) || !isWithContext(have, want) {
		return analysis.SuggestedFix{}, false
	}
	argument := s.ctx.Name()
	if len(call.Args) > 0 {
		argument += ", "
	}
	edits = append(edits,
		analysis.TextEdit{Pos: selector.Sel.End(), End: selector.Sel.End(), NewText: []byte("Context")},
		analysis.TextEdit{Pos: call.Lparen + 1, End: call.Lparen + 1, NewText: []byte(argument)},
	)
	return analysis.SuggestedFix{Message: "Use the transaction", TextEdits: edits}, true
}

// canReplace reports whether the transaction can be written in the place of a
// handle. A local variable might be left without any use.
func (r *reporter) canReplace(s *scope, handle ast.Expr) bool {
	return visible(r.pass, s.tx, handle) && !isLocal(variable(r.pass.TypesInfo, handle), s.decl)
}

// methodOf returns the signature of a method without its receiver.
func methodOf(t types.Type, name string) *types.Signature {
	object, _, _ := types.LookupFieldOrMethod(t, true, nil, name)
	f, ok := object.(*types.Func)
	if !ok {
		return nil
	}
	return types.NewSignatureType(nil, nil, nil, f.Signature().Params(), f.Signature().Results(), f.Signature().Variadic())
}

// isWithContext reports whether want is have with a context in front.
func isWithContext(have, want *types.Signature) bool {
	if want.Params().Len() != have.Params().Len()+1 || want.Variadic() != have.Variadic() || !isContext(want.Params().At(0).Type()) {
		return false
	}
	for i := range have.Params().Len() {
		if !types.Identical(have.Params().At(i).Type(), want.Params().At(i+1).Type()) {
			return false
		}
	}
	return types.Identical(have.Results(), want.Results())
}

// isHandedOn reports whether the function that gets the handle as an argument
// will use it where nobody looks: in another package, or behind an interface.
// Whoever takes just anything, such as a logger, is not meant.
func (r *reporter) isHandedOn(f *types.Func, i int) bool {
	if f == nil || f.Pkg() == nil {
		return false
	}
	param := paramType(f.Signature(), i)
	if param == nil {
		return false
	}
	if types.IsInterface(param) {
		wanted, ok := param.Underlying().(*types.Interface)
		return ok && !wanted.Empty()
	}
	_, known := isHandle(param)
	return known && f.Pkg() != r.pass.Pkg
}

// paramType returns the type of the parameter that an argument becomes.
func paramType(signature *types.Signature, i int) types.Type {
	last := signature.Params().Len() - 1
	switch {
	case last < 0:
		return nil
	case signature.Variadic() && i >= last:
		if slice, ok := signature.Params().At(last).Type().Underlying().(*types.Slice); ok {
			return slice.Elem()
		}
		return nil
	case i > last:
		return nil
	}
	return signature.Params().At(i).Type()
}

func (r *reporter) reportHandedOn(s *scope, call *ast.CallExpr, f *types.Func, i int) {
	arg := call.Args[i]
	found := finding{
		pos: arg.Pos(), end: arg.End(),
		message: fmt.Sprintf("%s gets %s in %s, which is a second way to the database beside the transaction", source(call.Fun), source(arg), s.where()),
		hint:    r.handleHint(s, call),
	}
	param := paramType(f.Signature(), i)
	if r.canReplace(s, arg) && param != nil && types.AssignableTo(s.tx.Type(), param) {
		found.fixes = []analysis.SuggestedFix{{
			Message:   "Use the transaction",
			TextEdits: []analysis.TextEdit{{Pos: arg.Pos(), End: arg.End(), NewText: []byte(s.tx.Name())}},
		}}
	}
	r.report(found)
}
