package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
)

// module is the module that is made ready.
type module struct {
	dir  string
	file string // its go.mod
	path string
	tool bool   // it has the tool line
	has  string // the version of this module that it requires; "" for none
}

// libraryPath is the path of the module that this command is part of.
const libraryPath = "github.com/cnerium/cnerium-go"

// goModule is what go mod edit -json prints.
type goModule struct {
	Module  struct{ Path string }
	Require []struct{ Path, Version string }
	Tool    []struct{ Path string }
}

// findModule finds the module that a folder is in.
func findModule(ctx context.Context, dir string) (*module, error) {
	found, err := goCommand(ctx, dir, "env", "GOMOD")
	if err != nil {
		return nil, fmt.Errorf("find the module: %w", err)
	}
	file := strings.TrimSpace(found)
	if file == "" || file == os.DevNull {
		return nil, fmt.Errorf("%s is in no module: run go mod init first", dir)
	}
	text, err := goCommand(ctx, dir, "mod", "edit", "-json", file)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", file, err)
	}
	var read goModule
	if err := json.Unmarshal([]byte(text), &read); err != nil {
		return nil, fmt.Errorf("read %s: %w", file, err)
	}
	m := &module{dir: filepath.Dir(file), file: file, path: read.Module.Path}
	for _, tool := range read.Tool {
		m.tool = m.tool || tool.Path == toolPath
	}
	for _, r := range read.Require {
		if r.Path == libraryPath {
			m.has = r.Version
		}
	}
	return m, nil
}

// goCommand runs the go command, and returns what it prints.
func goCommand(ctx context.Context, dir string, args ...string) (string, error) {
	var stdout, stderr bytes.Buffer
	command := exec.CommandContext(ctx, "go", args...)
	command.Dir, command.Stdout, command.Stderr = dir, &stdout, &stderr
	if err := command.Run(); err != nil {
		if said := strings.TrimSpace(stderr.String()); said != "" && ctx.Err() == nil {
			err = errors.New(strings.TrimPrefix(said, "go: "))
		}
		return "", err
	}
	return stdout.String(), nil
}

// addTool makes the command a tool of the module. It goes by go get, which also
// notes the sums of what the command is built from; without a network that works
// when the module cache has all of it.
func (c *command) addTool(ctx context.Context, m *module) error {
	switch {
	case m.tool:
		c.kept(m.file, "the tool "+toolPath)
		return nil
	case m.path == libraryPath:
		return nil
	}
	version := m.has
	if version == "" {
		version = ownVersion()
	}
	args := []string{"get", "-tool", toolPath + "@" + version}
	if !c.dry {
		if _, err := goCommand(ctx, m.dir, args...); err != nil {
			return fmt.Errorf("the tool is not added: when there is a network, run go %s: %w", strings.Join(args, " "), err)
		}
	}
	c.added(m.file, fmt.Sprintf("tool %s, by go %s", toolPath, strings.Join(args, " ")))
	return nil
}

// ownVersion returns the version of this program, if it is a released one, else
// latest.
func ownVersion() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, known := range append([]*debug.Module{&info.Main}, info.Deps...) {
			if known.Path == libraryPath && strings.HasPrefix(known.Version, "v") && !strings.Contains(known.Version, "+") {
				return known.Version
			}
		}
	}
	return "latest"
}

// attributesOf returns the .gitattributes at the root of the repository that a
// module is in, if that is another folder.
func attributesOf(m *module) []byte {
	root := repositoryRoot(m.dir)
	if root == m.dir {
		return nil
	}
	content, err := os.ReadFile(filepath.Join(root, ".gitattributes"))
	if err != nil {
		return nil
	}
	return content
}

// hasAttribute reports whether attributes tell of the files of a name whether
// they are generated.
func hasAttribute(attributes []byte, name string) bool {
	for line := range bytes.Lines(attributes) {
		words := strings.Fields(string(line))
		if len(words) > 1 && strings.TrimPrefix(words[0], "/") == strings.TrimPrefix(name, "/") &&
			slices.ContainsFunc(words[1:], func(w string) bool { return strings.Contains(w, "linguist-generated") }) {
			return true
		}
	}
	return false
}
