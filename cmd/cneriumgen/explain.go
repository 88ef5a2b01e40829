package main

import (
	"context"
	"fmt"

	"github.com/cnerium/cnerium-go/generator"
)

// explain tells about a category, or names all of them.
func explain(_ context.Context, c *command) (bool, error) {
	all := generator.Explanations()
	if len(c.options.Patterns) == 0 {
		width := 0
		for _, e := range all {
			width = max(width, len(e.Category))
		}
		for _, e := range all {
			fmt.Fprintf(&c.out, "%-*s  %s\n", width, e.Category, e.Summary)
		}
		return true, nil
	}
	category := c.options.Patterns[0]
	if e := generator.Explain(category); e != nil {
		c.out.WriteString(e.String())
		return true, nil
	}
	names := make([]string, len(all))
	for i, e := range all {
		names[i] = e.Category
	}
	hint := "cneriumgen explain lists them"
	if name := generator.Nearest(category, names); name != "" {
		hint = "did you mean " + name + "?"
	}
	return false, usagef("no category is called %s: %s", category, hint)
}
