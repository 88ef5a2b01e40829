package generator

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"syscall"
)

// plan compares what lies on the disk with what has to lie there. Folders and
// targets with diagnostics keep what they have.
func plan(r *result) ([]File, []Diagnostic, error) {
	var files []File
	var diagnostics []Diagnostic
	add := func(file *File, found *Diagnostic, err error) error {
		if file != nil {
			files = append(files, *file)
		}
		if found != nil {
			diagnostics = append(diagnostics, *found)
		}
		return err
	}
	for _, f := range r.Folders {
		if f.Failed {
			continue
		}
		if err := add(planFolder(r.disk, f)); err != nil {
			return nil, nil, fmt.Errorf("read package %s: %w", f.Path, err)
		}
	}
	for _, t := range r.Targets {
		if t.Common && needsCommon(r, filepath.Dir(t.Path)) {
			continue
		}
		if err := add(planTarget(r.disk, t)); err != nil {
			return nil, nil, fmt.Errorf("read what lies in the way of an output: %w", err)
		}
	}
	slices.SortFunc(files, func(a, b File) int { return cmp.Compare(a.Path, b.Path) })
	return files, diagnostics, nil
}

// planFolder compares the generated file of a package.
func planFolder(d *disk, f folderResult) (*File, *Diagnostic, error) {
	path := filepath.Join(f.Dir, OutputName)
	old, err := d.readFile(path)
	if err != nil && !os.IsNotExist(err) {
		return nil, nil, err
	}
	file := compare(path, old, f.code)
	switch {
	case old != nil && !isOurs(path, old):
		if f.code == nil {
			return nil, nil, nil
		}
		return nil, foreign(path, "the generated code of this package needs the name"), nil
	case file != nil && file.Status == LeftOver && f.LeftOut != "":
		return nil, withoutTags(path, f.LeftOut), nil
	}
	return file, nil, nil
}

// planTarget compares a file of a document or client. A folder in its place is
// as foreign as another file.
func planTarget(d *disk, t targetResult) (*File, *Diagnostic, error) {
	old, err := d.readFile(t.Path)
	isFolder := errors.Is(err, syscall.EISDIR)
	if err != nil && !os.IsNotExist(err) && !isFolder {
		return nil, nil, err
	}
	if isFolder || old != nil && !isOurs(t.Path, old) {
		if t.content == nil {
			return nil, nil, nil
		}
		return nil, foreign(t.Path, "what is made for "+t.Name+" needs the name"), nil
	}
	if t.content != nil && filepath.Base(t.Path) == clientName {
		if found := otherPackage(d, filepath.Dir(t.Path)); found != nil {
			return nil, found, nil
		}
	}
	file := compare(t.Path, old, t.content)
	if file != nil {
		file.ownFolder = true
	}
	return file, nil, nil
}

// compare returns how a file stands to what has to lie there; nil when nothing
// has to, and nothing does. Bytes that are nil stand for no file.
func compare(path string, before, after []byte) *File {
	file := &File{Path: path, Old: before, New: after}
	switch {
	case before == nil && after == nil:
		return nil
	case after == nil:
		file.Status = LeftOver
	case before == nil:
		file.Status = Missing
	case bytes.Equal(before, after):
		file.Status = UpToDate
	default:
		file.Status = Stale
	}
	return file
}

// withoutTags is the diagnostic of an output whose routes stand in a file that
// the build leaves out.
func withoutTags(path, leftOut string) *Diagnostic {
	return &Diagnostic{
		Pos:      token.Position{Filename: path, Line: 1, Column: 1},
		Category: CategoryOutput,
		Message:  fmt.Sprintf("%s is left alone: %s has a directive, and the build leaves that file out", OutputName, filepath.Base(leftOut)),
		Hint:     "run cneriumgen with the build tags of that file, or delete the output",
	}
}

// foreign is the diagnostic of a file that is in the way.
func foreign(path, why string) *Diagnostic {
	return &Diagnostic{
		Pos:      token.Position{Filename: path, Line: 1, Column: 1},
		Category: CategoryOutput,
		Message:  filepath.Base(path) + " was not written by cneriumgen and is left alone",
		Hint:     "rename it, or delete it: " + why,
	}
}

// otherPackage is the diagnostic of a folder for a Go client that has a package
// of another name; nil when it has none. Helpers may lie beside a client.
func otherPackage(d *disk, dir string) *Diagnostic {
	entries, err := d.readDir(dir)
	if err != nil {
		return nil // it will be made
	}
	for _, entry := range entries {
		path := filepath.Join(dir, entry.Name())
		if filepath.Ext(path) != ".go" || entry.Name() == clientName || isTest(entry.Name()) {
			continue
		}
		fset := token.NewFileSet()
		tree, err := parser.ParseFile(fset, path, nil, parser.PackageClauseOnly)
		if err == nil && tree.Name.Name != filepath.Base(dir) {
			return &Diagnostic{
				Pos:      fset.PositionFor(tree.Name.Pos(), false),
				Category: CategoryTarget,
				Message:  fmt.Sprintf("package %s lies where the client is to be package %s", tree.Name.Name, filepath.Base(dir)),
				Hint:     "make the client in a folder of its own, such as client",
			}
		}
	}
	return nil
}
