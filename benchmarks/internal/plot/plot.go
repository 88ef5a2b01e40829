// Package plot draws lines over steps, as SVG.
package plot

import (
	"fmt"
	"html"
	"io"
	"math"
	"slices"
	"strings"
)

// Line is one line of a chart.
type Line struct {
	Name   string
	Values []float64 // one for each step; NaN where there is none
	Dashed bool      // for what the others are compared with
}

// Chart has the lines over steps that are equally far apart, with a
// logarithmic scale.
type Chart struct {
	Title string
	Steps []string // what stands below
	XName string
	YName string
	Lines []Line
}

// The measures of a chart, in pixels.
const (
	width, height = 860, 440
	left, right   = 80, 190
	top, bottom   = 44, 56
	plotRight     = width - right
	plotBottom    = height - bottom
	labelDistance = 15
)

// colors are told apart also by people who do not see red and green (after
// Okabe and Ito, and Tol).
var colors = []string{"#000000", "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#882255", "#666666", "#117733"}

// WriteSVG writes the chart. It has nothing to draw without a positive value.
func (c Chart) WriteSVG(w io.Writer) error {
	low, high, ok := c.bounds()
	if !ok {
		return fmt.Errorf("draw %q: there is nothing to draw", c.Title)
	}
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif" font-size="12">`+"\n", width, height)
	fmt.Fprintf(&b, `<rect width="%d" height="%d" fill="#ffffff"/>`+"\n", width, height)
	text(&b, left, 24, "start", "16", "#000000", c.Title)
	c.grid(&b, low, high)
	ends := c.labelPlaces(low, high)
	for i, line := range c.Lines {
		c.line(&b, line, colors[i%len(colors)], low, high, ends[i])
	}
	b.WriteString("</svg>\n")
	_, err := io.WriteString(w, b.String())
	return err
}

// bounds returns the powers of ten around all values.
func (c Chart) bounds() (low, high float64, ok bool) {
	low, high = math.Inf(1), math.Inf(-1)
	for _, line := range c.Lines {
		for _, v := range line.Values {
			if v > 0 {
				low, high = min(low, v), max(high, v)
			}
		}
	}
	if low > high {
		return 0, 0, false
	}
	low, high = math.Floor(math.Log10(low)), math.Ceil(math.Log10(high))
	return low, max(high, low+1), true
}

func (c Chart) x(step int) float64 {
	if len(c.Steps) < 2 {
		return left
	}
	return left + float64(step)*float64(plotRight-left)/float64(len(c.Steps)-1)
}

func (c Chart) y(value, low, high float64) float64 {
	return plotBottom - (math.Log10(value)-low)/(high-low)*(plotBottom-top)
}

// grid draws a line for each power of ten and each step.
func (c Chart) grid(b *strings.Builder, low, high float64) {
	for e := low; e <= high; e++ {
		y := c.y(math.Pow(10, e), low, high)
		fmt.Fprintf(b, `<line x1="%d" y1="%.1f" x2="%d" y2="%.1f" stroke="#dddddd"/>`+"\n", left, y, plotRight, y)
		text(b, left-8, y+4, "end", "12", "#333333", number(math.Pow(10, e)))
	}
	for i, step := range c.Steps {
		x := c.x(i)
		fmt.Fprintf(b, `<line x1="%.1f" y1="%d" x2="%.1f" y2="%d" stroke="#dddddd"/>`+"\n", x, top, x, plotBottom)
		text(b, x, plotBottom+18, "middle", "12", "#333333", step)
	}
	text(b, (left+plotRight)/2, height-14, "middle", "12", "#333333", c.XName)
	fmt.Fprintf(b, `<text transform="translate(18 %d) rotate(-90)" text-anchor="middle" fill="#333333">%s</text>`+"\n",
		(top+plotBottom)/2, html.EscapeString(c.YName))
}

// line draws a line and, at the height that was found for it, its name.
func (c Chart) line(b *strings.Builder, line Line, color string, low, high, label float64) {
	dash, last := "", -1
	if line.Dashed {
		dash = ` stroke-dasharray="6 4"`
	}
	var points []string
	for i, v := range line.Values {
		if v > 0 {
			points = append(points, fmt.Sprintf("%.1f,%.1f", c.x(i), c.y(v, low, high)))
			last = i
		}
	}
	if last < 0 {
		return
	}
	fmt.Fprintf(b, `<polyline points="%s" fill="none" stroke="%s" stroke-width="2"%s/>`+"\n", strings.Join(points, " "), color, dash)
	for _, p := range points {
		x, y, _ := strings.Cut(p, ",")
		fmt.Fprintf(b, `<circle cx="%s" cy="%s" r="3" fill="%s"/>`+"\n", x, y, color)
	}
	text(b, plotRight+12, label+4, "start", "12", color, line.Name+" "+number(line.Values[last]))
}

// labelPlaces returns heights for the names, as near to the ends of the lines
// as they can be without lying on each other.
func (c Chart) labelPlaces(low, high float64) []float64 {
	places := make([]float64, len(c.Lines))
	order := make([]int, len(c.Lines))
	for i, line := range c.Lines {
		order[i], places[i] = i, plotBottom
		for _, v := range line.Values {
			if v > 0 {
				places[i] = c.y(v, low, high)
			}
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return int(math.Copysign(1, places[a]-places[b])) })
	for i := 1; i < len(order); i++ {
		places[order[i]] = max(places[order[i]], places[order[i-1]]+labelDistance)
	}
	limit := float64(plotBottom)
	for _, i := range slices.Backward(order) {
		places[i] = min(places[i], limit)
		limit = places[i] - labelDistance
	}
	return places
}

func text[N int | float64](b *strings.Builder, x, y N, anchor, size, color, s string) {
	fmt.Fprintf(b, `<text x="%.1f" y="%.1f" text-anchor="%s" font-size="%s" fill="%s">%s</text>`+"\n",
		float64(x), float64(y), anchor, size, color, html.EscapeString(s))
}

// number prints about three digits.
func number(v float64) string {
	switch {
	case v >= 1e6:
		return fmt.Sprintf("%.3gM", v/1e6)
	case v >= 1e4:
		return fmt.Sprintf("%.3gk", v/1e3)
	case v >= 100:
		return fmt.Sprintf("%.0f", v)
	}
	return fmt.Sprintf("%.3g", v)
}
