package generator

import (
	"slices"
	"strings"
)

// object compares the fields of objects.
func (s *shapeComparison) object(at string, a, b *Shape) {
	if s.clientReads {
		s.clientReadsObject(at, a, b)
	} else {
		s.serverReadsObject(at, a, b)
	}
}

// serverReadsObject compares the fields that clients send with those that a
// server knows now.
func (s *shapeComparison) serverReadsObject(at string, a, b *Shape) {
	for _, f := range a.Fields {
		if g := b.field(f.Name, true); g != nil {
			s.compare(at+"."+f.Name, f.Shape, g.Shape)
			continue
		}
		s.fault("keep the field, also if nothing is done with it any more",
			"%s.%s is gone: requests that have it are refused as having an unknown field", at, f.Name)
	}
	for _, g := range b.Fields {
		switch {
		case a.field(g.Name, true) != nil:
		case s.validates && !g.Optional && (g.Shape == nil || !g.Shape.Nullable):
			s.fault("let Validate accept its zero value, and write omitempty or omitzero in its tag",
				"%s.%s is new and not optional: clients do not send it, and Validate may refuse that", at, g.Name)
		default:
			s.remark("%s.%s is new", at, g.Name)
		}
	}
}

// clientReadsObject compares the fields that a server sends now with those that
// clients know.
func (s *shapeComparison) clientReadsObject(at string, a, b *Shape) {
	for _, g := range b.Fields {
		f := a.field(g.Name, false)
		switch {
		case f == nil && g.Optional:
			s.remark("%s.%s, which was not always there, is gone", at, g.Name)
		case f == nil:
			s.fault("go on sending it", "%s.%s is gone, and clients count on it", at, g.Name)
		default:
			if f.Optional && !g.Optional {
				s.fault("remove omitempty or omitzero from its tag", "%s.%s is not always there any more", at, g.Name)
			}
			s.compare(at+"."+g.Name, f.Shape, g.Shape)
		}
	}
	for _, f := range a.Fields {
		if b.field(f.Name, false) == nil {
			s.remark("%s.%s is new", at, f.Name)
		}
	}
}

// field returns the field of a name; nil when there is none. With fold it may
// differ in case, which encoding/json passes over when it reads.
func (s *Shape) field(name string, fold bool) *ShapeField {
	i := slices.IndexFunc(s.Fields, func(f ShapeField) bool { return f.Name == name })
	if i < 0 && fold {
		i = slices.IndexFunc(s.Fields, func(f ShapeField) bool { return strings.EqualFold(f.Name, name) })
	}
	if i < 0 {
		return nil
	}
	return &s.Fields[i]
}
