// Package vet has analyzers for packages with durable handlers. They report
// what the generator has to say about a package, output that is out of date,
// and mistakes in the bodies of handlers that only this project can know:
// effects outside of what the runtime keeps together and carries out once.
//
// The command cneriumgen runs them as a tool of go vet:
//
//	go vet -vettool=$(go tool -n cneriumgen) ./...
//
// [Analyzers] is also for multicheckers, and for whatever else takes a list of
// analyzers.
//
// A durable handler is a function with a //cnerium:durable directive. The
// analyzers look into its body, into the closures in it, and into the functions
// of its package that it calls by their names. They do not look through
// interfaces, function values and other packages: what they say is true nearly
// always, and what they do not find may still be there.
//
// # Exceptions
//
// A line that is right nevertheless says so, with a reason:
//
//	//cnerium:ignore forward the provider finds repetitions by the order's number
//	resp, err := s.client.Do(out)
//
// The directive stands at the end of the line that is reported, or directly
// above it. Its first word is the category, and the reason must not be missing.
// An exception that nothing needs any more is reported, too.
package vet

import (
	"fmt"
	"go/token"

	"golang.org/x/tools/go/analysis"
)

// The paths of the packages that the analyzers know.
const (
	runtimePath = "github.com/cnerium/cnerium-go/runtime"
	sqlitePath  = runtimePath + "/sqlitestore"
	pgPath      = runtimePath + "/pgstore"
)

// The categories of what the analyzers find in the bodies of handlers. Each is
// also the name of its analyzer.
const (
	CategoryForward   = "forward"   // an outbound request without the key
	CategoryGoroutine = "goroutine" // a goroutine that outlives its handler
	CategoryHandle    = "handle"    // a second way to the database, beside the transaction
	CategoryEvents    = "events"    // an event that does not go through Emit
)

// The categories of what the analyzer durable finds besides the diagnostics of
// the generator.
const (
	CategoryStale  = "stale"  // the output is missing, left over or out of date
	CategoryIgnore = "ignore" // a //cnerium:ignore that is malformed
)

// Analyzers are all analyzers, in the order in which they are listed. They keep
// no state between packages and are safe for concurrent use. The slice must not
// be changed.
var Analyzers = []*analysis.Analyzer{Durable, Forward, Goroutine, Handle, Events}

// finding is what is wrong at one place.
type finding struct {
	pos, end token.Pos
	message  string // one line, lower case
	hint     string // how to mend it, one line
	fixes    []analysis.SuggestedFix
}

// reporter reports the findings of one analyzer, each place once, and none
// that an exception covers.
type reporter struct {
	pass     *analysis.Pass
	category string
	ignored  *exceptions
	reported map[token.Pos]bool
}

func newReporter(pass *analysis.Pass, category string) *reporter {
	return &reporter{
		pass:     pass,
		category: category,
		ignored:  exceptionsOf(pass, category),
		reported: make(map[token.Pos]bool),
	}
}

// report reports a finding, in the words and form of the generator's own.
func (r *reporter) report(f finding) {
	if r.reported[f.pos] {
		return
	}
	r.reported[f.pos] = true
	if !r.ignored.cover(f.pos) {
		r.emit(f)
	}
}

// emit reports a finding in any case.
func (r *reporter) emit(f finding) {
	r.pass.Report(analysis.Diagnostic{
		Pos:            f.pos,
		End:            f.end,
		Category:       r.category,
		Message:        format(f.message, r.category, f.hint),
		SuggestedFixes: f.fixes,
	})
}

// format is the text of a finding, as generator.Diagnostic has it.
func format(message, category, hint string) string {
	text := fmt.Sprintf("%s [%s]", message, category)
	if hint != "" {
		text += "\n\t" + hint
	}
	return text
}
