//go:build unix

package faultfs

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"

	"modernc.org/libc"
	sqlite3 "modernc.org/sqlite/lib"
)

// file is an open file.
type file struct {
	fs         *FS
	id         int // as in the log
	path       string
	syncFolder bool // with the next sync
}

const (
	journals = sqlite3.SQLITE_OPEN_MAIN_JOURNAL | sqlite3.SQLITE_OPEN_SUPER_JOURNAL | sqlite3.SQLITE_OPEN_WAL
	recorded = journals | sqlite3.SQLITE_OPEN_MAIN_DB
)

// openFile opens a file. Of temporary ones nothing is recorded: no power cut
// leaves anything of them.
func openFile(tls *libc.TLS, pVfs, zPath, pFile uintptr, flags int32, pOutFlags uintptr) int32 {
	at[fileHeader](pFile).methods = 0
	fs := fsOf(pVfs)
	if zPath == 0 || flags&recorded == 0 {
		return fs.openWrapped(tls, zPath, pFile, flags, pOutFlags, &file{})
	}
	path := libc.GoString(zPath)
	fs.mu.Lock()
	defer fs.mu.Unlock()
	if code := fs.failure(Open); code != 0 {
		return code
	}
	fs.adopt(path)
	existed := exists(path)
	f := &file{
		fs:         fs,
		path:       path,
		syncFolder: flags&journals != 0 && flags&sqlite3.SQLITE_OPEN_CREATE != 0,
	}
	if fs.readOnly && flags&sqlite3.SQLITE_OPEN_MAIN_DB != 0 {
		flags = flags&^(sqlite3.SQLITE_OPEN_READWRITE|sqlite3.SQLITE_OPEN_CREATE) | sqlite3.SQLITE_OPEN_READONLY
	}
	code := fs.openWrapped(tls, zPath, pFile, flags, pOutFlags, f)
	if code == sqlite3.SQLITE_OK {
		if !existed {
			fs.create(path)
		}
		f.id = fs.names[path]
	}
	return code
}

func (fs *FS) openWrapped(tls *libc.TLS, zPath, pFile uintptr, flags int32, pOutFlags uintptr, f *file) int32 {
	open := function[func(*libc.TLS, uintptr, uintptr, uintptr, int32, uintptr) int32](
		at[sqlite3.Tsqlite3_vfs](fs.wrapped).FxOpen)
	code := open(tls, fs.wrapped, zPath, pFile+headerSize, flags, pOutFlags)
	if code == sqlite3.SQLITE_OK {
		*at[fileHeader](pFile) = fileHeader{methods: fs.methods, handle: newHandle(f)}
	}
	return code
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return !errors.Is(err, fs.ErrNotExist)
}

// create notes that there is a new file. The caller holds fs.mu.
func (fs *FS) create(path string) {
	fs.files++
	fs.names[path] = fs.files
	fs.log = append(fs.log, Op{Kind: Create, Name: filepath.Base(path), File: fs.files})
}

// adopt notes a file that was there before the file system: it is synced. The
// caller holds fs.mu.
func (fs *FS) adopt(path string) {
	if _, known := fs.names[path]; known {
		return
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return
	}
	fs.create(path)
	fs.log = append(fs.log,
		Op{Kind: Write, File: fs.files, Data: data},
		Op{Kind: Sync, File: fs.files, Begun: len(fs.log) + 1},
		Op{Kind: SyncFolder, Begun: len(fs.log) + 1})
}

func deleteFile(tls *libc.TLS, pVfs, zPath uintptr, syncFolder int32) int32 {
	fs := fsOf(pVfs)
	path := libc.GoString(zPath)
	fs.mu.Lock()
	defer fs.mu.Unlock()
	if code := fs.failure(Delete); code != 0 {
		return code
	}
	fs.adopt(path)
	remove := function[func(*libc.TLS, uintptr, uintptr, int32) int32](at[sqlite3.Tsqlite3_vfs](fs.wrapped).FxDelete)
	code := remove(tls, fs.wrapped, zPath, 0)
	if code != sqlite3.SQLITE_OK {
		return code
	}
	fs.log = append(fs.log, Op{Kind: Delete, Name: filepath.Base(path), File: fs.names[path]})
	delete(fs.names, path)
	if syncFolder != 0 {
		fs.log = append(fs.log, Op{Kind: SyncFolder, Begun: len(fs.log)})
	}
	return code
}

func closeFile(tls *libc.TLS, pFile uintptr) int32 {
	wrapped, methods := below(pFile)
	dropHandle(at[fileHeader](pFile).handle)
	return function[func(*libc.TLS, uintptr) int32](methods.FxClose)(tls, wrapped)
}

func readFile(tls *libc.TLS, pFile, buffer uintptr, length int32, offset int64) int32 {
	f := fileOf(pFile)
	if f.id != 0 {
		f.fs.mu.Lock()
		code := f.fs.failure(Read)
		f.fs.mu.Unlock()
		if code != 0 {
			return code
		}
	}
	wrapped, methods := below(pFile)
	return function[func(*libc.TLS, uintptr, uintptr, int32, int64) int32](methods.FxRead)(
		tls, wrapped, buffer, length, offset)
}

func writeFile(tls *libc.TLS, pFile, buffer uintptr, length int32, offset int64) int32 {
	f := fileOf(pFile)
	wrapped, methods := below(pFile)
	write := function[func(*libc.TLS, uintptr, uintptr, int32, int64) int32](methods.FxWrite)
	if f.id == 0 {
		return write(tls, wrapped, buffer, length, offset)
	}
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	failure := f.fs.failure(Write)
	switch {
	case failure != 0 && !f.fs.fault.Partial:
		return failure
	case failure != 0:
		length /= 2
	}
	if code := write(tls, wrapped, buffer, length, offset); code != sqlite3.SQLITE_OK {
		return code
	}
	data := bytes.Clone(bytesAt(buffer, int(length)))
	f.fs.log = append(f.fs.log, Op{Kind: Write, File: f.id, Offset: offset, Data: data})
	return failure
}

func truncateFile(tls *libc.TLS, pFile uintptr, size int64) int32 {
	f := fileOf(pFile)
	wrapped, methods := below(pFile)
	truncate := function[func(*libc.TLS, uintptr, int64) int32](methods.FxTruncate)
	if f.id == 0 {
		return truncate(tls, wrapped, size)
	}
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	if code := f.fs.failure(Truncate); code != 0 {
		return code
	}
	code := truncate(tls, wrapped, size)
	if code == sqlite3.SQLITE_OK {
		f.fs.log = append(f.fs.log, Op{Kind: Truncate, File: f.id, Size: size})
	}
	return code
}

// syncFile only notes the sync. It gives others room between its beginning
// and its end, as a disk would.
func syncFile(_ *libc.TLS, pFile uintptr, _ int32) int32 {
	f := fileOf(pFile)
	if f.id == 0 {
		return sqlite3.SQLITE_OK
	}
	begun := f.fs.Position()
	runtime.Gosched()
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	code := f.fs.failure(Sync)
	if f.fs.lie(f.path) && code == 0 {
		return code
	}
	f.fs.log = append(f.fs.log, Op{Kind: Sync, File: f.id, Begun: begun, Failed: code != 0})
	if f.syncFolder && code == 0 {
		f.fs.log = append(f.fs.log, Op{Kind: SyncFolder, Begun: begun})
		f.syncFolder = false
	}
	return code
}
