//go:build unix

package faultfs

import (
	"modernc.org/libc"
	sqlite3 "modernc.org/sqlite/lib"
)

// fileMethods returns the methods of open files. Without those for mapping a
// file into memory (version 3), every write is a call.
func fileMethods() sqlite3.Tsqlite3_io_methods {
	return sqlite3.Tsqlite3_io_methods{
		FiVersion:               2,
		FxClose:                 number(closeFile),
		FxRead:                  number(readFile),
		FxWrite:                 number(writeFile),
		FxTruncate:              number(truncateFile),
		FxSync:                  number(syncFile),
		FxFileSize:              number(fileSize),
		FxLock:                  number(lock),
		FxUnlock:                number(unlock),
		FxCheckReservedLock:     number(checkReservedLock),
		FxFileControl:           number(fileControl),
		FxSectorSize:            number(sectorSize),
		FxDeviceCharacteristics: number(deviceCharacteristics),
		FxShmMap:                number(shmMap),
		FxShmLock:               number(shmLock),
		FxShmBarrier:            number(shmBarrier),
		FxShmUnmap:              number(shmUnmap),
	}
}

// What follows is the wrapped file's business alone.

func fileSize(tls *libc.TLS, pFile, pSize uintptr) int32 {
	wrapped, methods := below(pFile)
	return function[func(*libc.TLS, uintptr, uintptr) int32](methods.FxFileSize)(tls, wrapped, pSize)
}

func lock(tls *libc.TLS, pFile uintptr, level int32) int32 {
	wrapped, methods := below(pFile)
	return function[func(*libc.TLS, uintptr, int32) int32](methods.FxLock)(tls, wrapped, level)
}

func unlock(tls *libc.TLS, pFile uintptr, level int32) int32 {
	wrapped, methods := below(pFile)
	return function[func(*libc.TLS, uintptr, int32) int32](methods.FxUnlock)(tls, wrapped, level)
}

func checkReservedLock(tls *libc.TLS, pFile, pResult uintptr) int32 {
	wrapped, methods := below(pFile)
	return function[func(*libc.TLS, uintptr, uintptr) int32](methods.FxCheckReservedLock)(tls, wrapped, pResult)
}

func fileControl(tls *libc.TLS, pFile uintptr, op int32, pArg uintptr) int32 {
	wrapped, methods := below(pFile)
	return function[func(*libc.TLS, uintptr, int32, uintptr) int32](methods.FxFileControl)(tls, wrapped, op, pArg)
}

func sectorSize(tls *libc.TLS, pFile uintptr) int32 {
	wrapped, methods := below(pFile)
	return function[func(*libc.TLS, uintptr) int32](methods.FxSectorSize)(tls, wrapped)
}

// deviceCharacteristics leaves out atomic batches, which some file systems
// have: they would write without Write.
func deviceCharacteristics(tls *libc.TLS, pFile uintptr) int32 {
	wrapped, methods := below(pFile)
	has := function[func(*libc.TLS, uintptr) int32](methods.FxDeviceCharacteristics)(tls, wrapped)
	return has &^ sqlite3.SQLITE_IOCAP_BATCH_ATOMIC
}

func shmMap(tls *libc.TLS, pFile uintptr, region, size, extend int32, pp uintptr) int32 {
	wrapped, methods := below(pFile)
	return function[func(*libc.TLS, uintptr, int32, int32, int32, uintptr) int32](methods.FxShmMap)(
		tls, wrapped, region, size, extend, pp)
}

func shmLock(tls *libc.TLS, pFile uintptr, offset, n, flags int32) int32 {
	wrapped, methods := below(pFile)
	return function[func(*libc.TLS, uintptr, int32, int32, int32) int32](methods.FxShmLock)(
		tls, wrapped, offset, n, flags)
}

func shmBarrier(tls *libc.TLS, pFile uintptr) {
	wrapped, methods := below(pFile)
	function[func(*libc.TLS, uintptr)](methods.FxShmBarrier)(tls, wrapped)
}

func shmUnmap(tls *libc.TLS, pFile uintptr, deleteFlag int32) int32 {
	wrapped, methods := below(pFile)
	return function[func(*libc.TLS, uintptr, int32) int32](methods.FxShmUnmap)(tls, wrapped, deleteFlag)
}
