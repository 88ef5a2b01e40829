package generator

import (
	"path/filepath"

	"github.com/rogpeppe/go-internal/diff"
)

// Report is what a run found. Its paths are absolute.
type Report struct {
	Diagnostics []Diagnostic // sorted; what is generated from packages that have some is not among Files
	Files       []File       // in the order of their paths
}

// Clean reports whether there are no diagnostics and, after Generate as well
// as after Check, every file is as it has to be.
func (r *Report) Clean() bool {
	for _, f := range r.Files {
		if f.Status.pending() {
			return false
		}
	}
	return len(r.Diagnostics) == 0
}

// Status says how a generated file stands to what it is generated from.
type Status string

// Check finds files missing, stale or left over; Generate turns these into
// written and removed ones.
const (
	UpToDate Status = "up to date"
	Missing  Status = "missing"   // there has to be a file, and is none
	Stale    Status = "stale"     // the file has other bytes
	LeftOver Status = "left over" // nothing has to be there any more
	Written  Status = "written"
	Removed  Status = "removed"
)

// pending reports whether Generate has something to do.
func (s Status) pending() bool { return s == Missing || s == Stale || s == LeftOver }

// File is one generated file: that of a package, a document, or one of a
// client.
type File struct {
	Path   string // absolute
	Status Status
	Old    []byte // what lay there before the run; nil when nothing did
	New    []byte // what has to lie there; nil when nothing has to

	ownFolder bool // its folder may have to be made
}

// Diff returns what changes, in the unified format that patch reads, with the
// path relative to dir where it is below it. It is nil for a file that is up
// to date.
func (f File) Diff(dir string) []byte {
	path := filepath.ToSlash(below(dir, f.Path))
	oldName, newName := "a/"+path, "b/"+path
	if f.Old == nil {
		oldName = "/dev/null"
	}
	if f.New == nil {
		newName = "/dev/null"
	}
	return diff.Diff(oldName, f.Old, newName, f.New)
}
