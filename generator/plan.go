package generator

import (
	"bytes"
	"cmp"
	"fmt"
	"go/token"
	"os"
	"path/filepath"
	"slices"
)

// plan compares what lies in each folder with what has to lie there. Folders
// with diagnostics keep what they have.
func plan(d *disk, folders []folderResult) ([]File, []Diagnostic, error) {
	var files []File
	var diagnostics []Diagnostic
	for _, f := range folders {
		if f.Failed {
			continue
		}
		path := filepath.Join(f.Dir, OutputName)
		old, err := d.readFile(path)
		if err != nil && !os.IsNotExist(err) {
			return nil, nil, fmt.Errorf("read package %s: %w", f.Path, err)
		}
		file := File{Path: path, Old: old, New: f.code}
		switch {
		case old != nil && !isOutput(old):
			if file.New != nil {
				diagnostics = append(diagnostics, foreign(path))
			}
			continue
		case file.New == nil && old == nil:
			continue
		case file.New == nil && f.LeftOut != "":
			diagnostics = append(diagnostics, withoutTags(path, f.LeftOut))
			continue
		case file.New == nil:
			file.Status = LeftOver
		case old == nil:
			file.Status = Missing
		case bytes.Equal(old, file.New):
			file.Status = UpToDate
		default:
			file.Status = Stale
		}
		files = append(files, file)
	}
	slices.SortFunc(files, func(a, b File) int { return cmp.Compare(a.Path, b.Path) })
	return files, diagnostics, nil
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
