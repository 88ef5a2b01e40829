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

// enum returns the exported constants of a string, integer or boolean type in
// its own package, in source order, each value once. A single one is a special
// value among others rather than a list of them; and the bits of a number that
// are to be combined are no such values either.
func (b *contractBuilder) enum(named *types.Named) []*contract.EnumValue {
	basic, ok := named.Underlying().(*types.Basic)
	if !ok || basic.Info()&(types.IsString|types.IsInteger|types.IsBoolean) == 0 {
		return nil
	}
	var values []*contract.EnumValue
	seen := make(map[string]bool)
	for _, c := range b.constantsOf(named) {
		doc := b.comments.of(c.Pos())
		if doc.flags {
			return nil
		}
		value := jsonOf(c.Val())
		if seen[value] {
			continue
		}
		seen[value] = true
		values = append(values, &contract.EnumValue{Name: c.Name(), Value: value, Doc: doc.whole()})
	}
	if len(values) < 2 {
		return nil
	}
	return values
}

// constantsOf returns the exported constants of a type.
func (b *contractBuilder) constantsOf(named *types.Named) []*types.Const {
	scope := named.Obj().Pkg().Scope()
	var constants []*types.Const
	for _, name := range scope.Names() {
		c, ok := scope.Lookup(name).(*types.Const)
		if ok && c.Exported() && types.Identical(c.Type(), named) {
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
