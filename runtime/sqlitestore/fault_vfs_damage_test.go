//go:build unix

package sqlitestore_test

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cnerium/cnerium-go/internal/raced"
	"github.com/stretchr/testify/require"

	cnerium "github.com/cnerium/cnerium-go/runtime"
	"github.com/cnerium/cnerium-go/runtime/sqlitestore"
	"github.com/cnerium/cnerium-go/runtime/sqlitestore/internal/faultfs"
)

// SQLite has no checksums in the database file. It finds that a page is not
// what it must be, a length that does not fit or a table that is not a tree.
// It cannot find that a byte of a text is another one: a response could then
// be wrong, and a record whose key was hit is absent. Nor can it tell a file
// that was emptied from a new one. Nothing of that is promised; these tests
// say what is.

const (
	page    = 4096
	records = 40
)

// newDamageable returns a database with records that fill many pages, and the
// log of its last commits, as a dead process leaves them.
func newDamageable(t *testing.T) (data, log []byte) {
	t.Helper()
	path := file(t)
	db := pool(t, path)
	store, err := sqlitestore.New(t.Context(), db, nil)
	require.NoError(t, err)
	for i := range records {
		if i == records/2 {
			_, err := db.Exec("PRAGMA wal_checkpoint(TRUNCATE)")
			require.NoError(t, err)
		}
		o := outcome(damageableBody(i))
		o.Retention = forever
		commit(t, store, reserve(t, store, fmt.Sprint(i)), o)
	}
	folder := t.TempDir()
	fs := os.DirFS(filepath.Dir(path))
	require.NoError(t, os.CopyFS(folder, fs)) // while the store is open
	require.NoError(t, store.Close())
	data, err = os.ReadFile(filepath.Join(folder, "store.db"))
	require.NoError(t, err)
	log, err = os.ReadFile(filepath.Join(folder, "store.db-wal"))
	require.NoError(t, err)
	require.Greater(t, len(log), 20*page)
	return data, log
}

func damageableBody(i int) string { return strings.Repeat(fmt.Sprintf("%d ", i), 500) }

// writeDamaged returns the path of a database that is made of these files.
func writeDamaged(t *testing.T, data, log []byte) string {
	t.Helper()
	path := file(t)
	require.NoError(t, faultfs.Image{"store.db": data, "store.db-wal": log}.Write(filepath.Dir(path)))
	return path
}

// TestADamagedPageIsAnErrorOrTheRightAnswerAndNeverAbsent overwrites one page
// of the database after the other. Whoever needs it gets an error.
func TestADamagedPageIsAnErrorOrTheRightAnswerAndNeverAbsent(t *testing.T) {
	t.Parallel()
	raced.Skip(t, "one client, and many files")
	data, log := newDamageable(t)
	whole := reopened(t, data, log)
	rng := rand.New(rand.NewPCG(1, 1))
	noise := make([]byte, page)
	for i := range noise {
		noise[i] = byte(rng.Uint32()) | 0x10 // no page begins so
	}
	failed := 0
	for _, damage := range [][]byte{make([]byte, page), noise} {
		for at := 0; at < len(whole); at += page {
			damaged := bytes.Clone(whole)
			copy(damaged[at:], damage)
			if !requireRightOrError(t, writeDamaged(t, damaged, nil), at/page+1) {
				failed++
			}
		}
	}
	require.Greater(t, failed, len(whole)/page)
}

// reopened returns the database after the log was brought into it.
func reopened(t *testing.T, data, log []byte) []byte {
	t.Helper()
	path := writeDamaged(t, data, log)
	require.NoError(t, open(t, path).Close())
	whole, err := os.ReadFile(path)
	require.NoError(t, err)
	return whole
}

// requireRightOrError reports whether all records are there, as they were. No
// record may be absent, or have another response.
func requireRightOrError(t *testing.T, path string, what int) bool {
	t.Helper()
	store, err := sqlitestore.Open(t.Context(), path, nil)
	if err != nil {
		return false
	}
	defer store.Close()
	all := true
	for i := range records {
		record, err := store.Lookup(t.Context(), claim(fmt.Sprint(i)).ID)
		if err != nil {
			all = false
			continue
		}
		require.Equal(t, cnerium.StateCommitted, record.State, "page %d, record %d", what, i)
		require.Equal(t, damageableBody(i), record.Response.Body, "page %d, record %d", what, i)
	}
	return all
}

// TestATruncatedDatabaseIsRefused cuts the file anywhere but to nothing, or to
// one byte, which SQLite takes for nothing.
func TestATruncatedDatabaseIsRefused(t *testing.T) {
	t.Parallel()
	data, log := newDamageable(t)
	whole := reopened(t, data, log)
	rng := rand.New(rand.NewPCG(1, 2))
	sizes := []int{2, 15, 99, 100, 511, 512, page - 1, page, len(whole) - page}
	for range 30 {
		sizes = append(sizes, 2+rng.IntN(len(whole)-page))
	}
	for _, size := range sizes {
		_, err := sqlitestore.Open(t.Context(), writeDamaged(t, whole[:size], nil), nil)
		require.Error(t, err, "the first %d bytes", size)
	}
}

// TestGarbageBehindTheLogIsIgnored is what a torn write leaves.
func TestGarbageBehindTheLogIsIgnored(t *testing.T) {
	t.Parallel()
	data, log := newDamageable(t)
	rng := rand.New(rand.NewPCG(1, 3))
	for range 10 {
		noise := make([]byte, 1+rng.IntN(3*page))
		for i := range noise {
			noise[i] = byte(rng.Uint32())
		}
		require.True(t, requireRightOrError(t, writeDamaged(t, data, append(bytes.Clone(log), noise...)), 0))
	}
}

// TestADamagedLogEndsAtTheDamage changes a byte of the log. SQLite cannot tell
// that from the end of the log after a crash: the commits from there on are
// gone, which nobody can prevent, but what is left is whole, and just what
// was there at some moment.
func TestADamagedLogEndsAtTheDamage(t *testing.T) {
	t.Parallel()
	raced.Skip(t, "one client, and many files")
	data, log := newDamageable(t)
	rng := rand.New(rand.NewPCG(1, 4))
	shorter := 0
	for range 30 {
		damaged := bytes.Clone(log)
		damaged[rng.IntN(len(damaged))] ^= 1 << rng.IntN(8)
		path := writeDamaged(t, data, damaged)
		store, err := sqlitestore.Open(t.Context(), path, nil)
		require.NoError(t, err)
		left := requirePrefix(t, store)
		requireWhole(t, path, left)
		require.NoError(t, store.Close())
		require.GreaterOrEqual(t, left, records/2) // they are not in the log
		if left < records {
			shorter++
		}
	}
	require.Positive(t, shorter)
}

// requirePrefix requires that the first records are there and those after them
// are not, and returns how many there are.
func requirePrefix(t *testing.T, store cnerium.Store) int {
	t.Helper()
	left := 0
	for i := range records {
		record, err := store.Lookup(context.Background(), claim(fmt.Sprint(i)).ID)
		require.NoError(t, err)
		if record.State == cnerium.StateCommitted {
			require.Equal(t, left, i)
			require.Equal(t, damageableBody(i), record.Response.Body)
			left++
		}
	}
	return left
}
