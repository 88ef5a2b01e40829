package generator

import (
	"bytes"
	"cmp"
	"fmt"
	"go/token"
	"path/filepath"
	"slices"
)

// plan compares what lies in each folder with what has to lie there. Folders
// with diagnostics keep what they have.
func plan(folders []*folder, outputs map[string][]byte, failed map[string]bool) ([]File, []Diagnostic) {
	var files []File
	var diagnostics []Diagnostic
	for _, f := range folders {
		if failed[f.dir] {
			continue
		}
		file := File{Path: filepath.Join(f.dir, OutputName), Old: f.output, New: outputs[f.dir]}
		switch {
		case f.output != nil && !isOutput(f.output):
			if file.New != nil {
				diagnostics = append(diagnostics, foreign(file.Path))
			}
			continue
		case file.New == nil && file.Old == nil:
			continue
		case file.New == nil && f.leftOut != "":
			diagnostics = append(diagnostics, withoutTags(file.Path, f.leftOut))
			continue
		case file.New == nil:
			file.Status = LeftOver
		case file.Old == nil:
			file.Status = Missing
		case bytes.Equal(file.Old, file.New):
			file.Status = UpToDate
		default:
			file.Status = Stale
		}
		files = append(files, file)
	}
	slices.SortFunc(files, func(a, b File) int { return cmp.Compare(a.Path, b.Path) })
	return files, diagnostics
}

// withoutTags is the diagnostic of an output whose routes stand in a file that
// the build leaves out.
func withoutTags(path, leftOut string) Diagnostic {
	return Diagnostic{
		Pos:      token.Position{Filename: path, Line: 1, Column: 1},
		Category: CategoryOutput,
		Message:  fmt.Sprintf("%s is left alone: %s has a directive, and the build leaves that file out", OutputName, filepath.Base(leftOut)),
		Hint:     "run cneriumgen with the build tags of that file, or delete the output",
	}
}

// foreign is the diagnostic of a file that is in the way.
func foreign(path string) Diagnostic {
	return Diagnostic{
		Pos:      token.Position{Filename: path, Line: 1, Column: 1},
		Category: CategoryOutput,
		Message:  OutputName + " was not written by cneriumgen and is left alone",
		Hint:     "rename it, or delete it: the routes of this package need the name",
	}
}
