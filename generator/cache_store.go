package generator

import (
	"cmp"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/cnerium/cnerium-go/internal/atomicfile"
)

// The bounds of the cache. What is beyond them goes when something new is
// stored, the longest unused first.
const (
	cacheBytes = 64 << 20
	cacheAge   = 30 * 24 * time.Hour
	cacheTouch = time.Hour // how exact the time of the last use is
)

// cacheStore is a folder of files by keys. Several processes may share it.
type cacheStore struct{ dir string }

// openStore opens the store in a folder, "" for that of the user.
func openStore(dir string) (*cacheStore, error) {
	if dir == "" {
		user, err := os.UserCacheDir()
		if err != nil {
			return nil, err
		}
		dir = filepath.Join(user, "cneriumgen")
	}
	return &cacheStore{dir}, nil
}

// read returns what is stored under a key.
func (s *cacheStore) read(key string) ([]byte, error) {
	path := filepath.Join(s.dir, key)
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	now := time.Now()
	if info, err := os.Stat(path); err == nil && now.Sub(info.ModTime()) > cacheTouch {
		_ = os.Chtimes(path, now, now) // else it goes too early
	}
	return content, nil
}

// write stores something, in parts, under a key, in one step, and removes what
// is too much.
func (s *cacheStore) write(key string, content ...[]byte) error {
	if err := os.MkdirAll(s.dir, 0o755); err != nil {
		return err
	}
	if err := atomicfile.Write(filepath.Join(s.dir, key), content...); err != nil {
		return err
	}
	return s.trim(key)
}

// trim removes the files that are too old or too many, but not the newest.
func (s *cacheStore) trim(newest string) error {
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		return err
	}
	var infos []fs.FileInfo
	for _, e := range entries {
		if info, err := e.Info(); err == nil && info.Mode().IsRegular() {
			infos = append(infos, info)
		}
	}
	slices.SortFunc(infos, func(a, b fs.FileInfo) int {
		return cmp.Or(b.ModTime().Compare(a.ModTime()), cmp.Compare(a.Name(), b.Name()))
	})
	var total int64
	for _, info := range infos {
		total += info.Size()
		if info.Name() == newest || total <= cacheBytes && time.Since(info.ModTime()) <= cacheAge {
			continue
		}
		// Somebody else may have removed it, or have it open: next time, then.
		_ = os.Remove(filepath.Join(s.dir, info.Name()))
	}
	return nil
}
