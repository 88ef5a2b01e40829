//go:build unix

package sqlitestore_test

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	cnerium "github.com/cnerium/cnerium-go/runtime"
	"github.com/cnerium/cnerium-go/runtime/sqlitestore"
	"github.com/cnerium/cnerium-go/runtime/sqlitestore/internal/faultfs"
)

type run = func(ctx context.Context, attempt int) (cnerium.Outcome, error)

// noting is a handler that writes a note.
func noting(text string) run {
	return func(ctx context.Context, _ int) (cnerium.Outcome, error) {
		return outcome(text), note(ctx, text)
	}
}

// transacting runs a handler and remembers what comes of it.
func (j *jam) transacting(t *testing.T, key string, result *error, handle run) func() {
	return func() { _, *result = j.Transact(t.Context(), claim(key), handle) }
}

const tables = `
CREATE TABLE parents (id INTEGER PRIMARY KEY);
CREATE TABLE children (parent INTEGER REFERENCES parents DEFERRABLE INITIALLY DEFERRED)`

var errHandler = errors.New("the handler failed")

// mild are handlers that fail, or are odd, and harm nobody but themselves.
var mild = map[string]struct {
	handle run
	err    error // nil when it is stored
	stays  bool  // its note
}{
	"an error": {
		handle: func(ctx context.Context, _ int) (cnerium.Outcome, error) {
			return outcome("x"), errors.Join(note(ctx, "bad"), errHandler)
		},
		err: errHandler,
	},
	"no outcome": {
		handle: func(ctx context.Context, _ int) (cnerium.Outcome, error) { return cnerium.Outcome{}, note(ctx, "bad") },
		err:    nil, // any
	},
	"a refusal": {
		handle: func(ctx context.Context, _ int) (cnerium.Outcome, error) {
			o := outcome("refused")
			o.Discard = true
			return o, note(ctx, "bad")
		},
	},
	"an orphan": {
		handle: func(ctx context.Context, _ int) (cnerium.Outcome, error) {
			_, err := sqlitestore.TxFrom(ctx).ExecContext(ctx, "INSERT INTO children VALUES (7)")
			return outcome("orphan"), errors.Join(err, note(ctx, "bad"))
		},
		err: cnerium.ErrRefused,
	},
	"its time is over": {
		handle: func(ctx context.Context, _ int) (cnerium.Outcome, error) {
			err := note(ctx, "bad")
			ctx.Value(endKey{}).(context.CancelFunc)()
			return outcome("late"), err
		},
		err: context.Canceled,
	},
	"its time is over while it goes on": {
		handle: func(ctx context.Context, _ int) (cnerium.Outcome, error) {
			err := note(ctx, "bad")
			ctx.Value(endKey{}).(context.CancelFunc)()
			for {
				late := note(context.WithoutCancel(ctx), "late")
				if late == nil {
					panic("a statement ran after the handler's time")
				}
				if errors.Is(late, sql.ErrTxDone) {
					return outcome("late"), err
				}
				runtime.Gosched()
			}
		},
		err: context.Canceled,
	},
	"a statement that reads is interrupted": {
		handle: func(ctx context.Context, _ int) (cnerium.Outcome, error) {
			err := note(ctx, "bad")
			time.AfterFunc(20*time.Millisecond, ctx.Value(endKey{}).(context.CancelFunc))
			_ = sqlitestore.TxFrom(ctx).QueryRowContext(ctx, endless).Scan(new(int))
			return outcome("late"), err
		},
		err: context.Canceled,
	},
	"savepoints of its own": {
		handle: func(ctx context.Context, _ int) (cnerium.Outcome, error) {
			_, err := sqlitestore.TxFrom(ctx).ExecContext(ctx, "SAVEPOINT mine")
			return outcome("x"), errors.Join(err, note(ctx, "bad"))
		},
		stays: true,
	},
}

// endKey is the key of what ends the time of a handler.
type endKey struct{}

func TestAHandlerThatFailsHarmsNobodyInItsBatch(t *testing.T) {
	t.Parallel()
	for name, c := range mild {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			j := newJam(t, tables)
			var first, bad, second error
			j.hold(t)
			j.line(
				j.reserving(t, "a"),
				j.transacting(t, "first", &first, noting("first")),
				func() {
					ctx, cancel := context.WithCancel(t.Context())
					defer cancel()
					_, bad = j.Transact(context.WithValue(ctx, endKey{}, cancel), claim("bad"), c.handle)
				},
				j.transacting(t, "second", &second, noting("second")),
				j.reserving(t, "b"),
			)
			j.release()
			require.NoError(t, first)
			require.NoError(t, second)
			require.Equal(t, cnerium.StateReserved, lookup(t, j, "a").State)
			require.Equal(t, cnerium.StateReserved, lookup(t, j, "b").State)
			requireCommitted(t, j, "first", "first")
			requireCommitted(t, j, "second", "second")
			want := []string{"first", "second"}
			if c.stays {
				want = append([]string{"bad"}, want...)
			}
			require.Equal(t, want, j.notes(t))
			stored := lookup(t, j, "bad").State == cnerium.StateCommitted
			require.Equal(t, bad == nil, stored)
			if c.err != nil {
				require.ErrorIs(t, bad, c.err)
			}
		})
	}
}

// harsh are handlers that undo the whole transaction, which nobody can keep
// from them, and whether they notice.
var harsh = map[string]func(ctx context.Context) error{
	"ROLLBACK":                 execute("ROLLBACK"),
	"COMMIT":                   execute("COMMIT"),
	"the savepoint is gone":    execute("RELEASE cnerium_handler"),
	"RAISE(ROLLBACK)":          execute("INSERT INTO parents VALUES (-1)"),
	"ROLLBACK and a BEGIN":     execute("ROLLBACK", "BEGIN"),
	"ROLLBACK and a savepoint": execute("ROLLBACK", "SAVEPOINT cnerium_handler"),
	"a write is interrupted": func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, 20*time.Millisecond)
		defer cancel()
		_, err := sqlitestore.TxFrom(ctx).ExecContext(ctx, `INSERT INTO notes
			WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n) SELECT 'n' FROM n`)
		return err
	},
}

func execute(queries ...string) func(ctx context.Context) error {
	return func(ctx context.Context) error {
		var errs []error
		for _, query := range queries {
			_, err := sqlitestore.TxFrom(ctx).ExecContext(ctx, query)
			errs = append(errs, err)
		}
		return errors.Join(errs...)
	}
}

const destroyer = `
CREATE TABLE parents (id INTEGER PRIMARY KEY);
CREATE TRIGGER destroyer BEFORE INSERT ON parents WHEN NEW.id < 0 BEGIN SELECT RAISE(ROLLBACK, 'destroyed'); END`

func TestAHandlerThatUndoesItsBatchIsAloneToBlame(t *testing.T) {
	t.Parallel()
	for name, destroy := range harsh {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			j := newJam(t, destroyer)
			var first, bad, second error
			j.hold(t)
			j.line(
				j.reserving(t, "a"),
				j.transacting(t, "first", &first, noting("first")),
				j.transacting(t, "bad", &bad, func(ctx context.Context, _ int) (cnerium.Outcome, error) {
					err := note(ctx, "bad")
					_ = destroy(ctx)
					_ = note(ctx, "bad")
					return outcome("bad"), err
				}),
				j.transacting(t, "second", &second, noting("second")),
				j.reserving(t, "b"),
			)
			j.release()
			require.ErrorIs(t, first, cnerium.ErrSerialization, "for its caller to run again")
			require.ErrorContains(t, bad, "ended the transaction")
			require.NotErrorIs(t, bad, cnerium.ErrSerialization)
			require.NoError(t, second)
			require.Equal(t, cnerium.StateAbsent, lookup(t, j, "first").State)
			require.Equal(t, cnerium.StateAbsent, lookup(t, j, "bad").State)
			require.Equal(t, cnerium.StateReserved, lookup(t, j, "a").State)
			require.Equal(t, cnerium.StateReserved, lookup(t, j, "b").State)
			require.Equal(t, []string{"second"}, j.notes(t))

			j.transacting(t, "first", &first, noting("first"))()
			require.NoError(t, first)
			require.Equal(t, []string{"first", "second"}, j.notes(t))
		})
	}
}

func TestAHandlerThatPanicsOrEndsItsGoroutineHarmsNobodyInItsBatch(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(){"panic": func() { panic("x") }, "Goexit": runtime.Goexit} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			j := newJam(t, "")
			var first, second error
			j.hold(t)
			j.line(j.transacting(t, "first", &first, noting("first")), func() {
				defer func() { _ = recover() }()
				_, _ = j.Transact(t.Context(), claim("bad"), func(ctx context.Context, _ int) (cnerium.Outcome, error) {
					_ = note(ctx, "bad")
					end()
					return outcome("never"), nil
				})
			}, j.transacting(t, "second", &second, noting("second")))
			j.release()
			require.NoError(t, errors.Join(first, second))
			require.Equal(t, []string{"first", "second"}, j.notes(t))
		})
	}
}

func TestHandlersThatWaitAreCommittedTogether(t *testing.T) {
	t.Parallel()
	j := newJam(t, "")
	j.hold(t)
	errs := make([]error, 32)
	for i := range errs {
		j.line(j.transacting(t, string(rune('A'+i)), &errs[i], noting("n")))
	}
	require.Less(t, j.release(), 12)
	require.NoError(t, errors.Join(errs...))
	require.Len(t, j.notes(t), 32)
}

// leaks are what a handler has left open.
type leaks struct {
	tx   sqlitestore.Tx
	rows *sql.Rows
	stmt *sql.Stmt
	row  *sql.Row
}

// leak writes three notes, and leaves open what it has begun.
func leak(ctx context.Context) (l leaks, err error) {
	l.tx = sqlitestore.TxFrom(ctx)
	if l.rows, err = l.tx.QueryContext(ctx, "INSERT INTO notes VALUES ('1'), ('2') RETURNING note"); err != nil {
		return l, err
	}
	if !l.rows.Next() {
		return l, l.rows.Err()
	}
	if l.stmt, err = l.tx.PrepareContext(ctx, "INSERT INTO notes VALUES ('late')"); err != nil {
		return l, err
	}
	l.row = l.tx.QueryRowContext(ctx, "SELECT 1 UNION SELECT 2")
	return l, l.rows.Err()
}

// requireOver tries all that a handler could still do.
func (l leaks) requireOver(t *testing.T) {
	_, direct := l.tx.ExecContext(context.Background(), "INSERT INTO notes VALUES ('late')")
	_, prepared := l.stmt.ExecContext(context.Background())
	_, query := l.tx.PrepareContext(context.Background(), "SELECT 1")
	scan := l.row.Scan(new(int))
	if !errors.Is(direct, sql.ErrTxDone) || !errors.Is(query, sql.ErrTxDone) || prepared == nil || scan == nil || l.rows.Next() {
		t.Errorf("a handler is over, but its transaction answers %v, %v, %v, %v", direct, query, prepared, scan)
	}
}

func TestWhatAHandlerLeavesOpenReachesNothingInItsBatch(t *testing.T) {
	t.Parallel()
	for _, discard := range []bool{false, true} {
		j := newJam(t, "")
		var first, second error
		var left leaks
		var once sync.Once
		j.hold(t)
		j.line(
			j.transacting(t, "leaks", &first, func(ctx context.Context, _ int) (o cnerium.Outcome, err error) {
				o = outcome("x")
				o.Discard = discard
				left, err = leak(ctx)
				return o, err
			}),
			j.transacting(t, "next", &second, func(ctx context.Context, _ int) (cnerium.Outcome, error) {
				once.Do(func() { left.requireOver(t) })
				return outcome("x"), note(ctx, "3")
			}),
			j.reserving(t, "k"),
		)
		j.release()
		require.NoError(t, errors.Join(first, second))
		want := []string{"1", "2", "3"}
		if discard {
			want = want[2:]
		}
		require.Equal(t, want, j.notes(t))
		left.requireOver(t)
		require.Equal(t, want, j.notes(t))
	}
}

// TestACommitThatFailsIsRepeatedForEachOfItsBatch lets the sync of a batch
// fail once.
func TestACommitThatFailsIsRepeatedForEachOfItsBatch(t *testing.T) {
	t.Parallel()
	j := newJam(t, "")
	var ran error
	j.hold(t)
	j.line(j.reserving(t, "a"), j.reserving(t, "b"), j.transacting(t, "handler", &ran,
		func(ctx context.Context, _ int) (cnerium.Outcome, error) {
			j.fs.Fail(faultfs.Fault{Kinds: []faultfs.Kind{faultfs.Sync}, Nth: 1})
			return outcome("x"), note(ctx, "x")
		}))
	j.release()
	require.ErrorIs(t, ran, cnerium.ErrSerialization)
	require.Equal(t, cnerium.StateReserved, lookup(t, j, "a").State)
	require.Equal(t, cnerium.StateReserved, lookup(t, j, "b").State)
	require.Equal(t, cnerium.StateAbsent, lookup(t, j, "handler").State)
	require.Empty(t, j.notes(t))
}

func TestAHandlerThatHoldsOthersUpIsNamedInTheLog(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	store, err := sqlitestore.Open(t.Context(), file(t), &sqlitestore.Options{Logger: slog.New(slog.NewTextHandler(&log, nil))})
	require.NoError(t, err)
	var all sync.WaitGroup
	_, err = store.Transact(t.Context(), claim("slow"), func(context.Context, int) (cnerium.Outcome, error) {
		all.Go(func() { _, _, _ = store.Reserve(t.Context(), claim("k")) })
		<-time.After(1100 * time.Millisecond)
		return outcome("x"), nil
	})
	require.NoError(t, err)
	all.Wait()
	require.NoError(t, store.Close())
	require.Contains(t, log.String(), "operation=orders.create")
	require.Contains(t, log.String(), "waiting=1")
}

func TestAHandlerHoldsUpNobodyWithALease(t *testing.T) {
	t.Parallel()
	j := newJam(t, "")
	lease := reserve(t, j, "leased")
	var committing, ran error
	seen := cnerium.StateAbsent
	j.hold(t)
	j.line(
		j.transacting(t, "handler", &ran, func(ctx context.Context, _ int) (cnerium.Outcome, error) {
			record, err := j.Lookup(ctx, lease.ID)
			seen = record.State
			return outcome("x"), err
		}),
		func() { _, committing = j.Commit(t.Context(), lease, outcome("x")) },
	)
	j.release()
	require.NoError(t, errors.Join(committing, ran))
	require.Equal(t, cnerium.StateCommitted, seen, "the commit came later, but was done when the handler ran")
}
