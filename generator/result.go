package generator

import (
	"crypto/sha256"
	"encoding/hex"
	"path/filepath"
)

// result is what a run found out before it looked at the outputs that lie on
// the disk. The cache keeps it.
type result struct {
	Folders     []folderResult // in the order of the go command
	Targets     []targetResult `json:",omitempty"` // in the order of paths
	Diagnostics []Diagnostic

	disk *disk
	pack func() (*pack, error)
}

// folderResult is what a run found out about a package.
type folderResult struct {
	Path    string `json:",omitempty"` // import path
	Name    string `json:",omitempty"` // of the package, if it has code
	Dir     string
	Failed  bool   `json:",omitempty"` // it has diagnostics
	LeftOut string `json:",omitempty"` // as that of a folder
	Sum     string `json:",omitempty"` // of the code; "" for none

	code []byte
}

// targetResult is a file of a document or client.
type targetResult struct {
	Path string
	Name string `json:",omitempty"` // whose it is
	Sum  string `json:",omitempty"` // of its content; "" when nothing has to lie there

	Common bool `json:",omitempty"` // as that of what is made

	content []byte
}

// result puts together what a run found out.
func (r *run) result(c *code) *result {
	found := &result{Folders: make([]folderResult, len(r.folders)), Diagnostics: r.diagnostics, disk: r.disk}
	names := make(map[string]string, len(r.packages))
	for _, known := range r.packages {
		names[known.Dir] = known.Name
	}
	each(len(r.folders), func(i int) {
		f := r.folders[i]
		part := folderResult{Path: f.path, Dir: f.dir, Failed: r.failed[f.dir], LeftOut: f.leftOut, code: c.packages[f.dir]}
		if part.code != nil {
			part.Name, part.Sum = names[f.dir], sumOf(part.code)
		}
		found.Folders[i] = part
	})
	for _, m := range c.targets {
		part := targetResult{Path: m.path, Common: m.common, content: m.content}
		if m.content != nil {
			part.Name, part.Sum = m.target.name(), sumOf(m.content)
		}
		found.Targets = append(found.Targets, part)
	}
	found.pack = func() (*pack, error) {
		p := &pack{Codes: make(map[string][]byte, len(c.packages)+len(c.targets)), Routes: listRoutes(r.opts, r.sound())}
		for _, s := range found.slots() {
			p.Codes[s.sum] = *s.code
		}
		return p, nil
	}
	return found
}

// slot is a place for the bytes that have to lie at a path.
type slot struct {
	path, sum string
	code      *[]byte // nil as long as they are not loaded
}

// slots returns those of everything that has to lie somewhere.
func (r *result) slots() []slot {
	slots := make([]slot, 0, len(r.Folders)+len(r.Targets))
	for i := range r.Folders {
		if f := &r.Folders[i]; f.Sum != "" {
			slots = append(slots, slot{filepath.Join(f.Dir, OutputName), f.Sum, &f.code})
		}
	}
	for i := range r.Targets {
		if t := &r.Targets[i]; t.Sum != "" {
			slots = append(slots, slot{t.Path, t.Sum, &t.content})
		}
	}
	return slots
}

// loadCode fills the slots: with what lies on the disk, where it is the right
// one, else with that of the pack.
func (r *result) loadCode() error {
	for _, s := range r.slots() {
		if *s.code != nil {
			continue
		}
		if old, sum := r.disk.output(s.path); sum == s.sum {
			*s.code = old
			continue
		}
		p, err := r.pack()
		if err != nil {
			return err
		}
		*s.code = p.Codes[s.sum]
	}
	return nil
}

// routes returns the routes of the packages without diagnostics.
func (r *result) routes() ([]Listed, error) {
	p, err := r.pack()
	if err != nil {
		return nil, err
	}
	return p.Routes, nil
}

// sumOf is the sum by which bytes are known.
func sumOf(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}
