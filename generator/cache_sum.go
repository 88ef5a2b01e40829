package generator

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// clockSteps is how far behind the clock a file's time may be.
const clockSteps = 20 * time.Millisecond

// sum returns one sum over all inputs as they are now. With a time, inputs that
// were written after it, or just before, are an error: the go command may have
// seen them otherwise.
func (in *inputs) sum(d *disk, begin time.Time) (string, error) {
	return in.sumOf(d, begin, (*inputSum).folder)
}

// sumOf is sum with lines of its own about each folder.
func (in *inputs) sumOf(d *disk, begin time.Time, folder func(s *inputSum, dir string) (string, error)) (string, error) {
	s := &inputSum{disk: d, begin: begin, coded: make(map[string]string), seen: make(map[string]bool)}
	for _, c := range in.Coded {
		s.coded[c.Dir] = c.Package
	}
	for _, dir := range in.Trees {
		s.tree(dir, true)
	}
	for _, dir := range in.Folders {
		s.add(dir)
	}
	parts := make([]string, len(s.folders)+len(in.Files))
	errs := make([]error, len(parts))
	each(len(parts), func(i int) {
		if i < len(s.folders) {
			parts[i], errs[i] = folder(s, s.folders[i])
			return
		}
		parts[i], errs[i] = s.file(in.Files[i-len(s.folders)])
	})
	h := sha256.New()
	for _, part := range parts {
		if part == "" {
			continue
		}
		_, _ = fmt.Fprintf(h, "%d\n%s", len(part), part) // a hash takes everything
	}
	return hex.EncodeToString(h.Sum(nil)), errors.Join(errs...)
}

// inputSum works out the sum of inputs.
type inputSum struct {
	disk    *disk
	begin   time.Time
	coded   map[string]string // names of packages by their folders
	seen    map[string]bool
	folders []string
}

// add notes a folder once.
func (s *inputSum) add(dir string) {
	if !s.seen[dir] {
		s.seen[dir] = true
		s.folders = append(s.folders, dir)
	}
}

// tree notes a folder with those below it, as far as the go command goes.
func (s *inputSum) tree(dir string, root bool) {
	s.add(dir)
	entries, err := s.disk.readDir(dir)
	if err != nil {
		return // the sum of the folder says so
	}
	for _, entry := range entries {
		if entry.Name() == "go.mod" && !root {
			return
		}
	}
	for _, entry := range entries {
		name := entry.Name()
		switch {
		case !entry.IsDir():
		case name == "vendor":
			s.add(filepath.Join(dir, name))
		case isWalked(name):
			s.tree(filepath.Join(dir, name), false)
		}
	}
}

// file returns a line about a file.
func (s *inputSum) file(path string) (string, error) {
	sum, err := s.disk.sum(path)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
		return path + " is not there\n", s.absent(path)
	}
	if err != nil {
		return "", err
	}
	return path + " " + sum + "\n", s.settled(path)
}

// settled returns an error when a file or folder may have been changed since
// the run began.
func (s *inputSum) settled(path string) error {
	if s.begin.IsZero() {
		return nil
	}
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if info.ModTime().After(s.begin.Add(-clockSteps)) {
		return fmt.Errorf("%w: %s", errUnsettled, path)
	}
	return nil
}

// absent returns an error when a file has come since the run began.
func (s *inputSum) absent(path string) error {
	if s.begin.IsZero() {
		return nil
	}
	if _, err := os.Lstat(path); err == nil {
		return fmt.Errorf("%w: %s", errUnsettled, path)
	}
	return nil
}

// folder returns lines about a folder: the Go files that it has, and whether a
// module begins in it. With neither, it returns nothing, because the go command
// passes over such a folder: what a run has written there is no change.
func (s *inputSum) folder(dir string) (string, error) {
	entries, err := s.disk.readDir(dir)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
		return dir + " is not there\n", nil
	}
	if err != nil {
		return "", err
	}
	if err := s.settled(dir); err != nil {
		return "", err
	}
	var text strings.Builder
	for _, entry := range entries {
		path := filepath.Join(dir, entry.Name())
		switch {
		case entry.Name() == "go.mod":
			text.WriteString("go.mod\n")
		case !strings.HasSuffix(path, ".go") || s.isHarmless(dir, path):
		case entry.IsDir():
			text.WriteString(path + " is a folder\n")
		default:
			line, err := s.file(path)
			if err != nil {
				return "", err
			}
			text.WriteString(line)
		}
	}
	if text.Len() == 0 {
		return "", nil
	}
	return dir + "\n" + text.String(), nil
}

// isHarmless reports whether a file is the output of a package that has code,
// and nothing in it can make a difference to the go command: then it does not
// matter whether it lies there, nor which handlers it was made for.
func (s *inputSum) isHarmless(dir, path string) bool {
	name, ok := s.coded[dir]
	if !ok || filepath.Base(path) != OutputName {
		return false
	}
	content, err := s.disk.readFile(path)
	if err != nil || !isOutput(content) {
		return false
	}
	for _, word := range []string{"//go:build", "+build", "\"C\"", "//go:embed"} {
		if bytes.Contains(content, []byte(word)) {
			return false
		}
	}
	tree, err := parser.ParseFile(token.NewFileSet(), path, content, parser.ImportsOnly)
	return err == nil && tree.Name.Name == name
}
