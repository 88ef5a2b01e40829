package generator

import (
	"math/bits"
	"strconv"
	"time"

	"github.com/cnerium/cnerium-go/generator/internal/ident"
)

// routeFunc is the function that makes a handler a route.
func (e *emitter) routeFunc(r *emitRoute) {
	w := &wrapper{emitter: e, route: r, scope: e.scope.inner(), names: make(map[string]string)}
	params := ""
	if r.receiver != nil {
		w.receiver = w.scope.take(ident.Unexported(r.receiver.named.Obj().Name()))
		params = w.receiver + " " + r.receiver.text
	}
	e.line("// ", r.wrapper, " adapts [", r.link(), "].")
	e.open("func ", r.wrapper, "(", params, ") ", e.runtime("Route"), " {")
	e.open("return ", e.runtime("Route"), "{")
	e.columns([][2]string{
		{"Pattern:", strconv.Quote(r.Method+" "+r.Path) + ","},
		{"Operation:", r.constant + ","},
	})
	w.bind()
	e.columns(e.fields(r))
	e.end("}")
	e.end("}")
}

// fields are those that not every route has.
func (e *emitter) fields(r *emitRoute) [][2]string {
	var fields [][2]string
	add := func(name, value string) { fields = append(fields, [2]string{name + ":", value + ","}) }
	if store := r.Handler.transaction(); store != nil {
		add("Transaction", e.store(store, "Transaction"))
	}
	o := r.Options
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
func (e *emitter) duration(d time.Duration) string {
	i := 0
	for d%units[i].unit != 0 {
		i++
	}
	unit := e.imports.local["time"] + "." + units[i].name
	if d == units[i].unit {
		return unit
	}
	return strconv.FormatInt(int64(d/units[i].unit), 10) + " * " + unit
}

// size is a number of bytes, as a shift where a person would write one.
func size(n int64) string {
	if n >= 1<<10 && n&(n-1) == 0 {
		return "1 << " + strconv.Itoa(bits.TrailingZeros64(uint64(n)))
	}
	return strconv.FormatInt(n, 10)
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
func (e *emitter) status(n int) string {
	if local := e.imports.local["net/http"]; local != "" && statusNames[n] != "" {
		return local + "." + statusNames[n]
	}
	return strconv.Itoa(n)
}
