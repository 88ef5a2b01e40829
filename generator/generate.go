// Package generator reads the //cnerium:durable directives of Go packages and
// writes the code that registers their handlers as durable routes. It is what
// the command cneriumgen runs.
//
// A run goes through stages, each in a file of its name: scan finds the
// packages that have a directive, load gives them types, build makes a model
// of their routes, check applies the rules across packages, emit prints the
// code, and plan and write bring it to the disk. Stages do not call each
// other: Generate, Check and List call them in order.
//
// The functions of this package are safe for concurrent use as long as they do
// not write the same folders.
package generator

import (
	"context"
	"fmt"
	"go/token"
	"path/filepath"
	"slices"
)

// Generate writes the generated file of each package that the options name,
// where its bytes change, and removes those of packages without routes. A
// package with diagnostics keeps what it has.
//
// The error is for what is no diagnostic: the go command is missing, a pattern
// matches nothing ([ErrNoPackage]), a folder cannot be written. In the last
// case the report tells what was written nevertheless; else it is nil.
func Generate(ctx context.Context, opts Options) (*Report, error) {
	report, err := Check(ctx, opts)
	if err != nil {
		return nil, err
	}
	return report, write(report.Files)
}

// Check finds out what Generate would do, and writes nothing.
func Check(ctx context.Context, opts Options) (*Report, error) {
	r, err := analyse(ctx, opts)
	if err != nil {
		return nil, err
	}
	outputs, err := emitAll(r.sound())
	if err != nil {
		return nil, err
	}
	files, found := plan(r.folders, outputs, r.failed)
	return &Report{
		Diagnostics: sortDiagnostics(append(r.diagnostics, found...)),
		Files:       files,
	}, nil
}

// run is what the stages that only read know of a run.
type run struct {
	folders     []*folder
	packages    []*Package
	diagnostics []Diagnostic
	failed      map[string]bool // folders of packages with diagnostics
}

// analyse calls the stages that come before any output.
func analyse(ctx context.Context, opts Options) (*run, error) {
	listed, err := list(ctx, opts)
	if err != nil {
		return nil, err
	}
	folders, found, err := scan(listed)
	if err != nil {
		return nil, err
	}
	r := &run{folders: folders, failed: make(map[string]bool)}
	r.add(found)
	sources, found := parse(token.NewFileSet(), folders)
	r.add(found)
	if err := load(ctx, opts, sources); err != nil {
		return nil, err
	}
	for _, src := range sources {
		p, found := buildPackage(src)
		r.packages = append(r.packages, p)
		r.fail(src.dir, found)
	}
	r.add(checkRun(r.complete()))
	return r, nil
}

// add notes diagnostics about files of the packages they belong to.
func (r *run) add(found []Diagnostic) {
	for _, d := range found {
		r.fail(filepath.Dir(d.Pos.Filename), []Diagnostic{d})
	}
}

// fail notes diagnostics of the package in a folder, wherever they point to.
func (r *run) fail(dir string, found []Diagnostic) {
	if len(found) > 0 {
		r.failed[dir] = true
		r.diagnostics = append(r.diagnostics, found...)
	}
}

// sound returns the packages that nothing was found in.
func (r *run) sound() []*Package {
	var sound []*Package
	for _, p := range r.packages {
		if !r.failed[p.Dir] {
			sound = append(sound, p)
		}
	}
	return sound
}

// complete returns all packages with those of their routes whose handlers are
// understood: a clash with a route is worth telling also when its package has
// other diagnostics.
func (r *run) complete() []*Package {
	var packages []*Package
	for _, p := range r.packages {
		known := *p
		known.Routes = slices.DeleteFunc(slices.Clone(p.Routes), func(route *Route) bool { return route.Handler == nil })
		packages = append(packages, &known)
	}
	return packages
}

// emitAll returns the code of each package by its folder.
func emitAll(packages []*Package) (map[string][]byte, error) {
	outputs := make(map[string][]byte, len(packages))
	for _, p := range packages {
		code, err := emit(p)
		if err != nil {
			return nil, fmt.Errorf("print the code of %s: %w", p.Path, err)
		}
		outputs[p.Dir] = code
	}
	return outputs, nil
}
