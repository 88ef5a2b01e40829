package plot_test

import (
	"encoding/xml"
	"errors"
	"io"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cnerium/cnerium-go/benchmarks/internal/plot"
)

func TestAChartIsWellFormedAndHasEveryLine(t *testing.T) {
	t.Parallel()
	chart := plot.Chart{
		Title: "a < b & c", Steps: []string{"1", "16", "64"}, XName: "connections", YName: "requests",
		Lines: []plot.Line{
			{Name: "one", Values: []float64{10, 200, 3000}},
			{Name: "two", Values: []float64{11, 210, 3000}, Dashed: true},
			{Name: "has a gap", Values: []float64{12, math.NaN(), 5}},
			{Name: "has nothing", Values: []float64{math.NaN(), math.NaN(), math.NaN()}},
		},
	}
	var b strings.Builder
	require.NoError(t, chart.WriteSVG(&b))
	require.Equal(t, 3, elements(t, b.String())["polyline"])
	require.Equal(t, 8, elements(t, b.String())["circle"])
	require.NotContains(t, b.String(), "NaN")
	require.Contains(t, b.String(), "has a gap 5")
}

func TestNamesDoNotLieOnEachOther(t *testing.T) {
	t.Parallel()
	chart := plot.Chart{Title: "t", Steps: []string{"1", "2"}}
	for _, name := range []string{"a", "b", "c", "d", "e"} {
		chart.Lines = append(chart.Lines, plot.Line{Name: name, Values: []float64{1, 1}})
	}
	var b strings.Builder
	require.NoError(t, chart.WriteSVG(&b))
	seen := map[string]bool{}
	for line := range strings.Lines(b.String()) {
		if _, after, ok := strings.Cut(line, `<text x="682.0" y="`); ok {
			y, _, _ := strings.Cut(after, `"`)
			require.False(t, seen[y], "two names at height %s", y)
			seen[y] = true
		}
	}
	require.Len(t, seen, 5)
}

func TestAChartWithoutValuesIsAnError(t *testing.T) {
	t.Parallel()
	chart := plot.Chart{Title: "empty", Steps: []string{"1"}, Lines: []plot.Line{{Name: "a", Values: []float64{0}}}}
	require.Error(t, chart.WriteSVG(io.Discard))
}

// elements counts the elements of a document by their names.
func elements(t *testing.T, text string) map[string]int {
	t.Helper()
	counts := map[string]int{}
	dec := xml.NewDecoder(strings.NewReader(text))
	for {
		token, err := dec.Token()
		if errors.Is(err, io.EOF) {
			return counts
		}
		require.NoError(t, err)
		if start, ok := token.(xml.StartElement); ok {
			counts[start.Name.Local]++
		}
	}
}
