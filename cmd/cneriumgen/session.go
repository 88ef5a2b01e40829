package main

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"sync/atomic"

	"github.com/cnerium/cnerium-go/generator"
)

// session is a watch under way.
type session struct {
	c         *command
	generator *generator.Session

	known    map[findingKey]generator.Diagnostic // what was found in the last run
	failure  string                              // of the last run
	outputs  atomic.Pointer[map[string]bool]     // of the last run, by their paths
	problems <-chan error                        // of watching; nil when nothing is watched
}

// findingKey tells diagnostics apart that are not the same fault. Where in its
// file a fault is changes with every line above it.
type findingKey struct{ file, category, message string }

// isOutput reports whether a file is written by runs. It is safe for concurrent
// use.
func (s *session) isOutput(path string) bool {
	if filepath.Base(path) == generator.OutputName {
		return true
	}
	outputs := s.outputs.Load()
	return outputs != nil && (*outputs)[path]
}

// again runs, and tells of a failure that is a new one.
func (s *session) again(ctx context.Context) {
	failure := ""
	if err := s.run(ctx); err != nil && ctx.Err() == nil {
		failure = err.Error()
	}
	if failure != "" && failure != s.failure {
		fmt.Fprintln(&s.c.complaints, "cneriumgen:", failure)
	}
	s.failure = failure
	for {
		select {
		case err := <-s.problems:
			fmt.Fprintln(&s.c.complaints, "cneriumgen:", err)
		default:
			return
		}
	}
}

// run generates, and prints what is new. The error is for what is no
// diagnostic; what was known stays known then.
func (s *session) run(ctx context.Context) error {
	report, err := s.generator.Generate(ctx)
	if report == nil {
		return err
	}
	outputs := make(map[string]bool)
	for _, f := range report.Files {
		outputs[f.Path] = true
	}
	s.outputs.Store(&outputs)
	s.c.printFiles(report.Files)
	s.compare(report.Diagnostics)
	return err
}

// compare prints the diagnostics that have come, and names those that are gone.
func (s *session) compare(diagnostics []generator.Diagnostic) {
	found := make(map[findingKey]generator.Diagnostic)
	for _, d := range diagnostics {
		key := findingKey{d.Pos.Filename, d.Category, d.Message}
		if _, ok := s.known[key]; !ok {
			s.c.complain(finding{Diagnostic: d})
		}
		found[key] = d
	}
	var mended []string
	for key := range s.known {
		if _, ok := found[key]; !ok {
			mended = append(mended, fmt.Sprintf("%s: %s [%s]", s.c.relative(key.file), key.message, key.category))
		}
	}
	slices.Sort(mended)
	for _, text := range mended {
		fmt.Fprintln(&s.c.out, "mended", text)
	}
	s.known = found
}
