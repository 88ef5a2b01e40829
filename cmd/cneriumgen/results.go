package main

import (
	"fmt"
	"io"

	"github.com/cnerium/cnerium-go/generator"
)

// The formats of results.
const (
	formatText   = "text"
	formatJSON   = "json"
	formatGitHub = "github"
	formatSARIF  = "sarif"
)

var formats = []string{formatText, formatJSON, formatGitHub, formatSARIF}

// results are what a command has found, and what it did with files.
type results struct {
	findings []finding
	files    []generator.File
}

// finding is a diagnostic, a file that check found wanting, or a change of a
// route.
type finding struct {
	generator.Diagnostic
	note bool // it is worth telling, and no fault
}

// diagnosed returns the findings that diagnostics are.
func diagnosed(diagnostics []generator.Diagnostic) []finding {
	found := make([]finding, len(diagnostics))
	for i, d := range diagnostics {
		found[i].Diagnostic = d
	}
	return found
}

// pending returns a finding for each file that generate would write or remove.
func pending(files []generator.File) []finding {
	var found []finding
	for _, f := range files {
		switch f.Status {
		case generator.Missing, generator.Stale, generator.LeftOver:
			d := generator.Diagnostic{
				Category: generator.CategoryStale,
				Message:  "generated file is " + string(f.Status),
				Hint:     regenerate,
			}
			d.Pos.Filename, d.Pos.Line, d.Pos.Column = f.Path, 1, 1
			found = append(found, finding{Diagnostic: d})
		}
	}
	return found
}

// print prints results in the format of the command line. What programs read
// goes to standard output.
func (c *command) print(r *results) error {
	switch c.format {
	case formatJSON:
		return c.printJSON(r)
	case formatSARIF:
		return c.printSARIF(r)
	case formatGitHub:
		c.printFiles(r.files)
		c.printGitHub(r)
	default:
		c.printFiles(r.files)
		for _, f := range r.findings {
			c.complain(f)
		}
	}
	return nil
}

// printFiles prints what was done, or is to be done, with files.
func (c *command) printFiles(files []generator.File) {
	for _, f := range files {
		path := c.relative(f.Path)
		switch f.Status {
		case generator.UpToDate:
		case generator.Written:
			fmt.Fprintln(&c.out, "wrote", path)
		case generator.Removed:
			fmt.Fprintln(&c.out, "removed", path)
		default:
			fmt.Fprintf(&c.out, "%s: %s\n", path, f.Status)
		}
	}
}

// complain prints a finding as go vet does, to standard error.
func (c *command) complain(f finding) { c.printText(&c.complaints, f) }

// printText prints a finding as go vet does.
func (c *command) printText(w io.Writer, f finding) {
	_, _ = io.WriteString(w, f.Format(c.dir())+"\n") // w is in memory
}
