package faultfs

import "fmt"

// Kind says what SQLite asked for.
type Kind int

// The kinds of calls. Reads are counted and can fail, but are not in the log.
const (
	Open     Kind = iota + 1 // of a file that is there
	Create                   // of one that is not; counts as Open for faults
	Delete                   // of a name
	Write                    // of bytes
	Truncate                 // to a size
	Sync                     // of a file
	SyncFolder
	Read
)

// String returns the name of the kind in lower case.
func (k Kind) String() string {
	names := [...]string{"", "open", "create", "delete", "write", "truncate", "sync", "sync folder", "read"}
	if k <= 0 || int(k) >= len(names) {
		return fmt.Sprintf("kind %d", int(k))
	}
	return names[k]
}

// ioError returns SQLite's result code for a call of the kind that failed.
func (k Kind) ioError() int32 {
	const ioError = 10
	switch k {
	case Open, Create:
		return 14
	case Read:
		return ioError | 1<<8
	case Write:
		return ioError | 3<<8
	case Sync:
		return ioError | 4<<8
	case SyncFolder:
		return ioError | 5<<8
	case Truncate:
		return ioError | 6<<8
	case Delete:
		return ioError | 10<<8
	}
	return ioError
}

// Op is one entry of a log.
type Op struct {
	Kind   Kind
	Name   string // last element of the path, of Create and Delete
	File   int    // tells files apart, also two that had the same name one after the other
	Offset int64  // of Write
	Size   int64  // of Truncate
	Data   []byte // of Write
	Begun  int    // of Sync and SyncFolder: how long the log was when it began
	Failed bool   // of Sync
}

// String returns the entry in one line, without its data.
func (op Op) String() string {
	switch op.Kind {
	case Create, Delete:
		return fmt.Sprintf("%s %s (file %d)", op.Kind, op.Name, op.File)
	case Write:
		return fmt.Sprintf("write file %d, %d bytes at %d", op.File, len(op.Data), op.Offset)
	case Truncate:
		return fmt.Sprintf("truncate file %d to %d", op.File, op.Size)
	case Sync, SyncFolder:
		return fmt.Sprintf("%s file %d, begun at %d, failed %t", op.Kind, op.File, op.Begun, op.Failed)
	}
	return op.Kind.String()
}

// Log is what happened to the files of one folder, in the order in which it
// did. It does not change.
type Log []Op
