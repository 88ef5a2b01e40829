package generator

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestNamesAppendANumberToWhatIsTaken(t *testing.T) {
	t.Parallel()
	n := newNames([]string{"order", "in2"})
	require.Equal(t, "order2", n.take("order"), "declared")
	require.Equal(t, "order3", n.take("order"), "declared and chosen")
	require.Equal(t, "func2", n.take("func"), "keyword")
	require.Equal(t, "len2", n.take("len"), "predeclared")
	require.Equal(t, "_2", n.take("_"), "blank")
	require.Equal(t, "in", n.take("in"))
	require.Equal(t, "in3", n.take("in"), "number that is taken, too")
}

func TestNamesOfAnInnerScopeAreFreeAgainBesideIt(t *testing.T) {
	t.Parallel()
	outer := newNames(nil)
	outer.take("err")
	require.Equal(t, "err2", outer.inner().take("err"))
	require.Equal(t, "err2", outer.inner().take("err"))
	require.False(t, outer.isTaken("err2"))
}

func TestHeaderNamesAreTokens(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"X-Source", "etag", "x_1", "!#$%&'*+-.^_`|~"} {
		require.True(t, isHeaderName(name), name)
	}
	for _, name := range []string{"", "X Source", "X:", "Ü", "a,b", "(a)", "\"a\""} {
		require.False(t, isHeaderName(name), name)
	}
}

func TestImportsKeepTheirNamesWhereTheyCan(t *testing.T) {
	t.Parallel()
	im := newImports("shop/orders")
	for path, name := range map[string]string{
		"time": "time", "context": "context", runtimePath: runtimeName,
		"shop/time": "time", "example.com/z": "z", "example.com/a/z": "z", "shop/context": "context",
	} {
		im.add(path, name)
	}
	im.settle(newNames([]string{"context"}))
	require.Equal(t, [][]importSpec{
		{{"context2", "context"}, {"", "time"}},
		{
			{"", "example.com/a/z"},
			{"z2", "example.com/z"},
			{"cnerium", runtimePath},
			{"context3", "shop/context"},
			{"time2", "shop/time"},
		},
	}, im.groups())
}
