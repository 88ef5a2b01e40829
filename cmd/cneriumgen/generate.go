package main

import (
	"context"

	"github.com/cnerium/cnerium-go/generator"
)

// generate writes, and prints what changed.
func generate(ctx context.Context, c *command) (bool, error) {
	report, err := generator.Generate(ctx, c.options)
	if report == nil {
		return false, err
	}
	if failed := c.print(&results{findings: diagnosed(report.Diagnostics), files: report.Files}); failed != nil {
		return false, failed
	}
	return report.Clean(), err
}
