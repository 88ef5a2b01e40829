package generator

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Options say which packages a run is about. The zero value is the package in
// the current folder.
type Options struct {
	Dir      string   // where the go command runs; "" is the current folder
	Patterns []string // package patterns, as the go command takes them; empty is "."
	Tags     string   // build tags, comma-separated
}

// patterns returns the package patterns. Single files are refused: a file of
// code that holds only some of its package's routes would be wrong.
func (o Options) patterns() ([]string, error) {
	if o.Dir != "" {
		// The go command would be blamed for a folder that does not exist.
		if _, err := os.ReadDir(o.Dir); err != nil {
			return nil, err
		}
	}
	if len(o.Patterns) == 0 {
		return []string{"."}, nil
	}
	for _, pattern := range o.Patterns {
		if strings.HasSuffix(pattern, ".go") {
			return nil, fmt.Errorf("%s is a file: name its package instead", pattern)
		}
	}
	return o.Patterns, nil
}

// relative returns path relative to the folder of the run when it is below
// it, as Diagnostic.Format does.
func (o Options) relative(path string) string {
	dir, err := filepath.Abs(o.Dir)
	if err != nil {
		return path
	}
	return below(dir, path)
}

// below returns path relative to dir, or path itself when it is not below.
func below(dir, path string) string {
	if rel, err := filepath.Rel(dir, path); err == nil && filepath.IsLocal(rel) {
		return rel
	}
	return path
}
