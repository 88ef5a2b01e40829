package pgstore_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"

	cnerium "github.com/cnerium/cnerium-go/runtime"
	"github.com/cnerium/cnerium-go/runtime/pgstore"
)

// DBTX is what sqlc generates for pgx/v5.
type DBTX interface {
	Exec(context.Context, string, ...any) (pgconn.CommandTag, error)
	Query(context.Context, string, ...any) (pgx.Rows, error)
	QueryRow(context.Context, string, ...any) pgx.Row
	CopyFrom(ctx context.Context, tableName pgx.Identifier, columnNames []string, rowSrc pgx.CopyFromSource) (int64, error)
	SendBatch(context.Context, *pgx.Batch) pgx.BatchResults
}

var _ DBTX = pgstore.Tx(nil)

func newStore(t *testing.T, opts pgstore.Options) (medium, *pgstore.Store) {
	t.Helper()
	m := newMedium(t)
	store := m.open(t, opts)
	m.table(t)
	return m, store
}

func TestTxDoesWhatATransactionDoes(t *testing.T) {
	t.Parallel()
	m, store := newStore(t, pgstore.Options{})
	table := m.schema + ".app_rows"
	_, err := store.Transact(t.Context(), claim("k"), func(ctx context.Context, _ int) (cnerium.Outcome, error) {
		tx := pgstore.TxFrom(ctx)
		n, err := tx.CopyFrom(ctx, pgx.Identifier{m.schema, "app_rows"}, []string{"row"}, pgx.CopyFromRows([][]any{{"a"}, {"b"}}))
		require.NoError(t, err)
		require.EqualValues(t, 2, n)
		var batch pgx.Batch
		batch.Queue("INSERT INTO " + table + " (row) VALUES ('c')")
		batch.Queue("SELECT count(*) FROM " + table)
		results := tx.SendBatch(ctx, &batch)
		_, err = results.Exec()
		require.NoError(t, err)
		var count int
		require.NoError(t, results.QueryRow().Scan(&count))
		require.Equal(t, 3, count)
		require.Nil(t, results.Tx())
		require.NoError(t, results.Close())
		found, err := tx.Query(ctx, "SELECT row FROM "+table+" ORDER BY id")
		require.NoError(t, err)
		require.Nil(t, found.Conn())
		rows, err := pgx.CollectRows(found, pgx.RowTo[string])
		require.NoError(t, err)
		require.Equal(t, []string{"a", "b", "c"}, rows)
		err = tx.QueryRow(ctx, "SELECT row FROM "+table+" WHERE row = 'z'").Scan(new(string))
		require.ErrorIs(t, err, pgx.ErrNoRows)
		_, committable := tx.(interface{ Commit(context.Context) error })
		require.False(t, committable)
		_, err = tx.Query(ctx, "SELECT row FROM "+table) // and leaves it open
		require.NoError(t, err)
		return outcome("done"), nil
	})
	require.NoError(t, err)
	require.Equal(t, []string{"a", "b", "c"}, m.rows(t))
}

func TestTxEndsWithItsHandler(t *testing.T) {
	t.Parallel()
	m, store := newStore(t, pgstore.Options{})
	var kept pgstore.Tx
	_, err := store.Transact(t.Context(), claim("k"), func(ctx context.Context, _ int) (cnerium.Outcome, error) {
		kept = pgstore.TxFrom(ctx)
		return outcome("done"), m.insert(ctx, "row")
	})
	require.NoError(t, err)
	ctx := t.Context()
	_, err = kept.Exec(ctx, "SELECT 1")
	require.ErrorIs(t, err, pgstore.ErrTxDone)
	_, err = kept.Query(ctx, "SELECT 1")
	require.ErrorIs(t, err, pgstore.ErrTxDone)
	require.ErrorIs(t, kept.QueryRow(ctx, "SELECT 1").Scan(new(int)), pgstore.ErrTxDone)
	require.ErrorIs(t, kept.SendBatch(ctx, &pgx.Batch{}).Close(), pgstore.ErrTxDone)
	_, err = kept.CopyFrom(ctx, pgx.Identifier{"x"}, nil, nil)
	require.ErrorIs(t, err, pgstore.ErrTxDone)
	require.Panics(t, func() { pgstore.TxFrom(ctx) })
}

// TestAHandlerWhoseTimeIsOverHoldsNothing has handlers that do not care, in
// the middle of what they may be doing. The row that each of them has locked
// must be free at once, while the handler is still there.
func TestAHandlerWhoseTimeIsOverHoldsNothing(t *testing.T) {
	t.Parallel()
	for name, stuck := range map[string]func(ctx context.Context, tx pgstore.Tx){
		"between statements": func(context.Context, pgstore.Tx) {},
		"in a statement": func(ctx context.Context, tx pgstore.Tx) {
			_, _ = tx.Exec(context.WithoutCancel(ctx), "SELECT pg_sleep(60)")
		},
		"in the middle of rows": func(ctx context.Context, tx pgstore.Tx) {
			rows, err := tx.Query(context.WithoutCancel(ctx), "SELECT generate_series(1, 1000000)")
			if err == nil {
				rows.Next()
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m, store := newStore(t, pgstore.Options{})
			m.exec(t, "INSERT INTO "+m.schema+".app_rows (row) VALUES ('shared')")
			ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
			defer cancel()
			_, err := store.Transact(ctx, claim("k"), func(ctx context.Context, _ int) (cnerium.Outcome, error) {
				tx := pgstore.TxFrom(ctx)
				_, err := tx.Exec(ctx, "UPDATE "+m.schema+".app_rows SET row = 'changed'")
				require.NoError(t, err)
				stuck(ctx, tx)
				<-ctx.Done()
				free, done := context.WithTimeout(t.Context(), 10*time.Second)
				defer done()
				conn := m.connect(t)
				_, err = conn.Exec(free, "UPDATE "+m.schema+".app_rows SET row = 'free'")
				require.NoError(t, err)
				_, err = tx.Exec(t.Context(), "SELECT 1")
				require.ErrorIs(t, err, pgstore.ErrTxDone)
				return outcome("late"), nil
			})
			require.ErrorIs(t, err, context.DeadlineExceeded)
			require.Equal(t, []string{"free"}, m.rows(t))
			require.Equal(t, cnerium.StateAbsent, lookup(t, store, "k").State)
		})
	}
}

func TestADuplicateWaitsAsLongAsItMay(t *testing.T) {
	t.Parallel()
	m, store := newStore(t, pgstore.Options{})
	other := m.open(t, pgstore.Options{})
	began := make(chan struct{})
	end := make(chan struct{})
	var first sync.WaitGroup
	first.Go(func() {
		_, err := store.Transact(t.Context(), claim("k"), func(ctx context.Context, _ int) (cnerium.Outcome, error) {
			close(began)
			<-end
			return outcome("first"), m.insert(ctx, "first")
		})
		require.NoError(t, err)
	})
	<-began
	for _, wait := range []time.Duration{0, 50 * time.Millisecond} {
		c := claim("k")
		c.Wait = wait
		record, err := other.Transact(t.Context(), c, never(t))
		require.NoError(t, err)
		require.Equal(t, cnerium.StateReserved, record.State)
		require.Zero(t, record.Attempt)
		require.False(t, record.Since.IsZero())
	}
	var second sync.WaitGroup
	second.Go(func() {
		record, err := other.Transact(t.Context(), claim("k"), never(t))
		require.NoError(t, err)
		require.Equal(t, "first", record.Response.Body)
	})
	close(end)
	first.Wait()
	second.Wait()
	require.Equal(t, []string{"first"}, m.rows(t))
}

func TestTheLimitOfWaitingIsNotTheHandlers(t *testing.T) {
	t.Parallel()
	_, store := newStore(t, pgstore.Options{})
	c := claim("k")
	c.Wait = 0
	_, err := store.Transact(t.Context(), c, func(ctx context.Context, _ int) (cnerium.Outcome, error) {
		var timeout string
		err := pgstore.TxFrom(ctx).QueryRow(ctx, "SHOW lock_timeout").Scan(&timeout)
		require.Equal(t, "0", timeout)
		return outcome("done"), err
	})
	require.NoError(t, err)
}

// TestAConflictSaysThatTheHandlerMayRunAgain has two handlers that read what
// the other one writes, and hide from the store what became of it.
func TestAConflictSaysThatTheHandlerMayRunAgain(t *testing.T) {
	t.Parallel()
	for _, hides := range []error{nil, errHandler} {
		t.Run(fmt.Sprint(hides), func(t *testing.T) {
			t.Parallel()
			m, store := newStore(t, pgstore.Options{Isolation: pgx.Serializable})
			var both sync.WaitGroup
			both.Add(2)
			errs := make([]error, 2)
			together(2, func(i int) {
				_, errs[i] = store.Transact(t.Context(), claim(fmt.Sprint(i)), func(ctx context.Context, _ int) (cnerium.Outcome, error) {
					var n int
					tx := pgstore.TxFrom(ctx)
					if err := tx.QueryRow(ctx, "SELECT count(*) FROM "+m.schema+".app_rows").Scan(&n); err != nil {
						return cnerium.Outcome{}, err
					}
					both.Done()
					both.Wait()
					o := outcome("done")
					if m.insert(ctx, "row") != nil {
						o.Discard = true
						return o, hides
					}
					return o, nil
				})
			})
			failed := errors.Join(errs...)
			require.ErrorIs(t, failed, cnerium.ErrSerialization)
			require.True(t, errs[0] == nil || errs[1] == nil, failed)
			require.Len(t, m.rows(t), 1)
		})
	}
}

func TestADeadlockSaysThatTheHandlerMayRunAgain(t *testing.T) {
	t.Parallel()
	m, store := newStore(t, pgstore.Options{})
	m.exec(t, "INSERT INTO "+m.schema+".app_rows (row) VALUES ('0'), ('1')")
	var both sync.WaitGroup
	both.Add(2)
	errs := make([]error, 2)
	together(2, func(i int) {
		_, errs[i] = store.Transact(t.Context(), claim(fmt.Sprint(i)), func(ctx context.Context, _ int) (cnerium.Outcome, error) {
			lock := "SELECT 1 FROM " + m.schema + ".app_rows WHERE row = $1 FOR UPDATE"
			tx := pgstore.TxFrom(ctx)
			if _, err := tx.Exec(ctx, lock, fmt.Sprint(i)); err != nil {
				return cnerium.Outcome{}, err
			}
			both.Done()
			both.Wait()
			if _, err := tx.Exec(ctx, lock, fmt.Sprint(1-i)); err != nil {
				return cnerium.Outcome{}, errHandler
			}
			return outcome("done"), nil
		})
	})
	failed := errors.Join(errs...)
	require.ErrorIs(t, failed, cnerium.ErrSerialization)
	require.True(t, errs[0] == nil || errs[1] == nil, failed)
}

func TestWhatTheServerRefusesAtCommitIsSaidToBeRefused(t *testing.T) {
	t.Parallel()
	m, store := newStore(t, pgstore.Options{})
	m.exec(t, "ALTER TABLE "+m.schema+".app_rows ADD UNIQUE (row) DEFERRABLE INITIALLY DEFERRED")
	_, err := store.Transact(t.Context(), claim("k"), func(ctx context.Context, _ int) (cnerium.Outcome, error) {
		return outcome("done"), errors.Join(m.insert(ctx, "same"), m.insert(ctx, "same"))
	})
	require.ErrorIs(t, err, cnerium.ErrRefused)
	require.Empty(t, m.rows(t))
	require.Equal(t, cnerium.StateAbsent, lookup(t, store, "k").State)
}

// TestAHandlerThatSpoilsItsTransactionStoresNothing goes through what a
// handler must not do.
func TestAHandlerThatSpoilsItsTransactionStoresNothing(t *testing.T) {
	t.Parallel()
	for _, spoil := range []string{"SELECT 1/0", "ROLLBACK", "ROLLBACK AND CHAIN", "ROLLBACK; BEGIN"} {
		t.Run(spoil, func(t *testing.T) {
			t.Parallel()
			m, store := newStore(t, pgstore.Options{})
			_, err := store.Transact(t.Context(), claim("k"), func(ctx context.Context, _ int) (cnerium.Outcome, error) {
				require.NoError(t, m.insert(ctx, "before"))
				_, _ = pgstore.TxFrom(ctx).Exec(ctx, spoil, pgx.QueryExecModeSimpleProtocol)
				_ = m.insert(ctx, "after")
				return outcome("done"), nil
			})
			require.Error(t, err)
			require.NotErrorIs(t, err, cnerium.ErrSerialization)
			require.Empty(t, m.rows(t))
			require.Equal(t, cnerium.StateAbsent, lookup(t, store, "k").State)
			events, err := store.Events(t.Context(), "", 10)
			require.NoError(t, err)
			require.Empty(t, events)
		})
	}
}

func TestAHandlerThatCommitsLeavesItsOutcomeUnknown(t *testing.T) {
	t.Parallel()
	m, store := newStore(t, pgstore.Options{})
	_, err := store.Transact(t.Context(), claim("k"), func(ctx context.Context, _ int) (cnerium.Outcome, error) {
		require.NoError(t, m.insert(ctx, "before"))
		_, err := pgstore.TxFrom(ctx).Exec(ctx, "COMMIT")
		require.NoError(t, err)
		require.ErrorIs(t, m.insert(ctx, "after"), pgstore.ErrTxDone)
		return outcome("done"), nil
	})
	require.ErrorContains(t, err, "the handler ended the transaction")
	require.Equal(t, []string{"before"}, m.rows(t))
	record, err := store.Transact(t.Context(), claim("k"), never(t))
	require.NoError(t, err)
	require.Equal(t, cnerium.StateReserved, record.State)
}

func TestARefusalAfterAnErrorOfTheServerIsStored(t *testing.T) {
	t.Parallel()
	m, store := newStore(t, pgstore.Options{})
	m.exec(t, "ALTER TABLE "+m.schema+".app_rows ADD UNIQUE (row)")
	m.exec(t, "INSERT INTO "+m.schema+".app_rows (row) VALUES ('taken')")
	_, err := store.Transact(t.Context(), claim("k"), func(ctx context.Context, _ int) (cnerium.Outcome, error) {
		require.NoError(t, m.insert(ctx, "before"))
		require.Error(t, m.insert(ctx, "taken"))
		o := outcome("it is taken")
		o.Discard = true
		return o, nil
	})
	require.NoError(t, err)
	require.Equal(t, []string{"taken"}, m.rows(t))
	requireCommitted(t, store, "k", "it is taken")
}

// TestADuplicateSeesWhatItHasWaitedFor has one on another node that comes while
// the first is being committed.
func TestADuplicateSeesWhatItHasWaitedFor(t *testing.T) {
	t.Parallel()
	for _, isolation := range []pgx.TxIsoLevel{"", pgx.RepeatableRead} {
		t.Run(string(isolation), func(t *testing.T) {
			t.Parallel()
			m, first := newStore(t, pgstore.Options{Isolation: isolation})
			stores := []store{{Store: first, medium: m}, {Store: m.open(t, pgstore.Options{Isolation: isolation}), medium: m}}
			for i := range 40 {
				key := fmt.Sprint(i)
				var ran atomic.Int32
				together(2, func(which int) {
					record, err := persistent{stores[which]}.Transact(t.Context(), claim(key), func(ctx context.Context, _ int) (cnerium.Outcome, error) {
						ran.Add(1)
						return outcome(key), m.insert(ctx, key)
					})
					require.NoError(t, err)
					require.Equal(t, key, record.Response.Body)
				})
				require.EqualValues(t, 1, ran.Load())
			}
			require.Len(t, m.rows(t), 40)
		})
	}
}

// TestAReservationDuringAHandlerUndoesIt is of an operation that was a plain
// one on another node, of an older version perhaps.
func TestAReservationDuringAHandlerUndoesIt(t *testing.T) {
	t.Parallel()
	m, store := newStore(t, pgstore.Options{})
	other := m.open(t, pgstore.Options{})
	var lease *cnerium.Lease
	_, err := store.Transact(t.Context(), claim("k"), func(ctx context.Context, _ int) (cnerium.Outcome, error) {
		lease = reserve(t, other, "k")
		return outcome("undone"), m.insert(ctx, "undone")
	})
	require.ErrorIs(t, err, cnerium.ErrSerialization)
	require.Empty(t, m.rows(t))
	record, err := store.Transact(t.Context(), claim("k"), never(t))
	require.NoError(t, err)
	require.Equal(t, cnerium.StateReserved, record.State)
	commit(t, other, lease, outcome("reserved"))
	requireCommitted(t, store, "k", "reserved")
}

// TestAHandlerThatBeginsAnewLeavesItsOutcomeUnknown hides from the connection
// that the transaction is another one.
func TestAHandlerThatBeginsAnewLeavesItsOutcomeUnknown(t *testing.T) {
	t.Parallel()
	m, store := newStore(t, pgstore.Options{})
	_, err := store.Transact(t.Context(), claim("k"), func(ctx context.Context, _ int) (cnerium.Outcome, error) {
		require.NoError(t, m.insert(ctx, "before"))
		_, err := pgstore.TxFrom(ctx).Exec(ctx, "COMMIT; BEGIN")
		require.NoError(t, err)
		return outcome("done"), m.insert(ctx, "after")
	})
	require.ErrorContains(t, err, "the handler ended the transaction")
	require.Equal(t, []string{"before"}, m.rows(t))
	record, err := store.Transact(t.Context(), claim("k"), never(t))
	require.NoError(t, err)
	require.Equal(t, cnerium.StateReserved, record.State)
}

// TestAHandlerThatDeallocatesSpoilsItsOwnRequestOnly takes away from a
// connection, which is the only one, what was prepared on it.
func TestAHandlerThatDeallocatesSpoilsItsOwnRequestOnly(t *testing.T) {
	t.Parallel()
	m := newMedium(t)
	opts := &pgstore.Options{Schema: m.schema, NoListen: true}
	store, err := pgstore.Open(t.Context(), withPool(t, m.url, "1"), opts)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, store.Close()) })
	m.table(t)
	request := func(key, statement string) error {
		_, err := store.Transact(t.Context(), claim(key), func(ctx context.Context, _ int) (cnerium.Outcome, error) {
			_, err := pgstore.TxFrom(ctx).Exec(ctx, statement)
			return silent(key), errors.Join(err, m.insert(ctx, key))
		})
		return err
	}
	require.NoError(t, request("before", "SELECT 1"))
	for i := range 3 {
		spoiled, next := fmt.Sprint("spoiled ", i), fmt.Sprint("next ", i)
		require.Error(t, request(spoiled, "DEALLOCATE ALL"))
		require.Equal(t, cnerium.StateAbsent, lookup(t, store, spoiled).State)
		require.NoError(t, request(next, "SELECT 1"))
		requireCommitted(t, store, next, next)
	}
	require.Equal(t, []string{"before", "next 0", "next 1", "next 2"}, m.rows(t))
}
