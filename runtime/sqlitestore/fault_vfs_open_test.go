//go:build unix

package sqlitestore_test

import (
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"os"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	cnerium "github.com/cnerium/cnerium-go/runtime"
	"github.com/cnerium/cnerium-go/runtime/sqlitestore"
	"github.com/cnerium/cnerium-go/runtime/sqlitestore/internal/faultfs"
)

// TestEachFailureWhileADatabaseIsMadeLeavesOneThatOpens lets each call fail
// with which a new database and its first record come into being. The store
// opens or says why not, and the file is as good as new.
func TestEachFailureWhileADatabaseIsMadeLeavesOneThatOpens(t *testing.T) {
	t.Parallel()
	fs := newFS(t)
	kinds := append([]faultfs.Kind{faultfs.Open}, writing...)
	for n, reached := 1, true; reached; n += stride {
		w := newFileWorkload(t, fs)
		fs.Fail(faultfs.Fault{Kinds: kinds, Nth: n})
		err := w.useOnce(t)
		reached = fs.Count(kinds...) >= n
		fs.Fail(faultfs.Fault{})
		if !reached {
			require.NoError(t, err)
			require.Greater(t, n, 20)
			t.Logf("%d calls that can fail", n-1)
		}
		require.NoError(t, w.examine(t.Context(), w.path, never-1), "call %d", n)
	}
}

// newFileWorkload returns a workload on a file that is not there yet.
func newFileWorkload(t *testing.T, fs *faultfs.FS) *workload {
	t.Helper()
	var clock atomic.Int64
	return &workload{
		history: newHistory(func() int { return int(clock.Add(1)) }),
		vfs:     fs.Name(),
		path:    file(t),
		small:   true,
	}
}

// useOnce opens the store, commits and closes.
func (w *workload) useOnce(t *testing.T) error {
	t.Helper()
	connector, err := newConnector(w.vfs, w.path)
	require.NoError(t, err)
	w.db = sql.OpenDB(connector)
	defer w.db.Close()
	if w.store, err = sqlitestore.New(t.Context(), w.db, nil); err != nil {
		return err
	}
	defer w.store.Close()
	c := &client{workload: w, ctx: t.Context(), key: "first", rng: rand.New(rand.NewPCG(1, 0))}
	return c.commit()
}

// TestEachReadThatFailsIsAnErrorAndNeverAbsent lets each read and each opening
// of a file fail, once and for good, while a store opens and is asked.
func TestEachReadThatFailsIsAnErrorAndNeverAbsent(t *testing.T) {
	t.Parallel()
	fs := newFS(t)
	template := newTemplate(t)
	kinds := []faultfs.Kind{faultfs.Open, faultfs.Read}
	for _, forever := range []bool{false, true} {
		errs := 0
		for n, reached := 1, true; reached; n += stride {
			w := newFileWorkload(t, fs)
			require.NoError(t, os.WriteFile(w.path, template, 0o600))
			fs.Fail(faultfs.Fault{Kinds: kinds, Nth: n, Forever: forever})
			err := w.ask(t)
			reached = fs.Count(kinds...) >= n
			fs.Fail(faultfs.Fault{})
			if err != nil {
				errs++
			}
			if !reached || !forever {
				require.NoError(t, w.ask(t), "call %d", n)
			}
		}
		require.Greater(t, errs*stride, 5)
	}
}

// ask opens the store and asks it in all ways for the record that is kept. It
// requires the right answer or an error, and returns the error.
func (w *workload) ask(t *testing.T) error {
	t.Helper()
	connector, err := newConnector(w.vfs, w.path)
	require.NoError(t, err)
	db := sql.OpenDB(connector)
	defer db.Close()
	store, err := sqlitestore.New(t.Context(), db, nil)
	if err != nil {
		return err
	}
	defer store.Close()
	return askFor(t, store)
}

func askFor(t *testing.T, store cnerium.Store) error {
	t.Helper()
	record, looking := store.Lookup(t.Context(), claim(kept).ID)
	if looking == nil {
		require.Equal(t, cnerium.StateCommitted, record.State)
		require.Equal(t, kept, record.Response.Body)
	}
	record, lease, reserving := store.Reserve(t.Context(), claim(kept))
	require.Nil(t, lease)
	if reserving == nil {
		require.Equal(t, cnerium.StateCommitted, record.State)
		require.Equal(t, kept, record.Response.Body)
	}
	if looking != nil {
		return looking
	}
	return reserving
}

// TestADiskThatBecomesReadOnlyStillAnswersRetries lets every write fail from
// some moment on: what is stored is still read, and nothing new is promised.
func TestADiskThatBecomesReadOnlyStillAnswersRetries(t *testing.T) {
	t.Parallel()
	for _, code := range []int32{0, faultfs.CodeReadOnly, faultfs.CodeFull} {
		t.Run(fmt.Sprint(code), func(t *testing.T) {
			t.Parallel()
			fs := newFS(t)
			r := newFaultRun(t, fs, newTemplate(t))
			fs.Fail(faultfs.Fault{Kinds: writing, Nth: 1, Forever: true, Code: code})
			requireCommitted(t, r.store, kept, kept)
			require.Error(t, r.store.Check(t.Context()))
			_, lease, err := r.store.Reserve(t.Context(), claim("new"))
			require.Error(t, err)
			require.Nil(t, lease)
			ran := false
			_, err = r.store.Transact(t.Context(), claim("new"), ranThen(&ran))
			require.Error(t, err)
			require.True(t, ran) // in a transaction of which nothing is left
			require.Equal(t, cnerium.StateAbsent, lookup(t, r.store, "new").State)
			requireCommitted(t, r.store, kept, kept)
			fs.Fail(faultfs.Fault{})
			r.requireWhole(t, "read-only")
		})
	}
}

// ranThen is a handler that writes nothing of its own.
func ranThen(ran *bool) func(context.Context, int) (cnerium.Outcome, error) {
	return func(context.Context, int) (cnerium.Outcome, error) {
		*ran = true
		return outcome("x"), nil
	}
}

// TestAFileThatCanOnlyBeReadIsRefused opens the database as the operating
// system does when the user may not write it.
func TestAFileThatCanOnlyBeReadIsRefused(t *testing.T) {
	t.Parallel()
	fs := newFS(t)
	fs.OpenReadOnly(true)
	w := newFileWorkload(t, fs)
	require.NoError(t, os.WriteFile(w.path, newTemplate(t), 0o600))
	require.ErrorContains(t, w.ask(t), "the database cannot be written: make the file and its folder writable")
	fs.OpenReadOnly(false)
	require.NoError(t, w.ask(t))
}
