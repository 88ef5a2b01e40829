package generator

import (
	"fmt"
	"go/types"
	"slices"
)

// transactionPackages are the packages of stores that run handlers in their
// transactions. Each has a type Tx for a handler's parameter, a function
// TxFrom that finds it in the handler's context, and a constant Transaction
// that names it in the Route.
var transactionPackages = []string{
	runtimePath + "/sqlitestore",
	runtimePath + "/pgstore",
}

// transactionOf returns the package of the store whose transaction a type is;
// nil when it is something else.
func transactionOf(t types.Type) *types.Package {
	named, ok := types.Unalias(t).(*types.Named)
	if !ok || named.Obj().Name() != "Tx" || named.Obj().Pkg() == nil {
		return nil
	}
	if !slices.Contains(transactionPackages, named.Obj().Pkg().Path()) {
		return nil
	}
	return named.Obj().Pkg()
}

// isDatabase reports whether a type is a transaction or a database of some
// other kind, such as *sql.Tx, *pgxpool.Pool or an interface like them, which
// must not be taken for an input.
func isDatabase(t types.Type) bool {
	if p, ok := types.Unalias(t).(*types.Pointer); ok {
		t = p.Elem()
	}
	has := func(name string) bool { return method(t, true, name) != nil }
	return has("ExecContext") || has("Commit") && has("Rollback") || has("Exec") && has("QueryRow")
}

// transaction returns the package of the store whose transaction the handler
// takes; nil for a plain handler.
func (h *Handler) transaction() *types.Package {
	for _, p := range h.Params {
		if p.Kind == ParamTransaction {
			return p.Store
		}
	}
	return nil
}

// checkLease refuses a lease for a handler whose key is not reserved before it
// runs. The option recover is not refused: it is about records that the
// handler has left behind as a plain one.
func checkLease(src *source, d directive, h *Handler) []Diagnostic {
	if h.transaction() == nil {
		return nil
	}
	for _, opt := range d.options {
		if opt.name.text == "lease" {
			message := fmt.Sprintf("lease has no effect: %s is transactional, and its key is not reserved before it runs", h.Name)
			return []Diagnostic{src.diagnose(opt.name.pos, CategoryOption, message, "remove it; timeout bounds the transaction")}
		}
	}
	return nil
}
