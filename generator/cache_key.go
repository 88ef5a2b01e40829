package generator

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
)

// cacheFormat changes with what is stored.
const cacheFormat = 2

// cacheKey is the sum of what a run was asked to do, and of everything but
// files that decides about its result: this program, the go command, and the
// environment.
func cacheKey(opts Options) (string, error) {
	dir, err := filepath.Abs(opts.Dir)
	if err != nil {
		return "", err
	}
	program, err := programID()
	if err != nil {
		return "", err
	}
	command, err := goCommand()
	if err != nil {
		return "", err
	}
	h := sha256.New()
	for _, part := range slices.Concat(
		[]string{fmt.Sprint(cacheFormat), program, runtime.Version(), dir, opts.Tags},
		[]string{opts.OpenAPI, opts.Client, opts.TypeScript, fmt.Sprint(opts.Shapes)},
		opts.Patterns, []string{""}, command.id, []string{""}, environment(os.Environ()),
	) {
		_, _ = fmt.Fprintf(h, "%d %s\n", len(part), part) // a hash takes everything
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// goTool is the go command that a run uses.
type goTool struct {
	root string   // its GOROOT
	id   []string // what there is to tell it from others
}

// goCommand finds the go command and its root without running it. One that is
// a script, and may start any other, is an error.
func goCommand() (*goTool, error) {
	path, err := exec.LookPath("go")
	if err != nil {
		return nil, err
	}
	if path, err = filepath.EvalSymlinks(path); err != nil {
		return nil, err
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	root := os.Getenv("GOROOT")
	if root == "" {
		root = filepath.Dir(filepath.Dir(path))
	}
	version, err := os.ReadFile(filepath.Join(root, "VERSION"))
	if err != nil {
		return nil, fmt.Errorf("the version of the go command is not known: %w", err)
	}
	id := []string{path, fmt.Sprint(info.Size(), info.ModTime().UnixNano()), root, string(version)}
	// Whether there is a compiler for C decides whether cgo files take part.
	for _, compiler := range []string{"gcc", "clang"} {
		found, err := exec.LookPath(compiler)
		if err != nil {
			found = ""
		}
		id = append(id, found)
	}
	return &goTool{root: root, id: id}, nil
}

// environment returns the variables that the go command looks at, sorted. Those
// that go generate sets for its commands are not among them.
func environment(all []string) []string {
	var found []string
	for _, variable := range all {
		name, _, _ := strings.Cut(variable, "=")
		switch upper := strings.ToUpper(name); {
		case slices.Contains([]string{"GOFILE", "GOLINE", "GOPACKAGE"}, upper):
		case strings.HasPrefix(upper, "GO"), strings.HasPrefix(upper, "CGO_"),
			slices.Contains([]string{
				"CC", "CXX", "FC", "AR", "PATH", "HOME", "USERPROFILE", "HOMEDRIVE", "HOMEPATH",
				"XDG_CONFIG_HOME", "APPDATA", "LOCALAPPDATA",
			}, upper):
			found = append(found, variable)
		}
	}
	slices.Sort(found)
	return found
}

// headBytes is enough of a program to hold the build ID.
const headBytes = 64 << 10

// programID returns a sum of this program.
var programID = sync.OnceValues(func() (string, error) {
	path, err := os.Executable()
	if err != nil {
		return "", err
	}
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer func() { _ = f.Close() }() // it was only read
	head := make([]byte, headBytes)
	n, err := io.ReadFull(f, head)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		return "", err
	}
	h := sha256.New()
	h.Write(head[:n])
	if !hasBuildID(head[:n]) {
		if _, err := io.Copy(h, f); err != nil {
			return "", err
		}
	}
	info, err := f.Stat()
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%d %x", info.Size(), h.Sum(nil)), nil
})

// hasBuildID reports whether the linker has put a sum of the whole program in
// front of it: as a note of an ELF file, else as a text. It may have been told
// not to.
func hasBuildID(head []byte) bool {
	if bytes.Contains(head, []byte("\x04\x00\x00\x00Go\x00\x00")) {
		return true
	}
	_, id, ok := bytes.Cut(head, []byte("Go build ID: \""))
	return ok && !bytes.HasPrefix(id, []byte{'"'})
}
