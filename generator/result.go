package generator

import (
	"crypto/sha256"
	"encoding/hex"
)

// result is what a run found out before it looked at the outputs that lie on
// the disk. The cache keeps it.
type result struct {
	Folders     []folderResult // in the order of the go command
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

// result puts together what a run found out.
func (r *run) result(opts Options, d *disk, outputs map[string][]byte) *result {
	found := &result{Folders: make([]folderResult, len(r.folders)), Diagnostics: r.diagnostics, disk: d}
	names := make(map[string]string, len(r.packages))
	for _, known := range r.packages {
		names[known.Dir] = known.Name
	}
	each(len(r.folders), func(i int) {
		f := r.folders[i]
		part := folderResult{Path: f.path, Dir: f.dir, Failed: r.failed[f.dir], LeftOut: f.leftOut, code: outputs[f.dir]}
		if part.code != nil {
			part.Name, part.Sum = names[f.dir], sumOf(part.code)
		}
		found.Folders[i] = part
	})
	found.pack = func() (*pack, error) {
		p := &pack{Codes: make(map[string][]byte, len(outputs)), Routes: listRoutes(opts, r.sound())}
		for _, f := range found.Folders {
			if f.code != nil {
				p.Codes[f.Sum] = f.code
			}
		}
		return p, nil
	}
	return found
}

// loadCode gives each folder its code: that which lies on the disk, where it
// is the right one, else that of the pack.
func (r *result) loadCode() error {
	for i := range r.Folders {
		f := &r.Folders[i]
		if f.Sum == "" || f.code != nil {
			continue
		}
		if old, sum := r.disk.output(f.Dir); sum == f.Sum {
			f.code = old
			continue
		}
		p, err := r.pack()
		if err != nil {
			return err
		}
		f.code = p.Codes[f.Sum]
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
