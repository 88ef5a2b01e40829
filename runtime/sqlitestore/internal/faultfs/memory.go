//go:build unix

package faultfs

import (
	"sync"
	"unsafe"

	sqlite3 "modernc.org/sqlite/lib"
)

// The translated SQLite keeps addresses as numbers, of memory that Go's
// collector does not know, and calls through numbers that stand for Go
// functions. This file is where the two worlds meet.

// at returns what is at an address outside of Go's memory.
func at[T any](address uintptr) *T { return *(**T)(unsafe.Pointer(&address)) }

// bytesAt returns the memory itself, not a copy.
func bytesAt(address uintptr, length int) []byte {
	return unsafe.Slice(at[byte](address), length)
}

// number returns a function of the package as SQLite calls it. It must not be
// a closure: nothing would keep that alive.
func number[F any](function F) uintptr { return *(*uintptr)(unsafe.Pointer(&function)) }

// function is the inverse of number.
func function[F any](number uintptr) F { return *(*F)(unsafe.Pointer(&number)) }

// handles are Go values that SQLite's memory refers to.
var handles struct {
	sync.RWMutex
	last   uintptr
	values map[uintptr]any
}

func newHandle(value any) uintptr {
	handles.Lock()
	defer handles.Unlock()
	if handles.values == nil {
		handles.values = make(map[uintptr]any)
	}
	handles.last++
	handles.values[handles.last] = value
	return handles.last
}

func dropHandle(handle uintptr) {
	handles.Lock()
	defer handles.Unlock()
	delete(handles.values, handle)
}

func valueOf[T any](handle uintptr) T {
	handles.RLock()
	defer handles.RUnlock()
	return handles.values[handle].(T)
}

// fileHeader is the beginning of what SQLite sees of an open file. The file of
// the wrapped file system follows it.
type fileHeader struct {
	methods uintptr
	handle  uintptr // of a *file
}

const headerSize = unsafe.Sizeof(fileHeader{})

// below returns the wrapped file and its methods.
func below(pFile uintptr) (uintptr, *sqlite3.Tsqlite3_io_methods) {
	wrapped := pFile + headerSize
	return wrapped, at[sqlite3.Tsqlite3_io_methods](at[fileHeader](wrapped).methods)
}

// fileOf returns what belongs to an open file.
func fileOf(pFile uintptr) *file { return valueOf[*file](at[fileHeader](pFile).handle) }

// fsOf returns the file system that a VFS stands for.
func fsOf(pVfs uintptr) *FS { return valueOf[*FS](at[sqlite3.Tsqlite3_vfs](pVfs).FpAppData) }
