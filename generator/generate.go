// Package generator reads the //cnerium: directives of Go packages and writes
// the code that registers their handlers as durable routes and emits their
// events, and the documents and clients that are asked for. It is what the
// command cneriumgen runs.
//
// A run goes through stages, each in a file of its name: list asks the go
// command, scan finds the packages that have a directive, parse and load give
// them types, build makes a model of their routes, check applies the rules
// across packages, emit prints the code, make has the emitters of documents and
// clients print theirs, and plan and write bring it to the disk. Stages do not call each other: Generate, Check and List call them in
// order, or take what an earlier run found from the cache.
//
// The functions of this package are safe for concurrent use as long as they do
// not write the same folders.
package generator

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
)

// Generate writes the generated file of each package that the options name,
// where its bytes change, and removes those of packages without routes and
// events; and so with documents and clients. A package with diagnostics keeps
// what it has, and so do the documents and clients that it is in. When the
// options ask for some and no package has routes or events any more, these are
// removed. Of those that nobody asks for any more only a Go client is, and only
// when it was a directive that asked: nothing says whose the others are.
//
// The error is for what is no diagnostic: the go command is missing, a pattern
// matches nothing ([ErrNoPackage]), an option names what cannot be made
// ([ErrTarget]), a remembered result was wrong ([ErrCache]), a folder cannot be
// written. In the last case the report tells what was
// written nevertheless; else it is nil.
func Generate(ctx context.Context, opts Options) (*Report, error) {
	report, err := Check(ctx, opts)
	if err != nil {
		return nil, err
	}
	return report, write(report.Files)
}

// Check finds out what Generate would do, and writes nothing but the cache.
func Check(ctx context.Context, opts Options) (*Report, error) {
	r, err := find(ctx, opts)
	if err != nil {
		return nil, err
	}
	if err := r.loadCode(); err != nil {
		return nil, err
	}
	files, found, err := plan(r)
	if err != nil {
		return nil, err
	}
	return &Report{
		Diagnostics: sortDiagnostics(append(r.Diagnostics, found...)),
		Files:       files,
	}, nil
}

// run is what the stages that only read know of a run.
type run struct {
	opts        Options
	disk        *disk
	roots       []string // folders below which documents and clients may lie
	folders     []*folder
	packages    []*Package
	diagnostics []Diagnostic
	failed      map[string]bool // folders of packages with diagnostics
	problem     error           // with the options
}

func newRun(opts Options, d *disk, listed *listing) *run {
	return &run{opts: opts, disk: d, roots: rootsOf(opts, listed), failed: make(map[string]bool)}
}

// work calls all stages that come before plan.
func work(ctx context.Context, opts Options, d *disk) (*result, *listing, error) {
	stop := prefetch(d, opts)
	listed, err := list(ctx, opts)
	stop()
	if err != nil {
		return nil, nil, err
	}
	r := newRun(opts, d, listed)
	if err := r.analyse(listed); err != nil {
		return nil, nil, err
	}
	code, err := r.finish()
	if err != nil {
		return nil, nil, err
	}
	return r.result(code), listed, nil
}

// code is all that a run makes.
type code struct {
	packages map[string][]byte // generated files, by the folders of packages
	targets  []made            // sorted by path
}

// finish checks the packages against each other, and emits their code at the
// same time: it is rare that the one finds something, and that the other was
// in vain. Then it makes documents and clients.
func (r *run) finish() (*code, error) {
	sound := r.sound()
	var found []Diagnostic
	var checking sync.WaitGroup
	checking.Go(func() { found = checkRun(r.complete()) })
	outputs, err := emitAll(sound)
	checking.Wait()
	if err != nil {
		return nil, err
	}
	r.add(found)
	targets, err := r.makeTargets()
	if err != nil {
		return nil, err
	}
	for _, p := range sound {
		if r.failed[p.Dir] {
			delete(outputs, p.Dir)
		}
	}
	return &code{outputs, append(targets, r.leftOverClients(targets)...)}, nil
}

// analyse calls the stages between list and check.
func (r *run) analyse(listed *listing) error {
	folders, found, err := scan(r.disk, listed.own)
	if err != nil {
		return err
	}
	r.folders = folders
	r.add(found)
	sources, found, err := parse(r.disk, folders)
	if err != nil {
		return err
	}
	r.add(found)
	for _, src := range sources {
		src.contract = r.opts.wantsContracts() || len(src.targets) > 0
	}
	if err := load(r.disk, listed.nodes, sources); err != nil {
		return err
	}
	r.build(sources)
	return nil
}

// build makes the models of all packages, and lets go of the sources.
func (r *run) build(sources []*source) {
	r.packages = make([]*Package, len(sources))
	found := make([][]Diagnostic, len(sources))
	each(len(sources), func(i int) {
		r.packages[i], found[i] = buildPackage(sources[i])
		sources[i] = nil // its syntax is most of what a run holds in memory
	})
	for i, p := range r.packages {
		r.fail(p.Dir, found[i])
	}
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
	codes := make([][]byte, len(packages))
	errs := make([]error, len(packages))
	each(len(packages), func(i int) { codes[i], errs[i] = emit(packages[i]) })
	outputs := make(map[string][]byte, len(packages))
	for i, p := range packages {
		if errs[i] != nil {
			return nil, fmt.Errorf("print the code of %s: %w", p.Path, errs[i])
		}
		outputs[p.Dir] = codes[i]
	}
	return outputs, nil
}
