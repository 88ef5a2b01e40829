package main

import (
	"bytes"
	"fmt"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/cnerium/cnerium-go/internal/atomicfile"
)

// generateForm finds a line by which go generate runs this command.
var generateForm = regexp.MustCompile(`(?m)^//go:generate[ \t].*\bcneriumgen\b`)

// runsGenerator returns a Go file of a folder that has such a line; "" when none
// has.
func runsGenerator(dir string) (string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return "", err
	}
	for _, entry := range entries {
		if !strings.HasSuffix(entry.Name(), ".go") || entry.IsDir() {
			continue
		}
		path := filepath.Join(dir, entry.Name())
		content, err := os.ReadFile(path)
		if err != nil {
			return "", err
		}
		if generateForm.Match(content) {
			return path, nil
		}
	}
	return "", nil
}

// insertAfterPackage puts a line behind the package clause of a file, with
// blank lines around it, and with the line ends that the file has. A file of
// another package, or with build constraints, is not for it: go generate may
// pass over that one.
func insertAfterPackage(content []byte, name, line string) ([]byte, bool) {
	set := token.NewFileSet()
	parsed, err := parser.ParseFile(set, "", content, parser.PackageClauseOnly)
	if err != nil || parsed.Name.Name != name || bytes.Contains(content, []byte("//go:build")) {
		return nil, false
	}
	end := lineEnd(content)
	head, rest := content, []byte(nil)
	at := set.PositionFor(parsed.Name.End(), false).Offset
	if i := bytes.IndexByte(content[at:], '\n'); i >= 0 {
		head, rest = content[:at+i+1], content[at+i+1:]
	} else {
		head = append(bytes.Clone(head), end...)
	}
	text := end + line + end
	if len(rest) > 0 && !bytes.HasPrefix(rest, []byte(end)) {
		text += end
	}
	return slices.Concat(head, []byte(text), rest), true
}

// lineEnd returns how lines end in a text.
func lineEnd(content []byte) string {
	if bytes.Contains(content, []byte("\r\n")) {
		return "\r\n"
	}
	return "\n"
}

// appendLine puts a line at the end of a text, whose last line may not be ended.
func appendLine(content []byte, line string) []byte {
	end := lineEnd(content)
	out := bytes.Clone(content)
	if len(out) > 0 && out[len(out)-1] != '\n' {
		out = append(out, end...)
	}
	return append(out, line+end...)
}

// replaceFile writes a file in one step.
func replaceFile(path string, content []byte) error {
	if err := atomicfile.Write(path, content); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}
