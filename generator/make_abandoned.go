package generator

import (
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"

	"github.com/cnerium/cnerium-go/generator/goclient"
	"github.com/cnerium/cnerium-go/generator/tsclient"
)

// isAbandoned reports whether the packages of the options' target have neither
// routes nor events. The options stand in a line of go:generate, and outlive the
// last route: that is no mistake, and what they asked for is left over.
func (t *target) isAbandoned() bool { return t.origin == nil && len(t.packages) == 0 }

// abandoned returns the files of an abandoned target, none of which has to be
// there. As long as a package is not understood, or the build leaves out its
// routes, nobody can know, and there are none.
func (r *run) abandoned(t *target) []made {
	if len(r.failed) > 0 || slices.ContainsFunc(r.folders, func(f *folder) bool { return leftOut(r.disk, f) != "" }) {
		return nil
	}
	var files []made
	add := func(path string, common bool) { files = append(files, made{target: t, path: path, common: common}) }
	if path := t.openapi.path; path != "" {
		add(path, false)
		add(EventsName(path), false)
	}
	if dir := t.client.path; dir != "" {
		add(filepath.Join(dir, goclient.FileName), false)
	}
	former := r.formerPackages()
	if dir := t.ts.path; dir != "" && len(former) > 0 {
		own, common := tsclient.FileNames(titleOf(former))
		add(filepath.Join(dir, own), false)
		for _, name := range common {
			add(filepath.Join(dir, name), true)
		}
	}
	return files
}

// formerPackages returns the names and paths of the packages that had routes or
// events when they were generated last, in the order of their paths: the output
// of each still lies there. The module of their TypeScript has its name from
// them.
func (r *run) formerPackages() []*Package {
	var packages []*Package
	for _, f := range r.folders {
		if !isOutput(f.output) {
			continue
		}
		if tree, err := parser.ParseFile(token.NewFileSet(), OutputName, f.output, parser.PackageClauseOnly); err == nil {
			packages = append(packages, &Package{Path: f.path, Name: tree.Name.Name})
		}
	}
	slices.SortFunc(packages, comparePaths)
	return packages
}

// needsCommon reports whether a folder has a file of ours in TypeScript that is
// not left over, beside those that all clients have in common.
func needsCommon(r *result, dir string) bool {
	gone := make(map[string]bool)
	for _, t := range r.Targets {
		gone[t.Path] = t.Sum == ""
	}
	entries, err := r.disk.readDir(dir)
	if err != nil {
		return false
	}
	for _, entry := range entries {
		path := filepath.Join(dir, entry.Name())
		if filepath.Ext(path) != ".ts" || gone[path] {
			continue
		}
		if content, err := r.disk.readFile(path); err == nil && isOurs(path, content) {
			return true
		}
	}
	return false
}
