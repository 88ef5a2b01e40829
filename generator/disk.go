package generator

import (
	"go/token"
	"io/fs"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
)

// disk reads files and folders, each once in a run, so that all stages, and
// what is remembered of the run, see the same bytes. It is safe for concurrent
// use.
type disk struct {
	fset    *token.FileSet
	files   sync.Map // *readOnce[[]byte] by path
	sums    sync.Map // *readOnce[string] by path
	trees   sync.Map // *readOnce[*parsedFile] by path
	folders sync.Map // *readOnce[[]fs.DirEntry] by path
}

func newDisk() *disk { return &disk{fset: token.NewFileSet()} }

// readOnce is what came of reading something.
type readOnce[T any] struct {
	once sync.Once
	got  T
	err  error
}

// readFrom returns what is known at a path, and reads it if nobody has.
func readFrom[T any](known *sync.Map, path string, read func(string) (T, error)) (T, error) {
	at, ok := known.Load(path)
	if !ok {
		at, _ = known.LoadOrStore(path, new(readOnce[T]))
	}
	r := at.(*readOnce[T])
	r.once.Do(func() { r.got, r.err = read(path) })
	return r.got, r.err
}

// readFile is os.ReadFile. The bytes are not to be changed.
func (d *disk) readFile(path string) ([]byte, error) { return readFrom(&d.files, path, os.ReadFile) }

// readDir is os.ReadDir.
func (d *disk) readDir(path string) ([]fs.DirEntry, error) {
	return readFrom(&d.folders, path, os.ReadDir)
}

// sum returns the sum of a file.
func (d *disk) sum(path string) (string, error) {
	return readFrom(&d.sums, path, func(string) (string, error) {
		content, err := d.readFile(path)
		if err != nil {
			return "", err
		}
		return sumOf(content), nil
	})
}

// parse parses a file, without the bodies of functions.
func (d *disk) parse(path string) (*parsedFile, error) {
	return readFrom(&d.trees, path, func(string) (*parsedFile, error) {
		content, err := d.readFile(path)
		if err != nil {
			return nil, err
		}
		return parseFile(d.fset, path, content), nil
	})
}

// output returns the output that lies at a path with its sum, or nothing.
func (d *disk) output(path string) (content []byte, sum string) {
	sum, err := d.sum(path)
	if err != nil {
		return nil, ""
	}
	content, _ = d.readFile(path)
	return content, sum
}

// each calls do for each number below n, on as many goroutines as there are
// processors, and returns when all calls have.
func each(n int, do func(i int)) {
	var next atomic.Int64
	var group sync.WaitGroup
	for range min(n, runtime.GOMAXPROCS(0)) {
		group.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				do(i)
			}
		})
	}
	group.Wait()
}
