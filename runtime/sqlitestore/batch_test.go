//go:build unix

package sqlitestore_test

import (
	"context"
	"database/sql"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	cnerium "github.com/cnerium/cnerium-go/runtime"
	"github.com/cnerium/cnerium-go/runtime/sqlitestore"
	"github.com/cnerium/cnerium-go/runtime/sqlitestore/internal/faultfs"
)

// jam is a store whose writer can be held, so that what comes meanwhile waits
// and is one batch.
type jam struct {
	*sqlitestore.Store
	fs   *faultfs.FS
	db   *sql.DB
	held atomic.Bool
	stop chan struct{} // received from by who holds the writer
	all  sync.WaitGroup
}

func newJam(t *testing.T, schema string) *jam {
	t.Helper()
	j := &jam{fs: newFS(t), stop: make(chan struct{})}
	connector, err := newConnector(j.fs.Name(), file(t))
	require.NoError(t, err)
	j.db = sql.OpenDB(connector)
	_, err = j.db.Exec(schema)
	require.NoError(t, err)
	j.Store, err = sqlitestore.New(t.Context(), j.db, &sqlitestore.Options{Now: j.now, CacheBytes: -1})
	require.NoError(t, err)
	j.TakeYourTime()
	t.Cleanup(func() {
		require.NoError(t, j.Close())
		require.NoError(t, j.db.Close())
	})
	_, err = j.db.Exec("CREATE TABLE IF NOT EXISTS notes (note TEXT)")
	require.NoError(t, err)
	return j
}

// now is the clock of the store. It stands still in the operation that holds
// the writer.
func (j *jam) now() time.Time {
	if j.held.CompareAndSwap(true, false) {
		j.stop <- struct{}{}
		<-j.stop
	}
	return time.Now()
}

// hold lets an operation hold the writer until release.
func (j *jam) hold(t *testing.T) {
	t.Helper()
	j.held.Store(true)
	j.all.Go(func() { _, _ = j.Sweep(t.Context(), 1) })
	<-j.stop
}

// line puts calls into the queue, one behind the other.
func (j *jam) line(calls ...func()) {
	for _, call := range calls {
		before := j.Waiting()
		j.all.Go(call)
		for j.Waiting() == before {
			runtime.Gosched()
		}
	}
}

// release lets the writer go, waits for all calls, and returns how many syncs
// that took.
func (j *jam) release() int {
	before := j.fs.Count(faultfs.Sync)
	j.stop <- struct{}{}
	j.all.Wait()
	return j.fs.Count(faultfs.Sync) - before
}

func (j *jam) reserving(t *testing.T, key string) func() {
	return func() {
		_, lease, err := j.Reserve(t.Context(), claim(key))
		if err != nil || lease == nil {
			t.Errorf("Reserve %s = %v, %v", key, lease, err)
		}
	}
}

func (j *jam) notes(t *testing.T) []string {
	t.Helper()
	rows, err := j.db.Query("SELECT note FROM notes ORDER BY note")
	require.NoError(t, err)
	var notes []string
	for rows.Next() {
		var note string
		require.NoError(t, rows.Scan(&note))
		notes = append(notes, note)
	}
	require.NoError(t, rows.Err())
	return notes
}

func note(ctx context.Context, text string) error {
	_, err := sqlitestore.TxFrom(ctx).ExecContext(ctx, "INSERT INTO notes VALUES (?)", text)
	return err
}

func TestWhatWaitsIsCommittedTogether(t *testing.T) {
	t.Parallel()
	j := newJam(t, "")
	j.hold(t)
	for i := range 64 {
		j.line(j.reserving(t, fmt.Sprint(i)))
	}
	require.Less(t, j.release(), 8, "a commit, and what a checkpoint needs")
	for i := range 64 {
		require.Equal(t, cnerium.StateReserved, lookup(t, j, fmt.Sprint(i)).State)
	}
}

func TestTheSecondOfABatchSeesTheFirst(t *testing.T) {
	t.Parallel()
	j := newJam(t, "")
	j.hold(t)
	second := cnerium.Record{}
	ran := false
	j.line(j.reserving(t, "k"), func() {
		var lease *cnerium.Lease
		var err error
		second, lease, err = j.Reserve(t.Context(), claim("k"))
		if lease != nil || err != nil {
			t.Errorf("the second Reserve = %v, %v", lease, err)
		}
	}, func() {
		_, err := j.Transact(t.Context(), claim("k"), func(context.Context, int) (cnerium.Outcome, error) {
			ran = true
			return outcome("x"), nil
		})
		if err != nil {
			t.Errorf("Transact = %v", err)
		}
	})
	j.release()
	require.Equal(t, cnerium.StateReserved, second.State)
	require.False(t, ran)
}

// poison lets a change of the record "poison" fail in a way of SQLite.
func poison(how string) string {
	return "CREATE TRIGGER poison BEFORE INSERT ON cnerium_records WHEN NEW.key = 'poison' BEGIN SELECT RAISE(" +
		how + ", 'poisoned'); END"
}

func TestAPoisonedOperationFailsAlone(t *testing.T) {
	t.Parallel()
	for _, how := range []string{"ABORT", "FAIL", "ROLLBACK"} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			j := newJam(t, "")
			_, err := j.db.Exec(poison(how))
			require.NoError(t, err)
			lease, lost := reserve(t, j, "leased"), reserve(t, j, "lost")
			require.NoError(t, j.Release(t.Context(), lost))
			j.hold(t)
			var failed, late error
			j.line(
				j.reserving(t, "before"),
				func() { _, _, failed = j.Reserve(t.Context(), claim("poison")) },
				j.reserving(t, "after"),
				func() { _, late = j.Commit(t.Context(), lost, outcome("late")) },
				func() {
					if _, err := j.Commit(t.Context(), lease, outcome("x")); err != nil {
						t.Errorf("Commit = %v", err)
					}
				},
			)
			j.release()
			require.ErrorContains(t, failed, "poisoned")
			require.ErrorIs(t, late, cnerium.ErrLeaseLost)
			require.Equal(t, cnerium.StateAbsent, lookup(t, j, "poison").State)
			require.Equal(t, cnerium.StateReserved, lookup(t, j, "before").State)
			require.Equal(t, cnerium.StateReserved, lookup(t, j, "after").State)
			requireCommitted(t, j, "leased", "x")
			events, err := j.Events(t.Context(), "", 10)
			require.NoError(t, err)
			require.Len(t, events, 1, "of the commit alone, and once")
		})
	}
}

func TestAFullDiskFailsOnlyWhatDoesNotFit(t *testing.T) {
	t.Parallel()
	j := newJam(t, "")
	lease := reserve(t, j, "large")
	for i := range 20 { // leaves room behind it
		require.NoError(t, j.Release(t.Context(), reserve(t, j, fmt.Sprint(i))))
	}
	limit := "PRAGMA max_page_count = 1" // as many as there are
	_, err := j.Transact(t.Context(), claim("limit"), func(ctx context.Context, _ int) (cnerium.Outcome, error) {
		return outcome("x"), sqlitestore.TxFrom(ctx).QueryRowContext(ctx, limit).Scan(new(int))
	})
	require.NoError(t, err)
	j.hold(t)
	var full error
	j.line(j.reserving(t, "before"), func() {
		_, full = j.Commit(t.Context(), lease, outcome(strings.Repeat("x", 100_000)))
	}, j.reserving(t, "after"))
	j.release()
	require.ErrorContains(t, full, "no space is left")
	require.Equal(t, cnerium.StateReserved, lookup(t, j, "large").State)
	require.Equal(t, cnerium.StateReserved, lookup(t, j, "before").State)
	require.Equal(t, cnerium.StateReserved, lookup(t, j, "after").State)
}

func TestWhoLeavesTheQueueHarmsNobody(t *testing.T) {
	t.Parallel()
	j := newJam(t, "")
	j.hold(t)
	ctx, cancel := context.WithCancel(t.Context())
	left := make(chan error, 2)
	j.line(j.reserving(t, "before"), func() {
		_, _, err := j.Reserve(ctx, claim("left"))
		left <- err
	}, func() {
		_, err := j.Transact(ctx, claim("left"), func(context.Context, int) (cnerium.Outcome, error) {
			t.Error("the handler ran")
			return outcome("x"), nil
		})
		left <- err
	}, j.reserving(t, "after"))
	cancel()
	require.ErrorIs(t, <-left, context.Canceled)
	require.ErrorIs(t, <-left, context.Canceled)
	j.release()
	require.Equal(t, cnerium.StateAbsent, lookup(t, j, "left").State)
}

func TestAPanicOfTheClockIsThatOfItsOperationAlone(t *testing.T) {
	t.Parallel()
	j := newJam(t, "")
	var panics atomic.Bool
	store, err := sqlitestore.New(t.Context(), j.db, &sqlitestore.Options{Now: func() time.Time {
		if panics.CompareAndSwap(true, false) {
			panic("no time")
		}
		return j.now()
	}})
	require.NoError(t, err)
	j.Store, store = store, j.Store
	require.NoError(t, store.Close())
	j.hold(t)
	panics.Store(true) // the next to ask, which is the first in line
	var reached any
	j.line(func() {
		defer func() { reached = recover() }()
		_, _, _ = j.Reserve(t.Context(), claim("panics"))
	}, j.reserving(t, "after"))
	j.release()
	state := cnerium.StateReserved // in a batch with others it was repeated, by itself
	if reached != nil {
		state = cnerium.StateAbsent // it was alone already, and its caller was told
	}
	require.Equal(t, state, lookup(t, j, "panics").State)
	require.Equal(t, cnerium.StateReserved, lookup(t, j, "after").State)
}

func TestFencingTokensAreNeverGivenTwice(t *testing.T) {
	t.Parallel()
	path := file(t)
	given := map[int64]bool{}
	for range 2 {
		first, second := open(t, path), open(t, path)
		for i := range 6 {
			if i == 3 {
				first.SpendTokens()
			}
			for _, store := range []*sqlitestore.Store{first, second} {
				lease := reserve(t, store, "k")
				require.False(t, given[lease.Token])
				given[lease.Token] = true
				require.NoError(t, store.Release(t.Context(), lease))
			}
		}
	}
}
