//go:build unix

package faultfs

import (
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"unsafe"

	"modernc.org/libc"
	sqlite3 "modernc.org/sqlite/lib"
)

var errMemory = errors.New("out of memory")

// FS is a file system for SQLite. Its methods are safe for concurrent use,
// also while databases are open on it.
type FS struct {
	name    string
	tls     *libc.TLS
	zName   uintptr
	vfs     uintptr // what SQLite calls
	methods uintptr // of its files
	wrapped uintptr // the VFS that does the work

	mu       sync.Mutex
	log      Log
	names    map[string]int // which file a path stands for
	files    int            // how many there have been
	lies     []string
	fault    Fault
	readOnly bool
	counts   map[Kind]int
}

// New makes a file system that SQLite knows by its Name until Close. It works
// on the files of the operating system, but does not sync them: the log says
// what was synced, and the machine of a test goes on.
func New() (*FS, error) {
	fs := &FS{
		name:   "faultfs-" + rand.Text(),
		tls:    libc.NewTLS(),
		names:  make(map[string]int),
		counts: make(map[Kind]int),
	}
	err := fs.allocate()
	if err == nil {
		err = fs.register()
	}
	if err != nil {
		fs.free()
		return nil, fmt.Errorf("faultfs: new: %w", err)
	}
	return fs, nil
}

func (fs *FS) allocate() error {
	var err error
	if fs.zName, err = libc.CString(fs.name); err != nil {
		return err
	}
	fs.methods = libc.Xcalloc(fs.tls, 1, libc.Tsize_t(unsafe.Sizeof(sqlite3.Tsqlite3_io_methods{})))
	fs.vfs = libc.Xcalloc(fs.tls, 1, libc.Tsize_t(unsafe.Sizeof(sqlite3.Tsqlite3_vfs{})))
	if fs.methods == 0 || fs.vfs == 0 {
		return errMemory
	}
	return nil
}

func (fs *FS) free() {
	for _, p := range []uintptr{fs.zName, fs.methods, fs.vfs} {
		libc.Xfree(fs.tls, p)
	}
	fs.tls.Close()
}

// registering guards the file system that is wrapped, in which SQLite keeps the
// next of its list.
var registering sync.Mutex

func (fs *FS) register() error {
	registering.Lock()
	defer registering.Unlock()
	if fs.wrapped = sqlite3.Xsqlite3_vfs_find(fs.tls, 0); fs.wrapped == 0 {
		return errors.New("there is no file system to wrap")
	}
	*at[sqlite3.Tsqlite3_io_methods](fs.methods) = fileMethods()
	vfs := at[sqlite3.Tsqlite3_vfs](fs.vfs)
	// The methods of the file system for unix that are kept do not look at
	// whose they are.
	*vfs = *at[sqlite3.Tsqlite3_vfs](fs.wrapped)
	vfs.FpNext = 0
	vfs.FszOsFile += int32(headerSize)
	vfs.FzName = fs.zName
	vfs.FpAppData = newHandle(fs)
	vfs.FxOpen = number(openFile)
	vfs.FxDelete = number(deleteFile)
	if code := sqlite3.Xsqlite3_vfs_register(fs.tls, fs.vfs, 0); code != sqlite3.SQLITE_OK {
		dropHandle(vfs.FpAppData)
		return fmt.Errorf("result code %d", code)
	}
	return nil
}

// Name is the value of the parameter vfs in the URI of a database that is to
// be opened on the file system.
func (fs *FS) Name() string { return fs.name }

// Close makes SQLite forget the file system. All databases on it must have
// been closed. The log stays readable.
func (fs *FS) Close() error {
	registering.Lock()
	code := sqlite3.Xsqlite3_vfs_unregister(fs.tls, fs.vfs)
	registering.Unlock()
	if code != sqlite3.SQLITE_OK {
		return fmt.Errorf("faultfs: close: result code %d", code)
	}
	dropHandle(at[sqlite3.Tsqlite3_vfs](fs.vfs).FpAppData)
	fs.free()
	return nil
}

// Lie lets the file system claim from now on that a file is synced when it is
// not, for all files whose names end so.
func (fs *FS) Lie(suffixes ...string) {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	fs.lies = suffixes
}

// lie reports whether syncs of the path are not to be believed. The caller
// holds fs.mu.
func (fs *FS) lie(path string) bool {
	return slices.ContainsFunc(fs.lies, func(suffix string) bool { return strings.HasSuffix(path, suffix) })
}

// Position returns the length of the log. What is acknowledged at a position
// rests on nothing that comes later in the log.
func (fs *FS) Position() int {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	return len(fs.log)
}

// Log returns what has happened so far.
func (fs *FS) Log() Log {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	return slices.Clip(fs.log)
}
