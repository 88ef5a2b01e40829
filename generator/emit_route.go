package generator

import (
	"go/types"
	"math/bits"
	"time"

	"github.com/dave/jennifer/jen"
)

// routeFunc is the function that makes a handler a route.
func (e *emitter) routeFunc(r *emitRoute) jen.Code {
	w := &wrapper{emitter: e, route: r, scope: e.scope.inner(), names: make(map[string]string)}
	var params []jen.Code
	if r.receiver != nil {
		w.receiver = w.scope.take(lowerCamel(r.receiver.named.Obj().Name()))
		params = append(params, jen.Id(w.receiver).Id(r.receiver.text))
	}
	fields := []jen.Code{
		jen.Id("Pattern").Op(":").Lit(r.Method + " " + r.Path),
		jen.Id("Operation").Op(":").Id(r.constant),
		jen.Id("Bind").Op(":").Add(w.bind()),
	}
	if store := r.Handler.transaction(); store != nil {
		fields = append(fields, jen.Id("Transaction").Op(":").Add(e.store(store, "Transaction")))
	}
	fields = append(fields, e.options(r.Options)...)
	literal := jen.Custom(jen.Options{Open: "{", Close: "}", Separator: ",", Multi: true}, fields...)
	return jen.Func().Id(r.wrapper).Params(params...).Add(e.runtime("Route")).Block(
		jen.Return(e.runtime("Route").Add(literal)),
	)
}

// options are the fields of the options that were given.
func (e *emitter) options(o RouteOptions) []jen.Code {
	var fields []jen.Code
	add := func(name string, value jen.Code) {
		fields = append(fields, jen.Id(name).Op(":").Add(value))
	}
	if o.Retention != nil {
		add("Retention", e.duration(*o.Retention))
	}
	if o.Wait != nil && *o.Wait == 0 {
		add("Wait", e.runtime("NoWait"))
	} else if o.Wait != nil {
		add("Wait", e.duration(*o.Wait))
	}
	if o.Timeout != nil {
		add("Timeout", e.duration(*o.Timeout))
	}
	if o.Lease != nil {
		add("Lease", e.duration(*o.Lease))
	}
	if o.Recover == "rerun" {
		add("Recover", e.runtime("Rerun"))
	}
	if o.MaxBody != nil {
		add("MaxBody", size(*o.MaxBody))
	}
	return fields
}

// namesTime reports whether an option is written with a unit of time.
func (o RouteOptions) namesTime() bool {
	return o.Retention != nil || o.Timeout != nil || o.Lease != nil || o.Wait != nil && *o.Wait != 0
}

// units of time by the names that time has for them, the greatest first.
var units = []struct {
	name string
	unit time.Duration
}{
	{"Hour", time.Hour},
	{"Minute", time.Minute},
	{"Second", time.Second},
	{"Millisecond", time.Millisecond},
	{"Microsecond", time.Microsecond},
	{"Nanosecond", time.Nanosecond},
}

// duration is a duration in the greatest unit that it is a multiple of.
func (e *emitter) duration(d time.Duration) jen.Code {
	i := 0
	for d%units[i].unit != 0 {
		i++
	}
	unit := jen.Id(e.imports.local["time"]).Dot(units[i].name)
	if d == units[i].unit {
		return unit
	}
	return jen.Lit(int(d / units[i].unit)).Op("*").Add(unit)
}

// size is a number of bytes, as a shift where a person would write one.
func size(n int64) jen.Code {
	if n >= 1<<10 && n&(n-1) == 0 {
		return jen.Lit(1).Op("<<").Lit(bits.TrailingZeros64(uint64(n)))
	}
	return jen.Lit(int(n))
}

// statusNames are the constants of net/http for the statuses of successes.
var statusNames = map[int]string{
	200: "StatusOK", 201: "StatusCreated", 202: "StatusAccepted", 203: "StatusNonAuthoritativeInfo",
	204: "StatusNoContent", 205: "StatusResetContent", 206: "StatusPartialContent", 207: "StatusMultiStatus",
	208: "StatusAlreadyReported", 226: "StatusIMUsed",
}

// status is the status that the route answers with.
func (r *Route) status() int {
	switch {
	case r.Options.Status != nil:
		return *r.Options.Status
	case r.Handler.Result.Kind == ResultNone:
		return 204
	}
	return 200
}

// namesStatus reports whether the wrapper writes its status down, and net/http
// has a name for it.
func (r *Route) namesStatus() bool {
	kind := r.Handler.Result.Kind
	return kind != ResultResponse && (kind != ResultNone || r.status() != 204) && statusNames[r.status()] != ""
}

// status is a status by its name, or by its number where that has to do.
func (e *emitter) status(n int) jen.Code {
	if local := e.imports.local["net/http"]; local != "" && statusNames[n] != "" {
		return jen.Id(local).Dot(statusNames[n])
	}
	return jen.Lit(n)
}

// isString reports whether a type is string itself.
func isString(t types.Type) bool { return types.Unalias(t) == types.Typ[types.String] }
