package generator

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// write makes the folders hold what is planned, and notes in each file what
// was done. A file that fails keeps its status and its old bytes, and does not
// stop the others.
func write(files []File) error {
	var failures []error
	for i := range files {
		f := &files[i]
		switch {
		case !f.Status.pending():
			continue
		case f.New == nil:
			if err := os.Remove(f.Path); err != nil && !errors.Is(err, fs.ErrNotExist) {
				failures = append(failures, fmt.Errorf("remove left-over file: %w", err))
				continue
			}
			f.Status = Removed
		default:
			if err := replace(f.Path, f.New); err != nil {
				failures = append(failures, fmt.Errorf("write %s: %w", f.Path, err))
				continue
			}
			f.Status = Written
		}
	}
	return errors.Join(failures...)
}

// replace puts content at path in one step, so that neither a reader nor a
// crash sees half of it. An existing file keeps its mode.
func replace(path string, content []byte) error {
	mode := fs.FileMode(0o644)
	if info, err := os.Stat(path); err == nil {
		mode = info.Mode().Perm()
	}
	// The name does not end in .go, so that no build takes the file for code.
	temp, err := os.CreateTemp(filepath.Dir(path), "."+OutputName+".*.tmp")
	if err != nil {
		return err
	}
	_, err = temp.Write(content)
	err = errors.Join(err, temp.Chmod(mode), temp.Close())
	if err == nil {
		err = os.Rename(temp.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(temp.Name()))
	}
	return nil
}
