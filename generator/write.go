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
	failures := make([]error, len(files))
	each(len(files), func(i int) { failures[i] = files[i].write() })
	return errors.Join(failures...)
}

// write does what one file needs.
func (f *File) write() error {
	switch {
	case !f.Status.pending():
	case f.New == nil:
		if err := os.Remove(f.Path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("remove left-over file: %w", err)
		}
		f.Status = Removed
	default:
		if f.ownFolder {
			if err := os.MkdirAll(filepath.Dir(f.Path), 0o755); err != nil {
				return fmt.Errorf("write %s: %w", f.Path, err)
			}
		}
		if err := replace(f.Path, f.New); err != nil {
			return fmt.Errorf("write %s: %w", f.Path, err)
		}
		f.Status = Written
	}
	return nil
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
