package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/cnerium/cnerium-go/generator"
)

// The exit codes.
const (
	exitOK     = 0
	exitFailed = 1
	exitUsage  = 2
)

func main() {
	if isVetTool(os.Args[1:]) {
		vetTool()
	}
	if os.Getenv("GOGC") == "" {
		collectLate()
	}
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

// firstGoal is the percentage at which the first garbage collection comes when
// the heap has about 68 MB.
const firstGoal = 1700

// collectLate lets a run of a fraction of a second be over before there is
// much garbage to collect. After the first collection, all is as usual: large
// modules need that.
func collectLate() {
	usual := debug.SetGCPercent(firstGoal)
	runtime.AddCleanup(new([16]byte), func(percent int) { debug.SetGCPercent(percent) }, usual)
}

// run is the command, and returns its exit code.
func run(args []string, stdout, stderr io.Writer) int {
	c := command{stdout: stdout, stderr: stderr}
	code := c.run(args)
	if err := c.flush(); err != nil {
		code = max(code, c.fail(exitFailed, err))
		// Nobody is left to tell when this fails, too.
		_ = c.flush()
	}
	return code
}

// command is a command line and what it prints.
type command struct {
	name     string
	explicit bool // the name was given
	options  generator.Options
	cache    string // mode
	format   string
	verbose  bool
	diff     bool
	json     bool
	against  string
	dry      bool
	poll     time.Duration

	out            bytes.Buffer // for standard output
	complaints     bytes.Buffer // for standard error
	stdout, stderr io.Writer    // of flush
}

// run does what the command line says.
func (c *command) run(args []string) int {
	switch err := c.parse(args); {
	case errors.Is(err, flag.ErrHelp):
		c.out.WriteString(usage())
		return exitOK
	case err != nil:
		return c.fail(exitUsage, err)
	}
	clean, err := commandNamed(c.name).run(context.Background(), c)
	var wrong *usageError
	switch {
	case errors.As(err, &wrong), errors.Is(err, generator.ErrTarget):
		return c.fail(exitUsage, err)
	case errors.Is(err, generator.ErrNoPackage) && c.mistyped() != "":
		return c.fail(exitUsage, errors.New(c.mistyped()))
	case err != nil:
		return c.fail(exitFailed, err)
	case !clean:
		return exitFailed
	}
	return exitOK
}

// usageError is the error of a command that was called in a wrong way.
type usageError struct{ message string }

// Error says what was wrong.
func (e *usageError) Error() string { return e.message }

// usagef returns a usageError.
func usagef(format string, args ...any) error { return &usageError{fmt.Sprintf(format, args...)} }

// fail complains and returns the code.
func (c *command) fail(code int, err error) int {
	fmt.Fprintln(&c.complaints, "cneriumgen:", err)
	if code == exitUsage {
		c.complaints.WriteString("run cneriumgen help for usage\n")
	}
	return code
}

// flush prints what there is to print: at the end of a command, and now and
// then of one that goes on.
func (c *command) flush() error {
	_, errOut := c.out.WriteTo(c.stdout)
	_, errComplaints := c.complaints.WriteTo(c.stderr)
	return errors.Join(errOut, errComplaints)
}

// dir returns the folder that paths are printed relative to.
func (c *command) dir() string {
	dir, err := filepath.Abs(c.options.Dir)
	if err != nil {
		return c.options.Dir
	}
	return dir
}

// relative returns a path as it is printed.
func (c *command) relative(path string) string { return relativeTo(c.dir(), path) }

// relativeTo returns path relative to dir when it is below it.
func relativeTo(dir, path string) string {
	if rel, err := filepath.Rel(dir, path); err == nil && filepath.IsLocal(rel) {
		return rel
	}
	return path
}
