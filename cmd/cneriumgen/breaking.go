package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/signal"
	"syscall"

	"github.com/cnerium/cnerium-go/generator"
)

// breaking compares the routes of now with those of a lock or a revision.
func breaking(ctx context.Context, c *command) (bool, error) {
	// What is interrupted removes its temporary folder, too.
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	c.options.Shapes = true
	routes, diagnostics, err := generator.List(ctx, c.options)
	if err != nil {
		return false, err
	}
	if len(diagnostics) > 0 {
		// The routes of these packages are not known, and not gone either.
		return false, c.print(&results{findings: diagnosed(diagnostics)})
	}
	before, err := c.old(ctx)
	if err != nil {
		return false, err
	}
	found, broken := changed(generator.Breaking(before, generator.NewLock("now", c.dir(), routes)), c.verbose)
	if c.format != formatText {
		return broken == 0, c.print(&results{findings: found})
	}
	for _, f := range found {
		c.printText(&c.out, f)
	}
	if broken > 0 {
		fmt.Fprintf(&c.complaints, "cneriumgen: breaking changes since %s: %d; cneriumgen explain CATEGORY says why\n", before.Name, broken)
	}
	return broken == 0, nil
}

// changed returns the findings that changes are, and how many break something.
// Others are left out, or are notes.
func changed(changes []generator.Change, all bool) ([]finding, int) {
	var found []finding
	broken := 0
	for _, change := range changes {
		if !change.Compatible {
			broken++
		}
		if all || !change.Compatible {
			found = append(found, finding{change.Diagnostic, change.Compatible})
		}
	}
	return found, broken
}

// old returns what -against names: a file, if there is one, else a revision.
func (c *command) old(ctx context.Context) (*generator.Lock, error) {
	info, err := os.Stat(c.against)
	switch {
	case err == nil && info.Mode().IsRegular():
		return generator.ReadLock(c.against)
	case err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, syscall.ENAMETOOLONG):
		return nil, err
	}
	return c.revision(ctx)
}
