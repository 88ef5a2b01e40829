// Command cneriumgen reads the //cnerium:durable directives of Go packages and
// writes the code that registers their handlers with the runtime,
// github.com/cnerium/cnerium-go/runtime.
//
// Usage:
//
//	cneriumgen [generate] [flags] [packages]
//	cneriumgen check [-diff] [flags] [packages]
//	cneriumgen list [-json] [flags] [packages]
//	cneriumgen version
//	cneriumgen help
//
// Packages are named as for the go command; without any, it is the package in
// the current folder. Only packages of the main module, or of the modules of a
// workspace, are worked on. Usually the command runs by go generate, from a
// module that has it as a tool:
//
//	go get -tool github.com/cnerium/cnerium-go/cmd/cneriumgen
//
//	//go:generate go tool cneriumgen
//
// or, in one package for the whole module,
//
//	//go:generate go tool cneriumgen -C .. ./...
//
// # Commands
//
// Generate writes one file, cnerium_gen.go, into each package with directives,
// and removes it when the last directive is gone. A file is written in one
// step, and only when its bytes change. The paths of files that changed go to
// standard output.
//
// Check writes nothing. It names the files that generate would write (stale,
// missing) or remove (left over), and with -diff prints what would change.
//
// List prints the routes in columns, or with -json as an array of objects:
// method, pattern, operation, handler, package, mode (plain or transactional)
// and position.
//
// # Flags
//
//	-C DIR        work in DIR; paths are printed relative to it
//	-tags T       build tags, comma-separated, as for go build
//	-cache MODE   on (the default), off or verify
//	-v            say on standard error what became of the cache
//	-diff         of check: print what would change, in the format that patch reads
//	-json         of list: print JSON
//
// A directive in a file that the build leaves out makes no route. So what is
// generated with -tags compiles only with these tags, if one of the files with
// directives needs them. Without the tags, generate writes the routes of the other files; when
// there are none, it leaves the output alone and says so.
//
// # The cache
//
// What a run found out is kept in the folder cneriumgen of the user's cache
// folder, diagnostics and all. It is used again when nothing has changed that
// it depends on: the Go files of the module, of the modules that stand in for
// others and of the vendor folder, read and compared by their bytes; which
// files there are; go.mod, go.sum and go.work; the environment and settings of
// the go command; its version, and this program. Then the go command is not
// run at all.
//
// A cache that cannot be read or written only makes runs slower. With
// -cache=verify the work is done in any case, and the command fails when what
// was kept is not what comes out. The folder may be deleted at any time; it
// does not grow beyond 64 MiB.
//
// # The directive
//
// A directive is a line of the comment directly above a function or method,
// with no space after the slashes:
//
//	//cnerium:durable METHOD PATTERN OPERATION [name=value …]
//
// METHOD is POST, PUT, PATCH or DELETE. PATTERN is a net/http pattern, such as
// /orders/{id}. OPERATION is the stable dotted name, such as orders.create,
// under which the answers to keys are kept: a route may change its pattern, but
// keeps its operation. The words are separated by blanks. Options:
//
//	status=201         status of a successful answer; default 200, or 204 for
//	                   a handler without a result
//	retention=72h      how long an answer is kept; default 24h
//	wait=5s            how long a duplicate waits for the first request;
//	                   default 5s, 0s for not at all
//	timeout=30s        how long the handler may run; default 30s, or 10s for a
//	                   transactional one
//	lease=30s          how long a reservation holds without renewal; default 30s;
//	                   not for a transactional handler
//	recover=hold       after a crash with unknown outcome: answer 409 (hold, the
//	                   default) or run the handler again (rerun)
//	max-body=1MiB      bytes of a request body; default 1MiB
//
// # Handlers
//
// A handler is a function or a method with a value or pointer receiver. Its
// first parameter is a context.Context; then come, in any order and at most
// one of each,
//
//   - *cnerium.Request,
//   - a transaction of the store: a sqlitestore.Tx or a pgstore.Tx,
//   - one input: a struct or a pointer to one,
//
// and any number of scalars that are named as a wildcard of the pattern, such
// as id string. It returns error, (T, error) or (*cnerium.Response, error).
//
// A handler with a transaction is transactional: it runs inside the transaction
// that stores its response, and what it writes there is stored with it or not
// at all. A crash leaves nothing of it behind. All others are plain: the key is
// reserved before they run, and a crash leaves an unknown outcome.
//
// Fields of the input are bound by their tags: path:"id", query:"dry_run",
// header:"X-Source"; all other fields are the JSON body. If the input has a
// method Validate() error, it is called: a *cnerium.Error answers as itself,
// and any other error answers 422.
//
//	// Create places an order.
//	//
//	//cnerium:durable POST /orders orders.create status=201
//	func (s *Service) Create(ctx context.Context, tx sqlitestore.Tx, in CreateOrder) (*Order, error)
//
// # What is generated
//
// Each cnerium_gen.go declares
//
//   - a constant for each operation: Op and the handler's name, such as
//     OpCreate,
//   - the function RegisterRoutes. Its parameters are the *cnerium.App and one
//     value for each receiver type, in the order of the source.
//
// The file need not exist, nor compile, for the command to run.
//
// # Diagnostics and exit codes
//
// What is wrong with the input goes to standard error, all of it at once, as
// go vet prints it, with a category and often with a hint:
//
//	orders/orders.go:41:24: path has {id}, but Cancel has no parameter or field for it [path-param]
//		add "id string" after ctx, or a field with the tag path:"id"
//
// A package with diagnostics keeps the file it has; the others are written.
//
// The exit code is 0 when everything is done or up to date, 1 when there are
// diagnostics, files that check found wanting, or a failure, and 2 when the
// command was called in a wrong way.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"text/tabwriter"

	"github.com/cnerium/cnerium-go/generator"
)

const usage = `usage: cneriumgen [command] [flags] [packages]

commands:
  generate  write cnerium_gen.go where it has to change (the default)
  check     name the files that generate would change; write nothing
  list      print the routes
  version   print the version
  help      print this

flags:
  -C DIR       work in DIR
  -tags T      build tags, comma-separated
  -cache MODE  on (the default), off or verify
  -v           say what became of the cache
  -diff        of check: print what would change
  -json        of list: print JSON

manual: go doc github.com/cnerium/cnerium-go/cmd/cneriumgen
`

// The exit codes.
const (
	exitOK     = 0
	exitFailed = 1
	exitUsage  = 2
)

func main() {
	if os.Getenv("GOGC") == "" {
		collectLate()
	}
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

// firstGoal is the percentage at which the first garbage collection comes when
// the heap has about 64 MB.
const firstGoal = 1600

// collectLate lets a run of a fraction of a second be over before there is
// much garbage to collect. After the first collection, all is as usual: large
// modules need that.
func collectLate() {
	usual := debug.SetGCPercent(firstGoal)
	runtime.AddCleanup(new([16]byte), func(percent int) { debug.SetGCPercent(percent) }, usual)
}

// run is the command, and returns its exit code.
func run(args []string, stdout, stderr io.Writer) int {
	var c command
	code := c.run(args)
	if _, err := stdout.Write(c.out.Bytes()); err != nil {
		code = max(code, c.fail(exitFailed, err))
	}
	if _, err := stderr.Write(c.complaints.Bytes()); err != nil {
		code = max(code, exitFailed)
	}
	return code
}

// command is a command line and what it prints.
type command struct {
	name       string
	explicit   bool // the name was given
	options    generator.Options
	cache      string // mode
	verbose    bool
	diff, json bool

	out        bytes.Buffer // for standard output
	complaints bytes.Buffer // for standard error
}

// run does what the command line says.
func (c *command) run(args []string) int {
	switch err := c.parse(args); {
	case errors.Is(err, flag.ErrHelp):
		c.out.WriteString(usage)
		return exitOK
	case err != nil:
		return c.fail(exitUsage, err)
	}
	clean, err := commands[c.name](context.Background(), c)
	switch {
	case errors.Is(err, generator.ErrNoPackage) && c.mistyped() != "":
		return c.fail(exitUsage, errors.New(c.mistyped()))
	case err != nil:
		return c.fail(exitFailed, err)
	case !clean:
		return exitFailed
	}
	return exitOK
}

// fail complains and returns the code.
func (c *command) fail(code int, err error) int {
	fmt.Fprintln(&c.complaints, "cneriumgen:", err)
	if code == exitUsage {
		c.complaints.WriteString("run cneriumgen help for usage\n")
	}
	return code
}

// commands return whether there is nothing to complain about.
var commands = map[string]func(ctx context.Context, c *command) (bool, error){
	"generate": generate,
	"check":    check,
	"list":     list,
	"version":  version,
}

// parse reads the command line: flags may stand before and after the name of
// the command.
func (c *command) parse(args []string) error {
	c.name = "generate"
	flags := flag.NewFlagSet("cneriumgen", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.StringVar(&c.options.Dir, "C", "", "")
	flags.StringVar(&c.options.Tags, "tags", "", "")
	flags.StringVar(&c.cache, "cache", "on", "")
	flags.BoolVar(&c.verbose, "v", false, "")
	flags.BoolVar(&c.diff, "diff", false, "")
	flags.BoolVar(&c.json, "json", false, "")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if name := flags.Arg(0); name == "help" || commands[name] != nil {
		c.name, c.explicit = name, true
		if err := flags.Parse(flags.Args()[1:]); err != nil {
			return err
		}
	}
	c.options.Patterns = flags.Args()
	if err := c.setCache(); err != nil {
		return err
	}
	return c.validate()
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

// validate refuses what does not belong together.
func (c *command) validate() error {
	switch {
	case c.name == "help":
		return flag.ErrHelp
	case c.diff && c.name != "check":
		return fmt.Errorf("-diff is a flag of check, not of %s", c.name)
	case c.json && c.name != "list":
		return fmt.Errorf("-json is a flag of list, not of %s", c.name)
	case c.name == "version" && len(c.options.Patterns) > 0:
		return errors.New("version takes no packages")
	}
	for _, pattern := range c.options.Patterns {
		if strings.HasPrefix(pattern, "-") {
			return fmt.Errorf("flag %s stands behind a package: flags come first", pattern)
		}
	}
	return nil
}

// mistyped explains a first word that is neither a command nor a package, and
// looks like the former. No two commands begin with the same letter.
func (c *command) mistyped() string {
	if c.explicit || len(c.options.Patterns) == 0 || strings.ContainsAny(c.options.Patterns[0], "./\\") {
		return ""
	}
	word := c.options.Patterns[0]
	for _, name := range []string{"generate", "check", "list", "version", "help"} {
		if strings.EqualFold(name[:1], word[:1]) {
			return fmt.Sprintf("%s is neither a command nor a package; did you mean %s?", word, name)
		}
	}
	return word + " is neither a command nor a package"
}

// generate writes, and prints what changed.
func generate(ctx context.Context, c *command) (bool, error) {
	report, err := generator.Generate(ctx, c.options)
	if report == nil {
		return false, err
	}
	for _, f := range report.Files {
		switch f.Status {
		case generator.Written:
			fmt.Fprintln(&c.out, "wrote", c.relative(f.Path))
		case generator.Removed:
			fmt.Fprintln(&c.out, "removed", c.relative(f.Path))
		}
	}
	c.diagnose(report.Diagnostics)
	return report.Clean(), err
}

// check prints what generate would change.
func check(ctx context.Context, c *command) (bool, error) {
	report, err := generator.Check(ctx, c.options)
	if err != nil {
		return false, err
	}
	pending := false
	for _, f := range report.Files {
		if f.Status == generator.UpToDate {
			continue
		}
		pending = true
		fmt.Fprintf(&c.out, "%s: %s\n", c.relative(f.Path), f.Status)
		if c.diff {
			c.out.Write(f.Diff(c.dir()))
		}
	}
	c.diagnose(report.Diagnostics)
	if pending {
		fmt.Fprintln(&c.complaints, "cneriumgen: run go generate, or cneriumgen with the same packages")
	}
	return report.Clean(), nil
}

// list prints the routes.
func list(ctx context.Context, c *command) (bool, error) {
	routes, diagnostics, err := generator.List(ctx, c.options)
	if err != nil {
		return false, err
	}
	c.diagnose(diagnostics)
	if c.json {
		encoder := json.NewEncoder(&c.out)
		encoder.SetIndent("", "\t")
		encoder.SetEscapeHTML(false)
		return len(diagnostics) == 0, encoder.Encode(routes)
	}
	columns := tabwriter.NewWriter(&c.out, 0, 0, 2, ' ', 0)
	for _, r := range routes {
		if _, err := fmt.Fprintf(columns, "%s\t%s\t%s\t%s\t%s\t%s\n", r.Method, r.Pattern, r.Operation, r.Handler, r.Mode, r.Position); err != nil {
			return false, err
		}
	}
	return len(diagnostics) == 0, columns.Flush()
}

// version prints the version.
func version(_ context.Context, c *command) (bool, error) {
	fmt.Fprintln(&c.out, "cneriumgen", generator.Version())
	return true, nil
}

// diagnose prints diagnostics.
func (c *command) diagnose(diagnostics []generator.Diagnostic) {
	for _, d := range diagnostics {
		fmt.Fprintln(&c.complaints, d.Format(c.dir()))
	}
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
func (c *command) relative(path string) string {
	if rel, err := filepath.Rel(c.dir(), path); err == nil && filepath.IsLocal(rel) {
		return rel
	}
	return path
}
