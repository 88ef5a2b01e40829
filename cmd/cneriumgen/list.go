package main

import (
	"context"
	"fmt"
	"text/tabwriter"

	"github.com/cnerium/cnerium-go/generator"
)

// list prints the routes.
func list(ctx context.Context, c *command) (bool, error) {
	c.options.Shapes = c.json
	routes, diagnostics, err := generator.List(ctx, c.options)
	if err != nil {
		return false, err
	}
	for _, f := range diagnosed(diagnostics) {
		c.complain(f)
	}
	if c.json {
		return len(diagnostics) == 0, c.encode(routes)
	}
	columns := tabwriter.NewWriter(&c.out, 0, 0, 2, ' ', 0)
	for _, r := range routes {
		if _, err := fmt.Fprintf(columns, "%s\t%s\t%s\t%s\t%s\t%s\n", r.Method, r.Pattern, r.Operation, r.Handler, r.Mode, r.Position); err != nil {
			return false, err
		}
	}
	return len(diagnostics) == 0, columns.Flush()
}
