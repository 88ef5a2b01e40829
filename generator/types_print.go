package generator

import (
	"go/types"
	"regexp"
	"slices"
	"strconv"
)

// structTag is the only kind of string in the text of a type.
var structTag = regexp.MustCompile(`"(?:[^"\\]|\\.)*"`)

// typeText returns a type as a person writes it in the package: aliases by
// their own names, other packages by what name says, tags in backquotes.
func typeText(t types.Type, home *types.Package, name func(*types.Package) string) string {
	text := types.TypeString(t, func(p *types.Package) string {
		if p.Path() == home.Path() {
			return ""
		}
		return name(p)
	})
	return structTag.ReplaceAllStringFunc(text, func(quoted string) string {
		tag, err := strconv.Unquote(quoted)
		if err != nil || !strconv.CanBackquote(tag) {
			return quoted
		}
		return "`" + tag + "`"
	})
}

// plainType returns a type for a message.
func plainType(t types.Type, home *types.Package) string {
	return typeText(t, home, (*types.Package).Name)
}

// mention is what the text of a type names.
type mention struct {
	packages   []*types.Package
	predefined []string     // string, error, any, …
	hidden     types.Object // type or field, unexported in another package; nil for none
}

// mentionsOf returns what the texts of some types name.
func mentionsOf(home *types.Package, list ...types.Type) *mention {
	m := new(mention)
	for _, t := range list {
		m.add(t, home)
	}
	return m
}

// add walks the parts of a type that its text spells out: it stops at names.
func (m *mention) add(t types.Type, home *types.Package) {
	switch t := t.(type) {
	case *types.Basic:
		if t.Kind() == types.UnsafePointer {
			m.addPackage(types.Unsafe)
			return
		}
		m.addPredefined(t.Name())
	case *types.Alias:
		m.addName(t.Obj(), t.TypeArgs(), home)
	case *types.Named:
		m.addName(t.Obj(), t.TypeArgs(), home)
	case *types.Pointer:
		m.add(t.Elem(), home)
	case *types.Slice:
		m.add(t.Elem(), home)
	case *types.Array:
		m.add(t.Elem(), home)
	case *types.Chan:
		m.add(t.Elem(), home)
	case *types.Map:
		m.add(t.Key(), home)
		m.add(t.Elem(), home)
	case *types.Tuple:
		for v := range t.Variables() {
			m.add(v.Type(), home)
		}
	case *types.Signature:
		m.add(t.Params(), home)
		m.add(t.Results(), home)
	case *types.Struct:
		for f := range t.Fields() {
			if !f.Exported() && f.Pkg().Path() != home.Path() {
				m.hidden = f
			}
			m.add(f.Type(), home)
		}
	case *types.Interface:
		m.addInterface(t, home)
	case *types.Union:
		for term := range t.Terms() {
			m.add(term.Type(), home)
		}
	}
}

func (m *mention) addInterface(t *types.Interface, home *types.Package) {
	for method := range t.ExplicitMethods() {
		m.add(method.Signature(), home)
	}
	for embedded := range t.EmbeddedTypes() {
		m.add(embedded, home)
	}
}

func (m *mention) addName(obj *types.TypeName, args *types.TypeList, home *types.Package) {
	switch pkg := obj.Pkg(); {
	case pkg == nil:
		m.addPredefined(obj.Name())
	case pkg.Path() == home.Path():
	default:
		m.addPackage(pkg)
		if !obj.Exported() {
			m.hidden = obj
		}
	}
	for t := range args.Types() {
		m.add(t, home)
	}
}

func (m *mention) addPackage(p *types.Package) {
	if !slices.Contains(m.packages, p) {
		m.packages = append(m.packages, p)
	}
}

func (m *mention) addPredefined(name string) {
	if !slices.Contains(m.predefined, name) {
		m.predefined = append(m.predefined, name)
	}
}
