package generator

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// shapeComparison finds out whether who reads one shape understands all that
// is written in another.
//
// A server reads as cnerium.Request.DecodeJSON does: it refuses fields that it
// does not know, misses none, and takes null for nothing. A client reads with
// types: it passes over fields that it does not know, but needs those that
// were always there.
type shapeComparison struct {
	from, to    map[string]*Shape // the types of who writes, and of who reads
	clientReads bool              // from is new and to is old; else a server reads, and it is the other way round
	texts       bool              // the values are no JSON, but texts of path, query or header
	validates   bool              // the server looks at what is missing

	seen    map[[2]string]bool // pairs of types that are being compared, or were
	faults  []shapeFault
	remarks []string
}

// shapeFault is a difference that breaks clients.
type shapeFault struct{ text, hint string }

func (s *shapeComparison) fault(hint, format string, args ...any) {
	s.faults = append(s.faults, shapeFault{fmt.Sprintf(format, args...), hint})
}

func (s *shapeComparison) remark(format string, args ...any) {
	s.remarks = append(s.remarks, fmt.Sprintf(format, args...))
}

// compare compares what is written in a with what is read in b, at a place.
func (s *shapeComparison) compare(at string, a, b *Shape) {
	if a == nil || b == nil {
		return // a lock that somebody has shortened
	}
	written, read := resolveShape(s.from, a), resolveShape(s.to, b)
	if written == nil || read == nil || read.Type == "any" {
		return
	}
	if s.clientReads && (a.Nullable || written.Nullable) && !b.Nullable && !read.Nullable {
		s.fault("never return null there", "%s can be null now", at)
	}
	if s.first(a, b) {
		s.kind(at, written, read)
	}
}

// first reports whether two types are not being compared already, nor were:
// what is wrong with them is told once, at the first place.
func (s *shapeComparison) first(a, b *Shape) bool {
	if a.Type != "ref" || b.Type != "ref" {
		return true
	}
	pair := [2]string{a.Ref, b.Ref}
	if s.seen[pair] {
		return false
	}
	if s.seen == nil {
		s.seen = make(map[[2]string]bool)
	}
	s.seen[pair] = true
	return true
}

// resolveShape follows references. It returns nil for one that leads nowhere.
func resolveShape(types map[string]*Shape, shape *Shape) *Shape {
	for range len(types) + 1 {
		if shape == nil || shape.Type != "ref" {
			return shape
		}
		shape = types[shape.Ref]
	}
	return nil
}

// kind compares shapes that are no references.
func (s *shapeComparison) kind(at string, a, b *Shape) {
	switch {
	case a.Type == "array" && b.Type == "array":
		s.array(at, a, b)
	case s.texts && b.Type == "array":
		s.compare(at, a, b.Elem) // a single value is a list of one
	case a.Type == "map" && b.Type == "map":
		s.compare("the keys of "+at, a.Key, b.Key)
		s.compare(at+".*", a.Elem, b.Elem)
	case a.Type == "object" && b.Type == "object":
		s.object(at, a, b)
	case a.Type == "object" && b.Type == "map":
		for _, f := range a.Fields {
			s.compare(at+"."+f.Name, f.Shape, b.Elem)
		}
	case a.Quoted != b.Quoted && !s.texts || !s.fits(a.Type, b.Type):
		was, is := describeShape(a), describeShape(b)
		if s.clientReads {
			was, is = is, was
		}
		s.fault("keep the type, and add a field for the new one", "%s was %s and is now %s", at, was, is)
	default:
		s.enum(at, a, b)
	}
}

// describeShape names what is no container.
func describeShape(s *Shape) string {
	if s.Quoted {
		return s.Type + " in a string"
	}
	return s.Type
}

// fits reports whether who reads one scalar understands another.
func (s *shapeComparison) fits(a, b string) bool {
	if a == b || s.texts && b == "string" && a != "array" {
		return true
	}
	// What a type makes of a string itself is a string for everybody else.
	if a == "text" && b == "string" || a == "time" && (b == "string" || s.clientReads && b == "text") {
		return true
	}
	if s.clientReads && a == "string" && b == "text" {
		return true
	}
	kindA, bitsA := numberShape(a)
	kindB, bitsB := numberShape(b)
	switch {
	case kindA == "" || kindB == "":
		return false
	case kindA == kindB, kindA == "uint" && kindB == "int" && bitsA < bitsB:
		return bitsA <= bitsB
	case kindB == "number":
		return true
	case kindB == "bigint":
		return kindA == "int" || kindA == "uint"
	case kindB == "float":
		return kindA == "int" || kindA == "uint"
	}
	return false
}

// numberShape splits the name of a number: int64 is int and 64.
func numberShape(name string) (kind string, bits int) {
	for _, kind := range []string{"int", "uint", "float"} {
		if digits, ok := strings.CutPrefix(name, kind); ok {
			if bits, err := strconv.Atoi(digits); err == nil {
				return kind, bits
			}
		}
	}
	if name == "bigint" || name == "number" {
		return name, 0
	}
	return "", 0
}

// array compares arrays. One of a fixed length takes no more than that.
func (s *shapeComparison) array(at string, a, b *Shape) {
	switch {
	case b.Len == nil || a.Len != nil && (*a.Len == *b.Len || !s.clientReads && *a.Len < *b.Len):
	case s.clientReads:
		s.fault("keep the length", "%s had always %d elements", at, *b.Len)
	default:
		s.fault("use a slice", "%s takes %d elements now, and passes over others", at, *b.Len)
	}
	s.compare(at+"[]", a.Elem, b.Elem)
}

// enum compares the values that there are. A type without constants has all.
func (s *shapeComparison) enum(at string, a, b *Shape) {
	if len(b.Enum) == 0 {
		return
	}
	verb := "does not take %s any more"
	hint := "keep the constant"
	if s.clientReads {
		verb, hint = "can be %s now, for which clients have no case", "return one of the values that clients know, or tell them before"
	}
	if len(a.Enum) == 0 {
		if s.clientReads {
			s.fault(hint, "%s can be anything now, and was one of %s", at, joinValues(b.Enum))
		} else {
			s.fault("declare the type without constants", "%s is one of %s now, and was not limited", at, joinValues(b.Enum))
		}
		return
	}
	var missing []json.RawMessage
	for _, value := range a.Enum {
		if !slices.ContainsFunc(b.Enum, func(other json.RawMessage) bool { return bytes.Equal(value, other) }) {
			missing = append(missing, value)
		}
	}
	if len(missing) > 0 {
		s.fault(hint, "%s "+verb, at, joinValues(missing))
	}
}

func joinValues(values []json.RawMessage) string {
	texts := make([]string, len(values))
	for i, v := range values {
		texts[i] = string(v)
	}
	return strings.Join(texts, ", ")
}
