package generator

import (
	"cmp"
	"fmt"
	"go/token"
	"path/filepath"
	"slices"
	"strings"
)

// Diagnostic is one finding about the input. All of them stop what they are
// about from being written: the code of a package, a document or a client.
type Diagnostic struct {
	Pos      token.Position // absolute file name; Line and Column count from 1
	Category string         // one of the Category constants
	Message  string         // what is wrong, lower case, one line
	Hint     string         // how to mend it, one line; "" when the message says so
}

// The categories of diagnostics.
const (
	CategoryDirective       = "directive"        // words missing from or left over in a directive
	CategoryDirectiveWord   = "directive-word"   // unknown word after //cnerium:, or cnerium: misspelt
	CategoryDirectiveSpace  = "directive-space"  // a space after //, or /*, so that it is only a comment
	CategoryDirectivePlace  = "directive-place"  // stands where it has no effect
	CategoryDirectiveTwice  = "directive-twice"  // two directives on one function or type, or two for one package
	CategoryOption          = "option"           // unknown, repeated or useless option
	CategoryOptionValue     = "option-value"     // value out of range or malformed
	CategoryMethod          = "method"           // not POST, PUT, PATCH or DELETE
	CategoryPattern         = "pattern"          // net/http refuses the pattern
	CategoryPatternConflict = "pattern-conflict" // net/http refuses it beside another one
	CategoryOperation       = "operation"        // malformed operation name
	CategoryOperationVague  = "operation-vague"  // well-formed, but says nothing
	CategoryOperationTwice  = "operation-twice"  // two routes of the run have it
	CategoryPathParam       = "path-param"       // wildcard without parameter, or the other way round
	CategoryParam           = "param"            // unsupported parameter
	CategoryResult          = "result"           // unsupported result
	CategoryField           = "field"            // unsupported type of an input's or result's field
	CategoryBody            = "body"             // two inputs
	CategoryUnexported      = "unexported"       // a type or field that generated code or encoding/json cannot reach
	CategoryReceiver        = "receiver"         // method whose receiver cannot be passed to RegisterRoutes
	CategoryTag             = "tag"              // field tag that has no effect
	CategoryName            = "name"             // the package declares a name that generated code needs
	CategoryOutput          = "output"           // an output file is not ours, or that of files which the build leaves out
	CategoryType            = "type"             // type error in what a handler's declaration reaches
	CategorySyntax          = "syntax"           // file does not parse
	CategoryEvent           = "event"            // malformed type of an event, or a type that is no struct
	CategoryEventTwice      = "event-twice"      // two structs have the same type of event
	CategoryTarget          = "target"           // a document or client that cannot be made where it should
	CategoryContractType    = "contract-type"    // a type whose JSON cannot be described to clients
)

// Format returns the diagnostic as go vet prints it, with the file relative
// to dir where it is below it, and the hint, if any, on a second line:
//
//	file:line:col: message [category]
//		hint
func (d Diagnostic) Format(dir string) string {
	pos := d.Pos
	if rel, err := filepath.Rel(dir, pos.Filename); err == nil && filepath.IsLocal(rel) {
		pos.Filename = rel
	}
	text := fmt.Sprintf("%s: %s [%s]", pos, d.Message, d.Category)
	if d.Hint != "" {
		text += "\n\t" + d.Hint
	}
	return text
}

// sortDiagnostics puts them in the order of files, lines and columns, and
// drops what is said twice.
func sortDiagnostics(diagnostics []Diagnostic) []Diagnostic {
	slices.SortStableFunc(diagnostics, func(a, b Diagnostic) int {
		return cmp.Or(
			strings.Compare(a.Pos.Filename, b.Pos.Filename),
			cmp.Compare(a.Pos.Line, b.Pos.Line),
			cmp.Compare(a.Pos.Column, b.Pos.Column),
			strings.Compare(a.Category, b.Category),
			strings.Compare(a.Message, b.Message),
		)
	})
	return slices.Compact(diagnostics)
}
