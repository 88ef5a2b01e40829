package generator

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
)

// The categories of changes between a lock and the routes of now.
const (
	CategoryRouteRemoved       = "route-removed"       // an operation is gone
	CategoryRouteMoved         = "route-moved"         // an operation has another method or pattern
	CategoryOperationRenamed   = "operation-renamed"   // a route has another operation
	CategoryInputNarrowed      = "input-narrowed"      // what clients send is refused, or no longer read
	CategoryResultChanged      = "result-changed"      // what clients get does not fit their types
	CategoryStatusChanged      = "status-changed"      // the status of a success
	CategoryRetentionShortened = "retention-shortened" // answers are kept for less time
	CategoryRecoverChanged     = "recover-changed"     // another outcome after a crash
	CategoryCompatibleChange   = "compatible-change"   // breaks nothing
)

// Change is one difference between the routes of a lock and those of now.
type Change struct {
	Diagnostic      // its position is that of the route of now, or, of one that is gone, that in the lock
	Compatible bool // it breaks nothing
}

// Lock is what routes promised at some time.
type Lock struct {
	Name   string // how messages call it
	Routes []Listed

	positions []token.Position // of Routes
}

// ReadLock reads what list -json printed. What it does not tell, because it was
// written by an older version, is not compared. The positions of its routes
// are those of their objects in the file.
func ReadLock(path string) (*Lock, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read lock: %w", err)
	}
	absolute, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("read lock: %w", err)
	}
	l := &Lock{Name: path}
	decoder := json.NewDecoder(bytes.NewReader(content))
	if start, err := decoder.Token(); err != nil || start != json.Delim('[') {
		return nil, fmt.Errorf("read lock %s: it is not an array of routes, as list -json prints it", path)
	}
	for decoder.More() {
		at := int(decoder.InputOffset())
		at += max(bytes.IndexByte(content[at:], '{'), 0)
		var route Listed
		if err := decoder.Decode(&route); err != nil {
			return nil, fmt.Errorf("read lock %s: %w", path, err)
		}
		l.Routes = append(l.Routes, route)
		l.positions = append(l.positions, token.Position{
			Filename: absolute,
			Line:     1 + bytes.Count(content[:at], []byte("\n")),
			Column:   at - bytes.LastIndexByte(content[:at], '\n'),
		})
	}
	if _, err := decoder.Token(); err != nil { // the end of the array
		return nil, fmt.Errorf("read lock %s: %w", path, err)
	}
	if rest := bytes.TrimSpace(content[decoder.InputOffset():]); len(rest) > 0 {
		return nil, fmt.Errorf("read lock %s: there is more behind the array of routes", path)
	}
	return l, nil
}

// NewLock returns the lock of routes that List told with [Options.Shapes],
// with positions relative to dir.
func NewLock(name, dir string, routes []Listed) *Lock {
	l := &Lock{Name: name, Routes: routes}
	for _, r := range routes {
		l.positions = append(l.positions, parsePosition(dir, r.Position))
	}
	return l
}

var positionForm = regexp.MustCompile(`^(.*?)(?::(\d+))?(?::(\d+))?$`)

// parsePosition reads the text form of a position.
func parsePosition(dir, text string) token.Position {
	parts := positionForm.FindStringSubmatch(text)
	pos := token.Position{Filename: filepath.FromSlash(parts[1])}
	if !filepath.IsAbs(pos.Filename) {
		pos.Filename = filepath.Join(dir, pos.Filename)
	}
	pos.Line, _ = strconv.Atoi(parts[2]) // 0 where there is none
	pos.Column, _ = strconv.Atoi(parts[3])
	return pos
}

// Breaking compares the routes of two locks, and returns what differs, in the
// order of positions: what breaks clients, or makes the server forget the keys
// it has stored, and what does neither. Both have to be of the same packages:
// a route that only the first has is gone.
func Breaking(before, after *Lock) []Change {
	c := &comparison{before: before, after: after}
	taken := make(map[int]bool)
	var gone []int
	for i, old := range before.Routes {
		j := slices.IndexFunc(after.Routes, func(r Listed) bool { return r.Operation == old.Operation })
		if j < 0 {
			gone = append(gone, i)
			continue
		}
		taken[j] = true
		c.route(i, j)
	}
	for _, i := range gone {
		if j := c.renamed(i, taken); j >= 0 {
			taken[j] = true
			c.rename(i, j)
			c.route(i, j)
		} else {
			c.remove(i)
		}
	}
	for j, r := range after.Routes {
		if !taken[j] {
			c.at = after.positions[j]
			c.note("%s is new: %s %s", r.Operation, r.Method, r.Pattern)
		}
	}
	slices.SortStableFunc(c.changes, func(a, b Change) int {
		return cmp.Or(cmp.Compare(a.Pos.Filename, b.Pos.Filename), cmp.Compare(a.Pos.Line, b.Pos.Line))
	})
	return c.changes
}
