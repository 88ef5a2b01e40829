package generator

import (
	"fmt"
	"go/token"
	"regexp"
	"slices"
	"strings"
	"time"
)

// comparison is a comparison under way.
type comparison struct {
	before, after *Lock
	at            token.Position // of the route that is being compared
	changes       []Change
}

// breaks notes a change that breaks something. Its text says what it breaks.
func (c *comparison) breaks(category, hint, format string, args ...any) {
	c.changes = append(c.changes, Change{Diagnostic: Diagnostic{c.at, category, fmt.Sprintf(format, args...), hint}})
}

// note notes a change that breaks nothing.
func (c *comparison) note(format string, args ...any) {
	c.changes = append(c.changes, Change{Diagnostic{c.at, CategoryCompatibleChange, fmt.Sprintf(format, args...), ""}, true})
}

// renamed finds the route that one is now under another operation: it has its
// method and pattern, or its handler. It returns -1 when there is none.
func (c *comparison) renamed(i int, taken map[int]bool) int {
	old := c.before.Routes[i]
	free := func(j int) bool {
		// One that the lock knows by its own operation is no other one's.
		return !taken[j] && !slices.ContainsFunc(c.before.Routes, func(r Listed) bool { return r.Operation == c.after.Routes[j].Operation })
	}
	for j, r := range c.after.Routes {
		if free(j) && r.Method == old.Method && anonymous(r.Pattern) == anonymous(old.Pattern) {
			return j
		}
	}
	for j, r := range c.after.Routes {
		if free(j) && r.Package == old.Package && r.Handler == old.Handler {
			return j
		}
	}
	return -1
}

// rename reports another operation.
func (c *comparison) rename(i, j int) {
	old, now := c.before.Routes[i], c.after.Routes[j]
	c.at = c.after.positions[j]
	c.breaks(CategoryOperationRenamed, "keep the operation "+old.Operation+": method, pattern and handler may change without it",
		"operation %s is now %s: keys are stored under the old name, so a retry of an earlier request runs the handler again", old.Operation, now.Operation)
}

// remove reports a route that is gone.
func (c *comparison) remove(i int) {
	old := c.before.Routes[i]
	c.at = c.before.positions[i]
	c.breaks(CategoryRouteRemoved, "keep the route until no client calls it and no retry can come: its answers are kept for "+retentionOf(old),
		"operation %s is gone: %s %s answers 404, and retries do not get their stored answers", old.Operation, old.Method, old.Pattern)
}

// retentionOf returns how long the answers of a route are kept, as far as it is
// known.
func retentionOf(r Listed) string {
	if r.Retention == "" {
		return "their retention"
	}
	return plainDuration(r.Retention)
}

// route compares the old route i with the new route j.
func (c *comparison) route(i, j int) {
	old, now := c.before.Routes[i], c.after.Routes[j]
	c.at = c.after.positions[j]
	c.pattern(old, now)
	if old.Package != now.Package || old.Handler != now.Handler {
		c.note("the handler of %s is now %s of %s", now.Operation, now.Handler, now.Package)
	}
	if old.Retention == "" || now.Retention == "" {
		return // a lock that tells no more
	}
	c.settings(old, now)
	if !old.Unknown && !now.Unknown {
		c.input(old, now)
		c.result(old, now)
	}
}

// pattern compares methods and patterns.
func (c *comparison) pattern(old, now Listed) {
	was, is := old.Method+" "+old.Pattern, now.Method+" "+now.Pattern
	switch {
	case was == is:
	case old.Method == now.Method && covers(now.Pattern, old.Pattern):
		c.note("%s was %s and is now %s, which takes the same requests", now.Operation, was, is)
	default:
		c.breaks(CategoryRouteMoved, "keep "+was+", or register the handler for both until all clients have moved",
			"%s was %s and is now %s: requests to the old one are not answered", now.Operation, was, is)
	}
}

var wildcardNames = regexp.MustCompile(`\{[^}$]*?(\.\.\.)?\}`)

// anonymous returns a pattern without the names of its wildcards, which are
// not part of a request.
func anonymous(pattern string) string { return wildcardNames.ReplaceAllString(pattern, "{$1}") }

// covers reports whether a pattern takes all requests of an older one, with the
// same path values. It knows the simple ways in which that can be.
func covers(now, old string) bool {
	now, old = anonymous(now), anonymous(old)
	if strings.HasPrefix(now, "/") {
		if i := strings.IndexByte(old, '/'); i > 0 { // for one host, and now for every
			old = old[i:]
		}
	}
	end, closed := strings.CutSuffix(old, "{$}")
	return now == old || closed && now == end || now == strings.TrimSuffix(old, "{}")+"{...}" && strings.HasSuffix(old, "/{}")
}

// settings compares what is not in the types of a handler.
func (c *comparison) settings(old, now Listed) {
	if !old.Opaque && !now.Opaque && old.Status != now.Status {
		c.breaks(CategoryStatusChanged, fmt.Sprintf("write status=%d", old.Status),
			"%s answered %d and now answers %d: clients that look for the old status fail, and replays of stored answers still have it", now.Operation, old.Status, now.Status)
	}
	c.retention(old, now)
	c.recovery(old, now)
	switch {
	case now.MaxBody < old.MaxBody:
		c.breaks(CategoryInputNarrowed, fmt.Sprintf("write max-body=%d", old.MaxBody),
			"%s took bodies of %d bytes and now takes %d: longer ones are answered with 413", now.Operation, old.MaxBody, now.MaxBody)
	case now.MaxBody > old.MaxBody:
		c.note("%s takes bodies of %d bytes, and no longer of %d only", now.Operation, now.MaxBody, old.MaxBody)
	}
	if now.Validates && !old.Validates {
		c.note("the input of %s is validated now", now.Operation)
	}
}

// retention compares how long answers are kept.
func (c *comparison) retention(old, now Listed) {
	was, errOld := time.ParseDuration(old.Retention)
	is, errNow := time.ParseDuration(now.Retention)
	switch {
	case errOld != nil || errNow != nil || was == is:
	case is < was:
		c.breaks(CategoryRetentionShortened, "write retention="+plainDuration(old.Retention),
			"%s kept answers for %s and now keeps them for %s: a retry after that runs the handler again", now.Operation, plainDuration(old.Retention), plainDuration(now.Retention))
	default:
		c.note("%s keeps answers for %s instead of %s", now.Operation, plainDuration(now.Retention), plainDuration(old.Retention))
	}
}

// plainDuration returns a duration of a lock as a directive has it: 72h, where
// the lock has 72h0m0s.
func plainDuration(text string) string {
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}

// recovery compares what happens after a crash. A transactional handler leaves
// no unknown outcome, so the option says nothing there.
func (c *comparison) recovery(old, now Listed) {
	const transactional = "transactional"
	switch {
	case old.Mode == transactional && now.Mode != transactional:
		c.breaks(CategoryRecoverChanged, "keep the parameter of the transaction",
			"%s was transactional and is now plain: after a crash its outcome can be unknown, which clients were never told", now.Operation)
	case now.Mode == transactional:
		if old.Mode != transactional {
			c.note("%s is transactional now: a crash leaves no unknown outcome", now.Operation)
		}
	case old.Recover == "" || old.Recover == now.Recover:
	case now.Recover == "rerun":
		c.breaks(CategoryRecoverChanged, "write recover=hold, or make sure that the handler may run again after it was cut off",
			"%s had recover=%s and now has recover=rerun: after a crash the handler can run twice for one key", now.Operation, old.Recover)
	default:
		c.breaks(CategoryRecoverChanged, "write recover=rerun",
			"%s had recover=%s and now has recover=%s: after a crash clients get 409 outcome-unknown instead of an answer", now.Operation, old.Recover, now.Recover)
	}
}
