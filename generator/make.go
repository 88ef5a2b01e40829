package generator

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"

	"github.com/cnerium/cnerium-go/generator/contract"
	"github.com/cnerium/cnerium-go/generator/goclient"
	"github.com/cnerium/cnerium-go/generator/openapi"
	"github.com/cnerium/cnerium-go/generator/tsclient"
)

// made is a file of a target.
type made struct {
	target  *target
	path    string
	content []byte // nil when nothing has to lie there
	common  bool   // without content: left over only when no other file of ours in the folder may need it
}

// makeTargets makes the files of all targets, sorted by their paths. Of a
// target with diagnostics there are none, nor of one whose packages have some:
// it would promise less than they do.
func (r *run) makeTargets() ([]made, error) {
	targets, err := r.targets()
	if err != nil || len(targets) == 0 {
		return nil, err
	}
	if r.checkTargets(targets); r.problem != nil {
		return nil, r.problem
	}
	files := make([][]made, len(targets))
	found := make([][]Diagnostic, len(targets))
	errs := make([]error, len(targets))
	each(len(targets), func(i int) {
		switch t := targets[i]; {
		case t.failed:
		case t.isAbandoned():
			files[i] = r.abandoned(t)
		default:
			files[i], found[i], errs[i] = t.make()
		}
	})
	for i, t := range targets {
		if errs[i] != nil {
			return nil, fmt.Errorf("make the documents and clients of %s: %w", t.name(), errs[i])
		}
		r.refuse(t, found[i]...)
	}
	return r.distinct(slices.Concat(files...)), nil
}

// targets returns what is to be made: for the options first, then by import
// path.
func (r *run) targets() ([]*target, error) {
	var targets []*target
	all, err := r.opts.target()
	if err != nil {
		return nil, err
	}
	packages := slices.SortedFunc(slices.Values(r.packages), comparePaths)
	if all != nil {
		all.packages = slices.DeleteFunc(slices.Clone(packages), func(p *Package) bool { return len(p.Routes)+len(p.Events) == 0 })
		targets = append(targets, all)
	}
	for _, p := range packages {
		if t := p.target; t != nil {
			t.origin, t.packages = p, []*Package{p}
			targets = append(targets, t)
		}
	}
	if all != nil && len(r.failed) > 0 {
		all.failed = true
	}
	for _, t := range targets {
		if !t.hasRoutes() && !t.failed && t.origin == nil && !t.isAbandoned() {
			return nil, fmt.Errorf("%w: no package has a durable route: leave openapi, client and ts out", ErrTarget)
		}
		t.failed = t.failed || t.origin != nil && r.failed[t.origin.Dir]
	}
	return targets, nil
}

func comparePaths(a, b *Package) int { return cmp.Compare(a.Path, b.Path) }

func (t *target) hasRoutes() bool {
	return slices.ContainsFunc(t.packages, func(p *Package) bool { return len(p.Routes) > 0 })
}

// refuse notes what is wrong with a target. The package of its directive fails
// with it; those that the options are about do not, because their code is
// sound. What is wrong with an option itself has no place in a file, and is an
// error of the run.
func (r *run) refuse(t *target, found ...Diagnostic) {
	for _, d := range found {
		t.failed = true
		switch {
		case t.origin != nil:
			r.fail(t.origin.Dir, []Diagnostic{d})
		case d.Pos.Filename != "":
			r.diagnostics = append(r.diagnostics, d)
		default:
			r.problem = errors.Join(r.problem, fmt.Errorf("%w: %s: %s", ErrTarget, d.Message, d.Hint))
		}
	}
}

// make makes the files of a target.
func (t *target) make() ([]made, []Diagnostic, error) {
	c, found := contractOf(t.packages)
	if len(found) > 0 {
		return nil, found, nil
	}
	var files []made
	add := func(path string, content []byte) {
		files = append(files, made{target: t, path: path, content: content})
	}
	if err := t.documents(c, add); err != nil {
		return nil, nil, err
	}
	if dir := t.client.path; dir != "" {
		client, err := goclient.Files(c, filepath.Base(dir))
		if err != nil {
			return nil, nil, fmt.Errorf("client: %w", err)
		}
		for _, name := range slices.Sorted(maps.Keys(client)) {
			add(filepath.Join(dir, name), t.sign(client[name]))
		}
	}
	if dir := t.ts.path; dir != "" {
		client, err := tsclient.Files(c)
		if err != nil {
			return nil, nil, fmt.Errorf("ts: %w", err)
		}
		for _, name := range slices.Sorted(maps.Keys(client)) {
			add(filepath.Join(dir, name), client[name])
		}
	}
	return files, nil, nil
}

// documents makes the OpenAPI document, and the AsyncAPI document beside it or,
// without events, its absence.
func (t *target) documents(c *contract.Contract, add func(path string, content []byte)) error {
	path := t.openapi.path
	if path == "" {
		return nil
	}
	document, err := openapi.Document(c, formatOf(path))
	if err != nil {
		return fmt.Errorf("openapi: %w", err)
	}
	add(path, document)
	events, err := openapi.Events(c, formatOf(path))
	if err != nil {
		return fmt.Errorf("asyncapi: %w", err)
	}
	add(EventsName(path), events)
	return nil
}

// The second line of a file of a Go client that a directive has asked for says
// whose: when the directive is gone, so is the client, and nothing else tells.
const sourcePrefix = "// source: "

// sign writes that line.
func (t *target) sign(content []byte) []byte {
	rest, ok := bytes.CutPrefix(content, []byte(outputFirstLine+"\n"))
	if t.origin == nil || !ok {
		return content
	}
	return slices.Concat([]byte(outputFirstLine+"\n"+sourcePrefix+t.origin.Path+"\n"), rest)
}

// sourceOfClient returns the import path that sign has written; "" for none.
func sourceOfClient(content []byte) string {
	_, rest, _ := bytes.Cut(content, []byte("\n"))
	path, ok := bytes.CutPrefix([]byte(firstLine(rest)), []byte(sourcePrefix))
	if !ok || !isOutput(content) {
		return ""
	}
	return string(path)
}

// distinct returns the files with each path once. Targets of packages may share
// a folder for TypeScript, and files with the same bytes in it.
func (r *run) distinct(files []made) []made {
	first := make(map[string]made)
	var kept []made
	slices.SortStableFunc(files, func(a, b made) int { return cmp.Compare(a.rank(), b.rank()) })
	for _, f := range files {
		earlier, ok := first[f.path]
		switch {
		case !ok:
			first[f.path] = f
			kept = append(kept, f)
		case f.content != nil && !f.isShared(earlier):
			r.refuse(f.target, taken(f.target, pathOf(f), earlier.target))
		}
	}
	kept = slices.DeleteFunc(kept, func(f made) bool { return f.target.failed })
	slices.SortFunc(kept, func(a, b made) int { return cmp.Compare(a.path, b.path) })
	return kept
}

// rank puts files that have to be there before those that have not.
func (f made) rank() int {
	if f.content == nil {
		return 1
	}
	return 0
}

// isShared reports whether two packages need the same file.
func (f made) isShared(other made) bool {
	return f.target.origin != nil && other.target.origin != nil && filepath.Ext(f.path) == ".ts" && bytes.Equal(f.content, other.content)
}

// pathOf returns where the target of a file wants it, for a message.
func pathOf(f made) targetPath {
	for _, p := range f.target.paths() {
		switch {
		case p.to.path == f.path:
			return *p.to
		case p.to.path == filepath.Dir(f.path) && p.name != "openapi":
			return targetPath{path: f.path, as: filepath.ToSlash(filepath.Join(p.to.as, filepath.Base(f.path))), pos: p.to.pos}
		}
	}
	return targetPath{path: f.path, as: EventsName(f.target.openapi.as), pos: f.target.openapi.pos}
}

// leftOverClients returns the Go clients that a directive has asked for and does
// not any more. Other files that are left over are not found, because nothing
// says whose they are.
func (r *run) leftOverClients(wanted []made) []made {
	folders := make(map[string]*folder)
	for _, f := range r.folders {
		folders[f.path] = f
	}
	var files []made
	for _, f := range r.folders {
		path := filepath.Join(f.dir, clientName)
		source := folders[f.client]
		isWanted := func(m made) bool { return m.path == path }
		if source != nil && !r.failed[source.dir] && leftOut(r.disk, source) == "" && !slices.ContainsFunc(wanted, isWanted) {
			files = append(files, made{path: path})
		}
	}
	return files
}
