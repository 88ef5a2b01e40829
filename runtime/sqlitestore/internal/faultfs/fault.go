//go:build unix

package faultfs

import "slices"

// Fault lets calls of the given kinds fail.
type Fault struct {
	Kinds []Kind

	// Nth is the first call that fails, 1 for the next one after Fail. Calls
	// of all the Kinds count together. Zero is no fault.
	Nth int

	// Forever lets all the later ones fail, too.
	Forever bool

	// Partial lets a write that fails write its first half.
	Partial bool

	// Code is SQLite's result code. Zero is the one for an input or output
	// error of the kind.
	Code int32
}

// The result codes that a test may want, besides those of SQLITE_IOERR.
const (
	CodeReadOnly = 8
	CodeFull     = 13
)

// Fail makes calls fail as the fault says, instead of an earlier fault, and
// counts from here. The zero Fault ends all trouble.
func (fs *FS) Fail(fault Fault) {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	fs.fault = fault
	clear(fs.counts)
}

// OpenReadOnly lets databases be opened for reading only from now on, or no
// longer, as when the user may not write the file.
func (fs *FS) OpenReadOnly(readOnly bool) {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	fs.readOnly = readOnly
}

// Count returns how many calls of the kinds there were since the last Fail,
// those that failed among them.
func (fs *FS) Count(of ...Kind) int {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	return fs.count(of)
}

func (fs *FS) count(of []Kind) int {
	sum := 0
	for _, kind := range of {
		sum += fs.counts[kind]
	}
	return sum
}

// failure counts a call and returns the result code with which it is to fail,
// 0 if it is not. The caller holds fs.mu.
func (fs *FS) failure(kind Kind) int32 {
	fs.counts[kind]++
	f := &fs.fault
	if f.Nth == 0 || !slices.Contains(f.Kinds, kind) {
		return 0
	}
	n := fs.count(f.Kinds)
	if n < f.Nth || n > f.Nth && !f.Forever {
		return 0
	}
	if f.Code != 0 {
		return f.Code
	}
	return kind.ioError()
}
