package generator

import (
	"fmt"
	"go/ast"
	"go/token"
)

// eventDirective is one //cnerium:event line on the declaration of a type.
type eventDirective struct {
	spec *ast.TypeSpec
	pos  token.Pos // of the //
	name word      // the type of the event
}

// read stores the word in the directive and returns what is wrong with the
// number of words.
func (d *eventDirective) read(words []word) *fault {
	switch len(words) {
	case 0:
		return &fault{d.pos, CategoryDirective, "the type of the event is missing", "the form is " + eventForm + ", such as order.created"}
	case 1:
		d.name = words[0]
		return nil
	}
	return &fault{
		words[1].pos, CategoryDirective,
		fmt.Sprintf("%q is left over after the type of the event", words[1].text), "the form is " + eventForm,
	}
}
