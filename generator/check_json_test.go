package generator

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
)

// byPointer, byKey and boxed are like the types of the same names in the test
// below.
type byPointer struct{ C chan int }

func (*byPointer) MarshalJSON() ([]byte, error) { return []byte("1"), nil }

type byKey struct{ A int }

func (*byKey) MarshalText() ([]byte, error) { return []byte("k"), nil }

type boxed struct{ P byPointer }

func TestResultsAreJudgedAsJSONEncodesThem(t *testing.T) {
	t.Parallel()
	for result, value := range map[string]any{
		"byPointer":              byPointer{},
		"*byPointer":             &byPointer{},
		"boxed":                  boxed{},
		"*boxed":                 &boxed{},
		"[]boxed":                []boxed{{}},
		"[1]boxed":               [1]boxed{},
		"*[1]boxed":              &[1]boxed{},
		"map[string]byPointer":   map[string]byPointer{"k": {}},
		"*map[string]boxed":      &map[string]boxed{"k": {}},
		"map[string]*boxed":      map[string]*boxed{"k": {}},
		"map[string][]byPointer": map[string][]byPointer{"k": {{}}},
		"map[byKey]int":          map[byKey]int{{}: 1},
		"[]map[byKey]int":        []map[byKey]int{{{}: 1}},
		"struct{ A *boxed }":     struct{ A *boxed }{&boxed{}},
		"struct{ A *boxed; B boxed }": struct {
			A *boxed
			B boxed
		}{A: &boxed{}},
		"struct{ A []boxed; M map[int]int }": struct {
			A []boxed
			M map[int]int
		}{A: []boxed{{}}},
	} {
		_, found := buildText(t, `package orders

import "context"

type byPointer struct{ C chan int }

func (*byPointer) MarshalJSON() ([]byte, error) { return nil, nil }

type byKey struct{ A int }

func (*byKey) MarshalText() ([]byte, error) { return nil, nil }

type boxed struct{ P byPointer }

//cnerium:durable POST /a orders.a
func A(ctx context.Context) (r `+result+`, err error) { return r, nil }
`)
		_, err := json.Marshal(value)
		require.Equal(t, err != nil, len(found) > 0, "%s: %v, %v", result, err, found)
	}
}

func TestBodyFieldsOfOneNameAreReportedWhereJSONDropsThem(t *testing.T) {
	t.Parallel()
	for fields, want := range map[string]int{
		"A string `json:\"x\"`; B string `json:\"x\"`":             1,
		"A string `json:\"B\"`; B string":                          0,
		"A string `json:\"b\"`; B string":                          0,
		"A string `json:\"B\"`; B string; C string `json:\"B\"`":   1,
		"A string `json:\"B\"`; B string `json:\"-\"`":             0,
		"A string `json:\"x\"`; B string `query:\"x\" json:\"-\"`": 0,
		"First; Second":                1,
		"First; Second; ID int":        0,
		"First; Second `json:\"two\"`": 0,
		"First; Second `json:\"-\"`":   0,
		"*First; Deep":                 0,
		"A struct{ First; Second }":    1,
		"First; id int":                0,
	} {
		_, found := buildText(t, `package orders

import "context"

type First struct{ ID int }

type Second struct{ ID int }

type Deep struct{ Second }

//cnerium:durable POST /a orders.a
func A(ctx context.Context, in struct{ `+fields+` }) error { return nil }
`)
		require.Len(t, found, want, "%s", fields)
	}
}
