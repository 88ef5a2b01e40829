package generator

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/cnerium/cnerium-go/internal/atomicfile"
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
		if err := atomicfile.Write(f.Path, f.New); err != nil {
			return fmt.Errorf("write %s: %w", f.Path, err)
		}
		f.Status = Written
	}
	return nil
}
