package goclient

import (
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cnerium/cnerium-go/generator/contract"
)

func TestNamesThatPackagesCannotHaveAreRefused(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"", "a-b", "type", "_", "main", "1a", "a.b"} {
		_, err := Files(shop(), name)
		require.ErrorContains(t, err, "choose a folder with another name", name)
	}
}

func TestFilesIsSafeForConcurrentUse(t *testing.T) {
	t.Parallel()
	c := everyType()
	results := make([]map[string][]byte, 8)
	var all sync.WaitGroup
	for i := range results {
		all.Go(func() { results[i], _ = Files(c, "types") })
	}
	all.Wait()
	for _, files := range results {
		require.NotEmpty(t, files)
		require.Equal(t, results[0], files)
	}
}

func TestTags(t *testing.T) {
	t.Parallel()
	for want, f := range map[string]*contract.Field{
		"a":                  {Name: "a", Schema: text},
		"-,":                 {Name: "-", Schema: text},
		"-,omitempty":        {Name: "-", Schema: text, OmitEmpty: true},
		"a,omitempty,string": {Name: "a", Schema: &contract.Schema{Kind: contract.Int, Quoted: true}, OmitEmpty: true},
		"-":                  {Schema: text},
	} {
		require.Equal(t, want, jsonTag(f))
	}
}

func TestDurations(t *testing.T) {
	t.Parallel()
	for want, d := range map[string]int64{
		"time.Hour":               3600e9,
		"90 * time.Minute":        5400e9,
		"time.Second":             1e9,
		"1500 * time.Millisecond": 15e8,
		"time.Duration(1)":        1,
	} {
		require.Equal(t, want, duration(time.Duration(d)))
	}
}

func TestCommentsKeepTheirForm(t *testing.T) {
	t.Parallel()
	require.Empty(t, comment(" \n"))
	require.Equal(t, "// A line.\n//\n//\tcode\n//\n// Deprecated: no.\n", comment(documented("A line.  \n\n\tcode\n", "no.")))
	require.Equal(t, "// Has one.\n//\n// Added.\n//\n// Deprecated: yes.\n", comment(beforeDeprecation("Has one.\n\nDeprecated: yes.", "Added.")))
	require.Equal(t, "// Has one.\n//\n// Deprecated: yes.\n", comment(documented("Has one.\n\nDeprecated: yes.", "no.")))
}

// TestConstantsThatAreNotAloneHaveTheNamesOfTheirTypes is about values of two
// types with one name, and one with that of the constructor.
func TestConstantsThatAreNotAloneHaveTheNamesOfTheirTypes(t *testing.T) {
	t.Parallel()
	enum := func(name string, values ...string) *contract.Type {
		typ := &contract.Type{Name: name, Schema: text}
		for _, value := range values {
			typ.Enum = append(typ.Enum, &contract.EnumValue{Name: value, Value: `"` + value + `"`})
		}
		return typ
	}
	book, loan := enum("Book", "New", "Open", "Torn"), enum("Loan", "Open", "Closed")
	n := newNames(&contract.Contract{Types: []*contract.Type{book, loan}})
	var got []string
	for _, typ := range []*contract.Type{book, loan} {
		for _, value := range typ.Enum {
			got = append(got, n.constants[value])
		}
	}
	require.Equal(t, []string{"BookNew", "BookOpen", "Torn", "LoanOpen", "Closed"}, got)
}
