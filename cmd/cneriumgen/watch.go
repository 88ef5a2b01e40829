package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"syscall"
	"time"

	"github.com/cnerium/cnerium-go/generator"
)

// A run begins when nothing has changed for the first time, so that a command
// that writes many files makes one run, and not later than the second one after
// the first change, so that one that never stops does not put it off for ever.
const (
	watchQuiet = 20 * time.Millisecond
	watchLimit = 250 * time.Millisecond
)

// watch generates now, and whenever something changes, until it is
// interrupted.
func watch(ctx context.Context, c *command) (bool, error) {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	s := &session{c: c, known: make(map[findingKey]generator.Diagnostic), generator: generator.NewSession(c.options)}
	changes, end, err := c.changes(ctx, s)
	if err != nil {
		return false, err
	}
	defer end()
	if err := s.run(ctx); err != nil {
		return ctx.Err() != nil, ignoreCancel(ctx, err)
	}
	for err == nil {
		if err = c.flush(); err == nil {
			err = settle(ctx, changes, watchQuiet, watchLimit)
		}
		if err == nil {
			s.again(ctx)
		}
	}
	return ctx.Err() != nil, ignoreCancel(ctx, err)
}

// ignoreCancel returns nil for what fails because the command is to end.
func ignoreCancel(ctx context.Context, err error) error {
	if ctx.Err() == nil {
		return err
	}
	return nil
}

// changes returns a channel that tells of changes, and a function that ends
// it: of those that the system tells of or, with -poll, of possible ones.
func (c *command) changes(ctx context.Context, s *session) (<-chan struct{}, func(), error) {
	if c.poll > 0 {
		changes := make(chan struct{}, 1)
		go tick(ctx, c.poll, changes)
		return changes, func() {}, nil
	}
	roots, err := moduleRoots(ctx, c.dir())
	if err != nil {
		return nil, nil, err
	}
	w, err := newTreeWatcher(roots, s.isOutput)
	if err != nil {
		return nil, nil, err
	}
	s.problems = w.problems
	go w.run()
	if c.verbose {
		fmt.Fprintf(&c.complaints, "cneriumgen: watching %d folders\n", len(w.fs.WatchList()))
	}
	return w.changes, func() { _ = w.fs.Close() }, nil // it was only listened to
}

// tick tells of a possible change now and then.
func tick(ctx context.Context, every time.Duration, changes chan<- struct{}) {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			tell(changes)
		}
	}
}

// tell tells of a change, if nobody has to be told of one already.
func tell(changes chan<- struct{}) {
	select {
	case changes <- struct{}{}:
	default:
	}
}

// settle waits for a change, then until nothing has changed for the time quiet,
// but not longer than limit. The error is that of the context.
func settle(ctx context.Context, changes <-chan struct{}, quiet, limit time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-changes:
	}
	calm, late := time.NewTimer(quiet), time.NewTimer(limit)
	defer calm.Stop()
	defer late.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-changes:
			calm.Reset(quiet)
		case <-calm.C:
			return nil
		case <-late.C:
			return nil
		}
	}
}

// moduleRoots returns the folders of the modules that are worked on, and of
// those that stand in for others.
func moduleRoots(ctx context.Context, dir string) ([]string, error) {
	listed, err := goCommand(ctx, dir, "list", "-m", "-f", "{{.Dir}}")
	if err != nil {
		return nil, fmt.Errorf("find the modules: %w", err)
	}
	roots := nonEmptyLines(listed)
	if len(roots) == 0 {
		return nil, errors.New("find the modules: there is none")
	}
	for _, root := range slices.Clip(roots) {
		replaced, err := replacements(ctx, root)
		if err != nil {
			return nil, err
		}
		roots = append(roots, replaced...)
	}
	return roots, nil
}
