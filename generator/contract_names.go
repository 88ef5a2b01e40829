package generator

import (
	"cmp"
	"go/token"
	"go/types"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/cnerium/cnerium-go/generator/internal/ident"

	"github.com/cnerium/cnerium-go/generator/contract"
)

// namedOperation is what an operation and its input may be called.
type namedOperation struct {
	*contract.Operation
	handler  string
	receiver string       // "" for a function
	home     string       // its package
	input    *types.Named // nil without one, and for a struct without a name
	named    bool         // the input needs a name of its own
}

// namedEvent is the same for an event.
type namedEvent struct {
	*contract.Event
	name string
	home string
}

// settleNames gives each item the first of its wishes that no other item has.
// Items that wish for the same all have to take their next one, so that none
// depends on the order; only when they have none left are they numbered.
func settleNames(taken *names, wishes [][]string) []string {
	level := make([]int, len(wishes))
	for again := true; again; {
		again = false
		count := make(map[string]int)
		for i, list := range wishes {
			count[list[level[i]]]++
		}
		for i, list := range wishes {
			name := list[level[i]]
			if (count[name] > 1 || taken.isTaken(name)) && level[i]+1 < len(list) {
				level[i]++
				again = true
			}
		}
	}
	settled := make([]string, len(wishes))
	for i, list := range wishes {
		settled[i] = taken.take(list[level[i]])
	}
	return settled
}

// nameTypes gives the types their names, and puts them in this order. Of the
// modes of a type that differ, the first keeps the plain name.
func (b *contractBuilder) nameTypes() {
	slices.SortFunc(b.types, func(s, t *contractType) int {
		return cmp.Or(strings.Compare(s.key.text, t.key.text), cmp.Compare(s.key.mode, t.key.mode))
	})
	wishes := make([][]string, len(b.types))
	for i, t := range b.types {
		name := plainName(t.named)
		if i > 0 && b.types[i-1].key.text == t.key.text {
			name += map[jsonMode]string{writingCopy: "Value", reading: "Input"}[t.key.mode]
		}
		wishes[i] = []string{name, exportedName(t.named.Obj().Pkg().Name()) + name}
	}
	taken := newNames(nil)
	for i, name := range settleNames(taken, wishes) {
		b.types[i].Name = name
	}
	slices.SortFunc(b.result.Types, func(s, t *contract.Type) int { return strings.Compare(s.Name, t.Name) })
	b.taken = taken
}

// nameOperations names the operations, and the inputs that are no types.
func (b *contractBuilder) nameOperations() {
	wishes := make([][]string, len(b.operations))
	for i, o := range b.operations {
		wishes[i] = []string{o.handler, o.receiver + o.handler, o.home + o.receiver + o.handler}
	}
	for i, name := range settleNames(newNames(nil), wishes) {
		b.operations[i].Name = name
	}
	var inputs []*namedOperation
	var inputWishes [][]string
	for _, o := range b.operations {
		if o.named {
			inputs = append(inputs, o)
			inputWishes = append(inputWishes, o.inputNames())
		}
	}
	for i, name := range settleNames(b.taken, inputWishes) {
		inputs[i].Input = name
	}
}

// inputNames returns what the input of an operation may be called.
func (o *namedOperation) inputNames() []string {
	name := o.Name + "Input"
	if o.input == nil {
		return []string{name}
	}
	return []string{plainName(o.input), name}
}

// nameEvents names the events.
func (b *contractBuilder) nameEvents() {
	wishes := make([][]string, len(b.events))
	for i, e := range b.events {
		wishes[i] = []string{e.name, e.home + e.name}
	}
	for i, name := range settleNames(newNames(nil), wishes) {
		b.events[i].Name = name
	}
}

// plainName names a type without its package: Order, PageOfOrder.
func plainName(t types.Type) string {
	switch t := types.Unalias(t).(type) {
	case *types.Named:
		var args []string
		for arg := range t.TypeArgs().Types() {
			args = append(args, plainName(arg))
		}
		name := exportedName(t.Obj().Name())
		if len(args) > 0 {
			name += "Of" + strings.Join(args, "And")
		}
		return name
	case *types.Basic:
		return exportedName(t.Name())
	case *types.Pointer:
		return plainName(t.Elem())
	case *types.Slice:
		return plainName(t.Elem()) + "List"
	case *types.Array:
		return plainName(t.Elem()) + "Array"
	case *types.Map:
		return plainName(t.Key()) + "To" + plainName(t.Elem())
	case *types.Struct:
		return "Struct"
	}
	return "Any"
}

// initials are words that Go writes in capitals, as far as wildcards and
// packages are often called by them.
var initials = map[string]string{"id": "ID", "url": "URL", "uri": "URI", "uuid": "UUID", "api": "API", "ip": "IP", "sku": "SKU"}

// exportedName makes an exported Go name of a text that is none: id becomes
// ID, and order_id OrderID.
func exportedName(text string) string {
	if token.IsExported(text) && token.IsIdentifier(text) {
		return text
	}
	var b strings.Builder
	for word := range strings.FieldsFuncSeq(text, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
		b.WriteString(cmp.Or(initials[word], ident.Exported(word)))
	}
	name := b.String()
	if first, _ := utf8.DecodeRuneInString(name); !unicode.IsUpper(first) {
		name = "X" + name // a digit, or a letter without cases
	}
	return name
}
