//go:build unix

package sqlitestore_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	cnerium "github.com/cnerium/cnerium-go/runtime"
	"github.com/cnerium/cnerium-go/runtime/sqlitestore"
	"github.com/cnerium/cnerium-go/runtime/sqlitestore/internal/faultfs"
)

// The kinds of calls with which something is written.
var writing = []faultfs.Kind{faultfs.Write, faultfs.Sync, faultfs.Truncate, faultfs.Delete}

// TestEachWriteThatFailsHasAnErrorAndLosesNothing lets one write of a workload
// after the other fail: wholly, or after its first half.
func TestEachWriteThatFailsHasAnErrorAndLosesNothing(t *testing.T) {
	t.Parallel()
	eachFault(t, func(n int) faultfs.Fault {
		return faultfs.Fault{Kinds: []faultfs.Kind{faultfs.Write}, Nth: n, Partial: n%2 == 0}
	})
}

// TestEachSyncThatFailsHasAnErrorAndLosesNothing does the same with syncs,
// truncations and deletions, once and from the n-th on.
func TestEachSyncThatFailsHasAnErrorAndLosesNothing(t *testing.T) {
	t.Parallel()
	for _, forever := range []bool{false, true} {
		eachFault(t, func(n int) faultfs.Fault {
			return faultfs.Fault{
				Kinds:   []faultfs.Kind{faultfs.Sync, faultfs.Truncate, faultfs.Delete},
				Nth:     n,
				Forever: forever,
			}
		})
	}
}

// TestADiskThatIsFullFromAnyWriteOnLosesNothing lets all writes from the n-th
// on fail, the first after its first half, until space is freed.
func TestADiskThatIsFullFromAnyWriteOnLosesNothing(t *testing.T) {
	t.Parallel()
	eachFault(t, func(n int) faultfs.Fault {
		return faultfs.Fault{
			Kinds:   []faultfs.Kind{faultfs.Write},
			Nth:     n,
			Forever: true,
			Partial: true,
			Code:    faultfs.CodeFull,
		}
	})
}

// eachFault runs the workload with a fault at the first, second and so on of
// its calls until none is left to fail.
func eachFault(t *testing.T, at func(n int) faultfs.Fault) {
	t.Helper()
	fs := newFS(t)
	template := newTemplate(t)
	for n := 1; ; n += stride {
		fault := at(n)
		r := newFaultRun(t, fs, template)
		fs.Fail(fault)
		failed := r.work(t)
		reached := fs.Count(fault.Kinds...) >= n
		fs.Fail(faultfs.Fault{})
		if reached {
			r.requireWhole(t, fmt.Sprintf("%+v", fault))
			continue
		}
		t.Logf("%d calls that can fail", n-1)
		require.Zero(t, failed)
		require.Greater(t, n, 5)
		return
	}
}

func newFS(t *testing.T) *faultfs.FS {
	t.Helper()
	fs, err := faultfs.New()
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, fs.Close()) })
	return fs
}

// kept is a key that was committed before any fault.
const kept = "kept"

// newTemplate returns a database with tables and a record.
func newTemplate(t *testing.T) []byte {
	t.Helper()
	path := file(t)
	db := pool(t, path)
	_, err := db.Exec(createTables)
	require.NoError(t, err)
	store, err := sqlitestore.New(t.Context(), db, nil)
	require.NoError(t, err)
	o := outcome(kept)
	o.Events = nil
	commit(t, store, reserve(t, store, kept), o)
	require.NoError(t, store.Close())
	require.NoError(t, db.Close())
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	return data
}

// faultRun is a workload during which something fails.
type faultRun struct {
	*workload
	wrong error
}

func newFaultRun(t *testing.T, fs *faultfs.FS, template []byte) *faultRun {
	t.Helper()
	var clock atomic.Int64
	r := &faultRun{workload: &workload{
		history: newHistory(func() int { return int(clock.Add(1)) }),
		vfs:     fs.Name(),
		path:    filepath.Join(t.TempDir(), "store.db"),
		small:   true,
	}}
	after := want{state: cnerium.StateCommitted, attempt: 1, body: kept}
	require.NoError(t, r.try(kept, after, func() error { return os.WriteFile(r.path, template, 0o600) }))
	connector, err := newConnector(fs.Name(), r.path)
	require.NoError(t, err)
	r.db = sql.OpenDB(connector)
	r.store, err = sqlitestore.New(t.Context(), r.db, uncached)
	require.NoError(t, err)
	return r
}

// work does a little of everything and returns how many calls failed.
func (r *faultRun) work(t *testing.T) int {
	t.Helper()
	c := &client{workload: r.workload, ctx: t.Context(), rng: rand.New(rand.NewPCG(3, 0))}
	failed := 0
	for i, act := range []func(c *client) error{
		(*client).commit, (*client).transact, (*client).truncate, (*client).release, (*client).transact,
	} {
		c.key = fmt.Sprint(i)
		if act(c) != nil {
			failed++
		}
		r.read(c.ctx)
	}
	return failed
}

// truncate brings the whole log into the database.
func (c *client) truncate() error {
	_, err := c.db.ExecContext(c.ctx, "PRAGMA wal_checkpoint(TRUNCATE)")
	return err
}

// read looks at each key while the fault lasts: what can be read must be
// right, and the rest is an error.
func (r *faultRun) read(ctx context.Context) {
	for _, key := range r.keys {
		record, err := r.store.Lookup(ctx, claim(key).ID)
		if err != nil {
			continue
		}
		right := false
		for _, w := range r.allowed(key, never-1) {
			body := ""
			if !record.Response.IsZero() {
				body = record.Response.Body
			}
			right = right || record.State == w.state && body == w.body
		}
		if !right {
			r.wrong = errors.Join(r.wrong, fmt.Errorf("%s was %v while the fault lasted", key, record.State))
		}
	}
}

// requireWhole requires, once the fault is over, that the same store works and
// shows what it must, and so does one that is opened then.
func (r *faultRun) requireWhole(t *testing.T, fault string) {
	t.Helper()
	require.NoError(t, r.wrong, fault)
	require.NoError(t, r.compare(t.Context(), r.store, r.db, never-1), fault)
	require.NoError(t, r.store.Check(t.Context()), fault)
	c := &client{workload: r.workload, ctx: t.Context(), key: "afterwards", rng: rand.New(rand.NewPCG(4, 0))}
	require.NoError(t, c.commit(), fault)
	require.NoError(t, r.store.Close(), fault)
	require.NoError(t, r.db.Close(), fault)
	require.NoError(t, r.examine(t.Context(), r.path, never-1), fault)
}
