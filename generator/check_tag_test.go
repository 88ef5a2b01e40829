package generator

import (
	"reflect"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTagsAreReadAsReflectReadsThem(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"", `json:"a"`, `query:"a" json:"b,omitempty"`, `  header:"X"   path:"y"`, `json:"-"`, `json:"-,"`,
		`query:"with \" quote"`, `query:"a"json:"b"`, `query:"é"`, `query:"\u00e9" json:"\x41"`, `query:"a\tb"`,
		"query:\"a\tb\"", `header:"" query:"a:b"`,
	} {
		got := parseTag(text)
		require.False(t, got.malformed, text)
		for _, at := range got.places {
			require.Equal(t, reflect.StructTag(text).Get(at.key), at.name, text)
			require.Equal(t, at.place.String(), at.key)
		}
		if name, ok := reflect.StructTag(text).Lookup("json"); ok {
			require.Equal(t, name == "-", got.notInJSON, text)
		}
	}
}

func TestMalformedTagsAreNoticed(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		`path`, `path:id`, `path:"id`, `path: "id"`, `:"id"`, "path:`id`", `query:"a" path`,
		`que ry:"a"`, `path:'a'`, `path:"a\`, `path:"\q"`, "path:\"a\nb\"", `path:""" json:"a"`,
	} {
		require.True(t, parseTag(text).malformed, text)
	}
	require.Len(t, parseTag(`query:"a" path`).places, 1, "what comes before the fault counts")
}

func TestJSONNamesComeWithoutTheirOptions(t *testing.T) {
	t.Parallel()
	require.Equal(t, "a", parseTag(`json:"a,omitempty"`).json)
	require.Empty(t, parseTag(`json:",omitempty"`).json)
	require.Equal(t, "-", parseTag(`json:"-,"`).json)
	require.Empty(t, parseTag(`json:"-"`).json)
}
