package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/cnerium/cnerium-go/generator"
)

// toolPath is the import path of this command.
const toolPath = "github.com/cnerium/cnerium-go/cmd/cneriumgen"

// initialize makes a module ready: what is there already stays as it is.
func initialize(ctx context.Context, c *command) (bool, error) {
	m, err := findModule(ctx, c.dir())
	if err != nil {
		return false, err
	}
	name, err := c.packageName(ctx)
	if err != nil {
		return false, err
	}
	// What fails for want of a network does not keep the rest from being done.
	err = errors.Join(c.addTool(ctx, m), c.addGoGenerate(name), c.addAttributes(ctx, m))
	return err == nil, err
}

// added tells what a step added to a file, or with -n would add.
func (c *command) added(path, what string) {
	verb := "added to"
	if c.dry {
		verb = "would add to"
	}
	fmt.Fprintf(&c.out, "%s %s: %s\n", verb, c.relative(path), what)
}

// kept tells that there was nothing to do.
func (c *command) kept(path, what string) {
	fmt.Fprintf(&c.out, "%s: kept, has %s\n", c.relative(path), what)
}

// generateLine is the line that makes go generate run this command with the
// packages and outputs of the command line.
func (c *command) generateLine() string {
	words := []string{"//go:generate", "go", "tool", "cneriumgen"}
	for _, f := range []struct{ name, value string }{
		{"tags", c.options.Tags},
		{"openapi", c.options.OpenAPI},
		{"client", c.options.Client},
		{"ts", c.options.TypeScript},
	} {
		if f.value != "" {
			words = append(words, "-"+f.name, quoteWord(filepath.ToSlash(f.value)))
		}
	}
	for _, pattern := range c.options.Patterns {
		words = append(words, quoteWord(pattern))
	}
	return strings.Join(words, " ")
}

// quoteWord quotes a word as go generate reads it, where it has to be.
func quoteWord(word string) string {
	if strings.ContainsAny(word, " \t\"") {
		return fmt.Sprintf("%q", word)
	}
	return word
}

// packageName returns the name of the package that gets the line for go
// generate. Without one nothing is done at all.
func (c *command) packageName(ctx context.Context) (string, error) {
	name, err := goCommand(ctx, c.dir(), "list", "-e", "-find", "-f", "{{.Name}}", ".")
	if err != nil {
		return "", fmt.Errorf("look at the package in %s: %w", c.dir(), err)
	}
	if name = strings.TrimSpace(name); name == "" {
		return "", usagef("no Go package is in %s: name the folder of one with -C", c.dir())
	}
	return name, nil
}

// addGoGenerate writes the line into doc.go or generate.go, unless a file of the
// package has one.
func (c *command) addGoGenerate(name string) error {
	runs, err := runsGenerator(c.dir())
	if err != nil {
		return err
	}
	if runs != "" {
		c.kept(runs, "a go:generate line")
		return nil
	}
	path, content, err := c.withGenerateLine(name)
	if err != nil {
		return err
	}
	c.added(path, c.generateLine())
	if c.dry {
		return nil
	}
	return replaceFile(path, content)
}

// withGenerateLine returns the file that gets the line, with it: doc.go, where
// people look for such a thing, or a new file.
func (c *command) withGenerateLine(name string) (path string, content []byte, err error) {
	line := c.generateLine()
	path = filepath.Join(c.dir(), "doc.go")
	if old, err := os.ReadFile(path); err == nil {
		if content, ok := insertAfterPackage(old, name, line); ok {
			return path, content, nil
		}
	}
	path = filepath.Join(c.dir(), "generate.go")
	if _, err := os.Lstat(path); !errors.Is(err, os.ErrNotExist) {
		return "", nil, fmt.Errorf("%s is there already: write the line into it by hand: %s", c.relative(path), line)
	}
	return path, fmt.Appendf(nil, "package %s\n\n%s\n", name, line), nil
}

// addAttributes tells git, and those who show differences, which files are
// generated.
func (c *command) addAttributes(ctx context.Context, m *module) error {
	path := filepath.Join(m.dir, ".gitattributes")
	old, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	content, added := old, []string(nil)
	for _, name := range c.generatedNames(ctx, m) {
		line := name + " linguist-generated=true"
		if hasAttribute(content, name) || hasAttribute(attributesOf(m), name) {
			continue
		}
		content = appendLine(content, line)
		added = append(added, line)
	}
	if len(added) == 0 {
		c.kept(path, "the generated files")
		return nil
	}
	if !c.dry {
		if err := replaceFile(path, content); err != nil {
			return err
		}
	}
	for _, line := range added {
		c.added(path, line)
	}
	return nil
}

// generatedNames returns how .gitattributes in the module's folder names what
// is generated: the file in each package by its name alone, all others by
// their paths.
func (c *command) generatedNames(ctx context.Context, m *module) []string {
	names := []string{generator.OutputName}
	opts := c.options
	opts.Cache = generator.CacheOff
	report, err := generator.Check(ctx, opts)
	if err != nil {
		return names // nothing is known yet of a module that is about to begin
	}
	for _, f := range report.Files {
		rel, err := filepath.Rel(m.dir, f.Path)
		if err == nil && filepath.IsLocal(rel) && f.New != nil && filepath.Base(rel) != generator.OutputName {
			names = append(names, "/"+filepath.ToSlash(rel))
		}
	}
	return names
}
