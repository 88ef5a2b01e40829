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

	// OpenAPI, Client and TypeScript name what is made of all packages of the
	// run that have routes or events, together: an OpenAPI document in YAML or
	// JSON, as the extension of the file says, the folder of a Go package, and
	// that of a TypeScript client. They are relative to Dir; "" is for none.
	// When the packages have events, an AsyncAPI document lies beside the
	// OpenAPI document: see [EventsName]. What a //cnerium:package directive
	// wants is made besides.
	OpenAPI    string
	Client     string
	TypeScript string

	// Shapes makes List tell all that a route promises its clients, as a lock
	// for later comparisons needs it. It takes longer.
	Shapes bool

	// Cache says what is done with the results of earlier runs. The zero value
	// is CacheOff.
	Cache CacheMode
	// CacheDir is the folder of the cache; "" is cneriumgen in the user's cache
	// folder.
	CacheDir string
	// Note, if it is not nil, is called with remarks about the cache, such as
	// why it could not be used. None of them is an error of the run.
	Note func(remark string)
}

// CacheMode says what is done with the results of earlier runs.
type CacheMode string

// The modes. A result is used again only when nothing has changed that it
// depends on; and a cache that cannot be read or written only makes a run
// slower.
const (
	CacheOff    CacheMode = ""       // neither read nor written
	CacheOn     CacheMode = "on"     // read, and written
	CacheVerify CacheMode = "verify" // as CacheOn, but work is done again, and the run fails with ErrCache when a result was wrong
)

// wantsContracts reports whether all that handlers and events are made of has
// to be known.
func (o Options) wantsContracts() bool {
	return o.Shapes || o.OpenAPI != "" || o.Client != "" || o.TypeScript != ""
}

func (o Options) notef(format string, args ...any) {
	if o.Note != nil {
		o.Note(fmt.Sprintf(format, args...))
	}
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

// folderOf returns the folder that a pattern begins in, and whether it reaches
// those below, if it is a path and no import path.
func (o Options) folderOf(pattern string) (dir string, walks, ok bool) {
	before, _, walks := strings.Cut(filepath.ToSlash(pattern), "...")
	if !strings.HasPrefix(before, "./") && !strings.HasPrefix(before, "../") && before != "." && before != ".." && !filepath.IsAbs(before) {
		return "", walks, false
	}
	if walks {
		before = before[:strings.LastIndex(before, "/")+1]
	}
	dir = filepath.FromSlash(before)
	if !filepath.IsAbs(dir) {
		dir = filepath.Join(o.Dir, dir)
	}
	dir, err := filepath.Abs(dir)
	return dir, walks, err == nil
}
