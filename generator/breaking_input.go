package generator

import (
	"slices"
	"strings"
)

// input compares what clients send.
func (c *comparison) input(old, now Listed) {
	c.params(old, now)
	switch {
	case old.Body == nil && now.Body == nil:
	case old.Body == nil:
		c.breaks(CategoryInputNarrowed, "take the new values from the query or a header, which may be absent",
			"%s reads a JSON body now: requests without one are refused", now.Operation)
	case now.Body == nil:
		c.breaks(CategoryInputNarrowed, "go on reading the body, or give the new form an operation of its own",
			"%s does not read the body any more that clients send", now.Operation)
	default:
		s := &shapeComparison{from: old.Types, to: now.Types, validates: now.Validates}
		s.compare("body", old.Body, now.Body)
		for _, fault := range s.faults {
			c.breaks(CategoryInputNarrowed, fault.hint, "input of %s: %s", now.Operation, fault.text)
		}
		for _, remark := range s.remarks {
			c.note("input of %s: %s", now.Operation, remark)
		}
	}
}

// params compares path values by their order, because their names are not part
// of a request, and all others by their names.
func (c *comparison) params(old, now Listed) {
	was, is := placed(old.Params, "path"), placed(now.Params, "path")
	if len(was) == len(is) {
		for i := range was {
			c.param(old, now, was[i], is[i])
		}
	}
	for _, p := range old.Params {
		if p.In == "path" {
			continue
		}
		i := slices.IndexFunc(now.Params, func(q ListedParam) bool { return sameParam(p, q) })
		if i >= 0 {
			c.param(old, now, p, now.Params[i])
			continue
		}
		c.breaks(CategoryInputNarrowed, "keep the field, and do with it what you did",
			"%s does not read the %s %s any more that clients send", now.Operation, placeName(p), p.Name)
	}
	for _, p := range now.Params {
		if p.In == "path" || slices.ContainsFunc(old.Params, func(q ListedParam) bool { return sameParam(p, q) }) {
			continue
		}
		if p.Required {
			c.breaks(CategoryInputNarrowed, "make it optional", "%s wants the %s %s now, which clients do not send", now.Operation, placeName(p), p.Name)
		} else {
			c.note("%s reads the %s %s now", now.Operation, placeName(p), p.Name)
		}
	}
}

// placed returns the parameters from one place, in their order.
func placed(params []ListedParam, place string) []ListedParam {
	return slices.DeleteFunc(slices.Clone(params), func(p ListedParam) bool { return p.In != place })
}

// sameParam reports whether two parameters stand at the same place. Names of
// header fields are alike whatever their case.
func sameParam(a, b ListedParam) bool {
	return a.In == b.In && (a.Name == b.Name || a.In == "header" && strings.EqualFold(a.Name, b.Name))
}

// placeName says what a parameter is, for messages.
func placeName(p ListedParam) string {
	switch p.In {
	case "path":
		return "path value"
	case "query":
		return "query parameter"
	}
	return "header"
}

// param compares one parameter. Values are texts here, so a string takes what
// was a number.
func (c *comparison) param(old, now Listed, p, q ListedParam) {
	if p.Shape == nil || q.Shape == nil {
		return
	}
	s := &shapeComparison{from: old.Types, to: now.Types, texts: true}
	s.compare(placeName(q)+" "+q.Name, p.Shape, q.Shape)
	for _, fault := range s.faults {
		c.breaks(CategoryInputNarrowed, fault.hint, "input of %s: %s", now.Operation, fault.text)
	}
	for _, remark := range s.remarks {
		c.note("input of %s: %s", now.Operation, remark)
	}
	if q.Required && !p.Required {
		c.breaks(CategoryInputNarrowed, "make it optional", "%s wants the %s %s now, which clients may leave out", now.Operation, placeName(q), q.Name)
	}
}

// result compares what clients get: they read what the new server writes.
func (c *comparison) result(old, now Listed) {
	switch {
	case old.Opaque:
		if !now.Opaque {
			c.note("%s has a typed result now", now.Operation)
		}
	case now.Opaque:
		c.breaks(CategoryResultChanged, "return the typed result, or make sure that the response stays the same",
			"%s makes its response itself now: what clients get is no longer known", now.Operation)
	case old.Result == nil:
		if now.Result != nil {
			c.note("%s has a result now", now.Operation)
		}
	case now.Result == nil:
		c.breaks(CategoryResultChanged, "go on returning it", "%s has no result any more, and clients read one", now.Operation)
	default:
		s := &shapeComparison{from: now.Types, to: old.Types, clientReads: true}
		s.compare("result", now.Result, old.Result)
		for _, fault := range s.faults {
			c.breaks(CategoryResultChanged, fault.hint, "result of %s: %s", now.Operation, fault.text)
		}
		for _, remark := range s.remarks {
			c.note("result of %s: %s", now.Operation, remark)
		}
	}
}
