package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/cnerium/cnerium-go/generator"
)

// flagRow is a flag of the command line.
type flagRow struct {
	name, value string
	of          []string // the commands that have it; empty for all
	summary     string
	bind        func(c *command, flags *flag.FlagSet, name string)
}

// working are the commands that look into the cache, and writing those that
// know of all outputs.
var (
	working = []string{"generate", "check", "list", "breaking"}
	writing = []string{"generate", "check", "watch", "init"}
)

// flagTable are all flags, in the order of usage.
var flagTable = []flagRow{
	{"C", "DIR", nil, "work in DIR", text(func(c *command) *string { return &c.options.Dir })},
	{"tags", "T", nil, "build tags, comma-separated", text(func(c *command) *string { return &c.options.Tags })},
	{"openapi", "FILE", writing, "write an OpenAPI document of all routes, .json or .yaml", text(func(c *command) *string { return &c.options.OpenAPI })},
	{"client", "DIR", writing, "write a Go client", text(func(c *command) *string { return &c.options.Client })},
	{"ts", "DIR", writing, "write a TypeScript client", text(func(c *command) *string { return &c.options.TypeScript })},
	{"format", "F", []string{"generate", "check", "breaking"}, "text (the default), json, github or sarif", text(func(c *command) *string { return &c.format })},
	{"cache", "MODE", working, "on (the default), off or verify", text(func(c *command) *string { return &c.cache })},
	{"v", "", nil, "say more", boolean(func(c *command) *bool { return &c.verbose })},
	{"diff", "", []string{"check"}, "print what would change", boolean(func(c *command) *bool { return &c.diff })},
	{"json", "", []string{"list"}, "print JSON, which breaking can compare with", boolean(func(c *command) *bool { return &c.json })},
	{"against", "OLD", []string{"breaking"}, "the output of list -json, or a git revision", text(func(c *command) *string { return &c.against })},
	{"poll", "D", []string{"watch"}, "look every D, such as 1s, instead of being told of changes", duration(func(c *command) *time.Duration { return &c.poll })},
	{"n", "", []string{"init"}, "print what would be done", boolean(func(c *command) *bool { return &c.dry })},
}

// text binds a flag with a value, which keeps the value that it has.
func text(field func(c *command) *string) func(*command, *flag.FlagSet, string) {
	return func(c *command, flags *flag.FlagSet, name string) { flags.StringVar(field(c), name, *field(c), "") }
}

// boolean binds a flag without a value.
func boolean(field func(c *command) *bool) func(*command, *flag.FlagSet, string) {
	return func(c *command, flags *flag.FlagSet, name string) { flags.BoolVar(field(c), name, *field(c), "") }
}

// duration binds a flag with a time.
func duration(field func(c *command) *time.Duration) func(*command, *flag.FlagSet, string) {
	return func(c *command, flags *flag.FlagSet, name string) { flags.DurationVar(field(c), name, *field(c), "") }
}

// parse reads the command line: flags may stand before and after the name of
// the command.
func (c *command) parse(args []string) error {
	c.name, c.cache, c.format = "generate", "on", formatText
	flags := flag.NewFlagSet("cneriumgen", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	for _, f := range flagTable {
		f.bind(c, flags, f.name)
	}
	if err := flags.Parse(args); err != nil {
		return err
	}
	if name := flags.Arg(0); name == "help" || commandNamed(name) != nil {
		c.name, c.explicit = name, true
		if err := flags.Parse(flags.Args()[1:]); err != nil {
			return err
		}
	}
	if c.name == "help" {
		return flag.ErrHelp
	}
	c.options.Patterns = flags.Args()
	if err := c.validateFlags(flags); err != nil {
		return err
	}
	if err := c.validatePatterns(); err != nil {
		return err
	}
	return c.setCache()
}

// validateFlags refuses flags of other commands, and values that there are
// not.
func (c *command) validateFlags(flags *flag.FlagSet) error {
	var wrong error
	flags.Visit(func(given *flag.Flag) {
		i := slices.IndexFunc(flagTable, func(f flagRow) bool { return f.name == given.Name })
		if of := flagTable[i].of; len(of) > 0 && !slices.Contains(of, c.name) && wrong == nil {
			wrong = fmt.Errorf("-%s is a flag of %s, not of %s", given.Name, join(of), c.name)
		}
	})
	switch {
	case wrong != nil:
		return wrong
	case !slices.Contains(formats, c.format):
		return fmt.Errorf("-format is %s, not %q", strings.Join(formats, ", "), c.format)
	case c.diff && c.format != formatText:
		return errors.New("-diff is for people: leave out -format")
	case c.poll < 0:
		return fmt.Errorf("-poll is a time above zero, not %s", c.poll)
	case c.name == "breaking" && c.against == "":
		return errors.New("breaking needs -against FILE, the output of list -json, or -against REVISION, of git")
	}
	return nil
}

// validatePatterns refuses packages where none belong, and flags among them.
func (c *command) validatePatterns() error {
	patterns := c.options.Patterns
	switch {
	case c.name == "version" && len(patterns) > 0:
		return errors.New("version takes no packages")
	case c.name == "explain" && len(patterns) > 1:
		return errors.New("explain takes one category")
	}
	for _, pattern := range patterns {
		if strings.HasPrefix(pattern, "-") {
			return fmt.Errorf("flag %s stands behind a package: flags come first", pattern)
		}
	}
	return nil
}

// cacheModes are the values of -cache.
var cacheModes = map[string]generator.CacheMode{
	"on":     generator.CacheOn,
	"off":    generator.CacheOff,
	"verify": generator.CacheVerify,
}

// setCache settles what is done with the cache, and what is said about it.
func (c *command) setCache() error {
	mode, ok := cacheModes[c.cache]
	if !ok {
		return fmt.Errorf("-cache is on, off or verify, not %q", c.cache)
	}
	c.options.Cache = mode
	if c.verbose || mode == generator.CacheVerify {
		c.options.Note = func(remark string) { fmt.Fprintln(&c.complaints, "cneriumgen: cache:", remark) }
	}
	return nil
}
