package generator

import (
	"context"
	"errors"
	"fmt"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// Session generates again and again while files change, faster than Generate
// does: what the go command has said of the packages is asked again only when it
// can be something else. It neither reads nor writes the cache, which is for
// runs with more in common. A Session is not safe for concurrent use.
type Session struct {
	opts   Options
	listed *listing // what the go command has said; nil when it has to be asked
	inputs inputs   // what that depends on
	sum    string   // of them
}

// NewSession returns a session for the packages that the options name.
func NewSession(opts Options) *Session { return &Session{opts: opts} }

// Generate is as the function [Generate].
func (s *Session) Generate(ctx context.Context) (*Report, error) {
	if _, err := s.opts.target(); err != nil {
		return nil, err
	}
	d := newDisk()
	found, err := s.work(ctx, d)
	if err != nil {
		return nil, err
	}
	files, more, err := plan(found)
	if err != nil {
		return nil, err
	}
	report := &Report{Diagnostics: sortDiagnostics(append(found.Diagnostics, more...)), Files: files}
	return report, write(report.Files)
}

// work calls the stages before plan.
func (s *Session) work(ctx context.Context, d *disk) (*result, error) {
	if s.listed != nil {
		if sum, err := s.inputs.listingSum(d, time.Time{}); err == nil && sum == s.sum {
			s.opts.notef("the go command was not asked")
			return s.analyse(d, s.listed)
		}
	}
	s.listed = nil
	begin := time.Now()
	collected, unkept := newInputs(s.opts, d)
	stop := prefetch(d, s.opts)
	listed, err := list(ctx, s.opts)
	stop()
	if err != nil {
		return nil, err
	}
	found, err := s.analyse(d, listed)
	if err != nil {
		return nil, err
	}
	if unkept == nil {
		unkept = s.keep(d, listed, found, collected, begin)
	}
	if unkept != nil {
		s.opts.notef("the go command will be asked again: %v", unkept)
	}
	return found, nil
}

// analyse calls the stages between list and plan.
func (s *Session) analyse(d *disk, listed *listing) (*result, error) {
	r := newRun(s.opts, d, listed)
	if err := r.analyse(listed); err != nil {
		return nil, err
	}
	code, err := r.finish()
	if err != nil {
		return nil, err
	}
	return r.result(code), nil
}

// keep remembers what the go command has said, unless something may have
// changed since it was asked.
func (s *Session) keep(d *disk, listed *listing, found *result, collected *inputCollector, begin time.Time) error {
	var err error
	if s.inputs, err = collected.inputs(s.opts, found, listed); err != nil {
		return err
	}
	if s.sum, err = s.inputs.listingSum(d, begin); err != nil {
		return err
	}
	s.listed = listed
	return nil
}

// listingSum is as sum, but of what the go command looks at only: of Go files
// their names, build constraints, package clauses and imports.
func (in *inputs) listingSum(d *disk, begin time.Time) (string, error) {
	return in.sumOf(d, begin, (*inputSum).folderHeaders)
}

// folderHeaders returns lines about a folder: the headers of its Go files, and
// whether a module begins in it.
func (s *inputSum) folderHeaders(dir string) (string, error) {
	entries, err := s.disk.readDir(dir)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
		return dir + " is not there\n", s.absent(dir)
	}
	if err != nil {
		return "", err
	}
	if err := s.settled(dir); err != nil {
		return "", err
	}
	var text strings.Builder
	text.WriteString(dir + "\n")
	for _, entry := range entries {
		path := filepath.Join(dir, entry.Name())
		switch {
		case entry.Name() == "go.mod":
			text.WriteString("go.mod\n")
		case !strings.HasSuffix(path, ".go"), isTest(entry.Name()), s.isHarmless(dir, path):
		case entry.IsDir():
			text.WriteString(path + " is a folder\n")
		default:
			content, err := s.disk.readFile(path)
			if err != nil {
				return "", err
			}
			if err := s.settled(path); err != nil {
				return "", err
			}
			fmt.Fprintf(&text, "%s %s\n", path, sumOf(headerOf(content)))
		}
	}
	return text.String(), nil
}

// headerOf returns a Go file up to its last import: what stands behind is
// nothing to the go command. Of one that does not parse it returns all.
func headerOf(content []byte) []byte {
	set := token.NewFileSet()
	tree, err := parser.ParseFile(set, "", content, parser.ImportsOnly)
	if err != nil {
		return content
	}
	end := tree.Name.End()
	for _, decl := range tree.Decls {
		end = decl.End()
	}
	return content[:set.PositionFor(end, false).Offset]
}
