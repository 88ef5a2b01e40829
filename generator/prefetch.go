package generator

import (
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
)

// prefetch begins to read and parse what the patterns will name, while the go
// command is still busy finding out. What turns out to be wrong was done in
// vain, and does no harm. The function that it returns ends it.
func prefetch(d *disk, opts Options) (stop func()) {
	var stopped atomic.Bool
	var group sync.WaitGroup
	group.Go(func() {
		patterns, err := opts.patterns()
		if err != nil {
			return
		}
		for _, pattern := range patterns {
			if dir, walks, ok := opts.folderOf(pattern); ok {
				d.prefetch(dir, walks, &stopped)
			}
		}
	})
	return func() {
		stopped.Store(true)
		group.Wait()
	}
}

// prefetch parses the files of a folder, if one of them has a mark.
func (d *disk) prefetch(dir string, walks bool, stopped *atomic.Bool) {
	entries, err := d.readDir(dir)
	if err != nil || stopped.Load() {
		return
	}
	var files []string
	marked := false
	for _, entry := range entries {
		name := entry.Name()
		path := filepath.Join(dir, name)
		switch {
		case entry.IsDir():
			if walks && isWalked(name) {
				d.prefetch(path, walks, stopped)
			}
		case strings.HasSuffix(name, ".go") && !isTest(name) && name != OutputName && !stopped.Load():
			content, err := d.readFile(path)
			marked = marked || err == nil && mayHaveMarks(content)
			files = append(files, path)
		}
	}
	for _, path := range files {
		if marked && !stopped.Load() {
			_, _ = d.parse(path) // who needs the file gets the error, too
		}
	}
}

// isWalked reports whether patterns with dots reach folders of a name.
func isWalked(name string) bool {
	return name[0] != '.' && name[0] != '_' && name != "testdata" && name != "vendor"
}
