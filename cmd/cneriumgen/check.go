package main

import (
	"context"
	"fmt"

	"github.com/cnerium/cnerium-go/generator"
)

// regenerate is the hint for files that are not as they have to be.
const regenerate = "run go generate, or cneriumgen with the same packages"

// check prints what generate would change.
func check(ctx context.Context, c *command) (bool, error) {
	report, err := generator.Check(ctx, c.options)
	if err != nil {
		return false, err
	}
	r := &results{findings: diagnosed(report.Diagnostics), files: report.Files}
	if c.format != formatText {
		r.findings = append(r.findings, pending(report.Files)...)
		return report.Clean(), c.print(r)
	}
	for i, f := range report.Files {
		c.printFiles(report.Files[i : i+1])
		if c.diff {
			c.out.Write(f.Diff(c.dir()))
		}
	}
	for _, f := range r.findings {
		c.complain(f)
	}
	if len(pending(report.Files)) > 0 {
		fmt.Fprintln(&c.complaints, "cneriumgen:", regenerate)
	}
	return report.Clean(), nil
}
