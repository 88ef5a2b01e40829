package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/cnerium/cnerium-go/generator"
)

// verb is a command.
type verb struct {
	name    string
	summary string // for usage
	// run returns whether there is nothing to complain about.
	run func(ctx context.Context, c *command) (bool, error)
}

// verbs are all commands but help, in the order of usage.
var verbs = []verb{
	{"generate", "write what has to change: cnerium_gen.go, documents, clients (the default)", generate},
	{"check", "name the files that generate would change; write nothing", check},
	{"list", "print the routes", list},
	{"breaking", "name the changes of routes that break clients or forget keys", breaking},
	{"explain", "tell about a category of findings; without one, list all", explain},
	{"watch", "generate whenever a file changes", watch},
	{"init", "make a module ready: tool line, go:generate line, .gitattributes", initialize},
	{"version", "print the version", version},
}

// commandNamed returns the command of a name; nil when there is none.
func commandNamed(name string) *verb {
	if i := slices.IndexFunc(verbs, func(v verb) bool { return v.name == name }); i >= 0 {
		return &verbs[i]
	}
	return nil
}

// usage is what help prints.
func usage() string {
	var text strings.Builder
	text.WriteString("usage: cneriumgen [command] [flags] [packages]\n\ncommands:\n")
	for _, v := range append(slices.Clone(verbs), verb{name: "help", summary: "print this"}) {
		fmt.Fprintf(&text, "  %-9s %s\n", v.name, v.summary)
	}
	text.WriteString("\nflags:\n")
	for _, f := range flagTable {
		of := ""
		if len(f.of) > 0 {
			of = "of " + join(f.of) + ": "
		}
		fmt.Fprintf(&text, "  %-13s %s%s\n", strings.TrimSpace("-"+f.name+" "+f.value), of, f.summary)
	}
	text.WriteString("\nmanual: go doc github.com/cnerium/cnerium-go/cmd/cneriumgen\n")
	return text.String()
}

// join makes one text of names: "generate, check and breaking".
func join(names []string) string {
	last := len(names) - 1
	if last < 1 {
		return strings.Join(names, "")
	}
	return strings.Join(names[:last], ", ") + " and " + names[last]
}

// mistyped explains a first word that is neither a command nor a package; ""
// when it may be a package.
func (c *command) mistyped() string {
	if c.explicit || len(c.options.Patterns) == 0 || strings.ContainsAny(c.options.Patterns[0], "./\\") {
		return ""
	}
	word := c.options.Patterns[0]
	names := []string{"help"}
	for _, v := range verbs {
		names = append(names, v.name)
	}
	text := word + " is neither a command nor a package"
	if name := generator.Nearest(word, names); name != "" {
		text += "; did you mean " + name + "?"
	}
	return text
}
