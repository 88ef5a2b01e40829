package generator

import (
	"bytes"
	"cmp"
	"encoding/json"
	"go/constant"
	"go/token"
	"go/types"
	"slices"
	"strconv"
	"strings"

	"github.com/cnerium/cnerium-go/generator/contract"
)

// enum returns the constants of a string, integer or boolean type in its own
// package, in the order of [contract.Type]. A single exported one is a special
// value among others rather than a list of them; and the bits of a number that
// are to be combined are no such values either.
func (b *contractBuilder) enum(named *types.Named) []*contract.EnumValue {
	basic, ok := named.Underlying().(*types.Basic)
	if !ok || basic.Info()&(types.IsString|types.IsInteger|types.IsBoolean) == 0 {
		return nil
	}
	var values []*contract.EnumValue
	seen := make(map[string]bool)
	add := func(value contract.EnumValue) {
		if !seen[value.Value] {
			seen[value.Value] = true
			values = append(values, &value)
		}
	}
	var hidden []contract.EnumValue
	for _, c := range b.constantsOf(named) {
		doc := b.comments.of(c.Pos())
		switch value := jsonOf(c.Val()); {
		case doc.flags:
			return nil
		case c.Exported():
			add(contract.EnumValue{Name: c.Name(), Value: value, Doc: doc.whole()})
		default:
			hidden = append(hidden, contract.EnumValue{Value: value})
		}
	}
	if len(values) < 2 {
		return nil
	}
	for _, value := range hidden {
		add(value)
	}
	add(contract.EnumValue{Value: zeroOf(basic)})
	return values
}

// zeroOf returns the JSON of the zero value of a string, integer or boolean
// type.
func zeroOf(basic *types.Basic) string {
	switch {
	case basic.Info()&types.IsString != 0:
		return `""`
	case basic.Info()&types.IsBoolean != 0:
		return "false"
	}
	return "0"
}

// constantsOf returns the constants of a type in source order.
func (b *contractBuilder) constantsOf(named *types.Named) []*types.Const {
	scope := named.Obj().Pkg().Scope()
	var constants []*types.Const
	for _, name := range scope.Names() {
		c, ok := scope.Lookup(name).(*types.Const)
		if ok && types.Identical(c.Type(), named) {
			constants = append(constants, c)
		}
	}
	slices.SortFunc(constants, func(a, c *types.Const) int { return comparePositions(b.position(a.Pos()), b.position(c.Pos())) })
	return constants
}

func comparePositions(a, b token.Position) int {
	return cmp.Or(strings.Compare(a.Filename, b.Filename), cmp.Compare(a.Offset, b.Offset))
}

// jsonOf returns the JSON of a constant that is a string, an integer or a
// boolean.
func jsonOf(v constant.Value) string {
	switch v.Kind() {
	case constant.String:
		return jsonString(constant.StringVal(v))
	case constant.Bool:
		return strconv.FormatBool(constant.BoolVal(v))
	}
	return constant.ToInt(v).ExactString()
}

// jsonString quotes a text for JSON, and nothing else: a document is not HTML.
func jsonString(text string) string {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(text) // neither a text nor a buffer fails
	return strings.TrimSuffix(b.String(), "\n")
}
