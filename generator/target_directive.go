package generator

import (
	"fmt"
	"go/token"
)

// targetDirective is one //cnerium:package line. Nothing is judged yet but the
// form of the options.
type targetDirective struct {
	pos     token.Pos // of the //
	options []option  // at least one
}

// targetNames are the options of the directive, in the order of the manual.
var targetNames = []string{"openapi", "client", "ts"}

// read stores the words in the directive and returns what is wrong with their
// form.
func (d *targetDirective) read(words []word) *fault {
	for _, w := range words {
		if !isOption(w.text) {
			return &fault{
				w.pos, CategoryDirective, fmt.Sprintf("%q is not of the form name=value", w.text),
				"the form is " + targetForm + ", with one of them at least",
			}
		}
		d.options = append(d.options, optionOf(w))
	}
	if len(words) == 0 {
		return &fault{d.pos, CategoryDirective, "openapi, client and ts are missing", "the form is " + targetForm + ", with one of them at least"}
	}
	return nil
}
