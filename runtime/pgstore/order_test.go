package pgstore_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	cnerium "github.com/cnerium/cnerium-go/runtime"
	"github.com/cnerium/cnerium-go/runtime/pgstore"
)

func TestOverlappingTransactionsLoseNoEventAndDoubleNone(t *testing.T) {
	t.Parallel()
	for _, portable := range []bool{false, true} {
		t.Run(fmt.Sprintf("portable=%t", portable), func(t *testing.T) {
			t.Parallel()
			overlap(t, pgstore.Options{Portable: portable})
		})
	}
}

// overlap has two nodes commit as fast as they can, some of it slowly and some
// of it for nothing, while others read on from where they are. A third node's
// readers begin at the cursors that commits have returned.
func overlap(t *testing.T, opts pgstore.Options) {
	const writers, rounds = 8, 30
	m := newMedium(t)
	nodes := []*pgstore.Store{m.open(t, opts), m.open(t, opts)}
	m.table(t)
	beginning, err := nodes[0].Head(t.Context())
	require.NoError(t, err)
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()

	var writing, reading sync.WaitGroup
	var committed atomic.Int64
	for w := range writers {
		writing.Go(func() { write(ctx, t, m, nodes[w%2], w, rounds, &committed) })
	}
	wrote := make(chan struct{})
	seen := make([][]string, 3)
	for i := range seen {
		reader := nodes[i%2]
		reading.Go(func() { seen[i] = follow(ctx, t, reader, beginning, 1+i*7, wrote, &committed) })
	}
	writing.Wait()
	close(wrote)
	reading.Wait()
	for i := range seen {
		require.Len(t, seen[i], int(committed.Load()), "reader %d", i)
		require.Equal(t, seen[0], seen[i], "reader %d", i)
	}
	unique := map[string]bool{}
	for _, id := range seen[0] {
		unique[id] = true
	}
	require.Len(t, unique, len(seen[0]))
}

// write commits plain and transactional, slow and fast, and undoes some of it.
func write(
	ctx context.Context, t *testing.T, m medium, store *pgstore.Store, w, rounds int, committed *atomic.Int64,
) {
	for i := range rounds {
		key := fmt.Sprint(w, "-", i)
		o := outcome(key)
		o.Events = append(o.Events, o.Events[0])
		if (w+i)%3 == 0 {
			_, lease, err := store.Reserve(ctx, claim(key))
			if err == nil {
				_, err = store.Commit(ctx, lease, o)
			}
			if err != nil {
				t.Errorf("plain: %v", err)
				return
			}
			committed.Add(2)
			continue
		}
		undone := (w+i)%5 == 0
		_, err := store.Transact(ctx, claim(key), func(ctx context.Context, _ int) (cnerium.Outcome, error) {
			err := m.insert(ctx, key)
			if err == nil && i%4 == 0 {
				_, err = pgstore.TxFrom(ctx).Exec(ctx, "SELECT pg_sleep($1)", float64(w)/200)
			}
			if err == nil && undone {
				err = errHandler
			}
			return o, err
		})
		switch {
		case undone:
			continue
		case err != nil:
			t.Errorf("transactional: %v", err)
			return
		}
		committed.Add(2)
	}
}

// follow reads page by page until it has all, or until nobody writes and
// nothing more comes.
func follow(
	ctx context.Context, t *testing.T, store *pgstore.Store, cursor string, page int,
	wrote <-chan struct{}, _ *atomic.Int64,
) []string {
	var seen []string
	for ctx.Err() == nil {
		var done bool
		select {
		case <-wrote:
			done = true
		default:
		}
		events, err := store.Events(ctx, cursor, page)
		if err != nil {
			t.Errorf("Events(%q): %v", cursor, err)
			return seen
		}
		for _, e := range events {
			seen = append(seen, e.ID)
			cursor = e.Cursor
		}
		if done && len(events) == 0 {
			return seen
		}
	}
	return seen
}

// TestAnEventIsHeldBackWhileAnEarlierOneIsUnderWay stands in the middle of a
// commit, by the statements that the store uses.
func TestAnEventIsHeldBackWhileAnEarlierOneIsUnderWay(t *testing.T) {
	t.Parallel()
	m := newMedium(t)
	store := m.open(t, pgstore.Options{})
	before, err := store.Head(t.Context())
	require.NoError(t, err)
	conn := m.connect(t)
	ticket := m.schema + ".event_ticket"
	_, err = conn.Exec(t.Context(), "BEGIN")
	require.NoError(t, err)
	class := "'" + ticket + "'::regclass::oid"
	_, err = conn.Exec(t.Context(), "SELECT pg_advisory_xact_lock_shared("+class+"::bigint << 32), "+
		"pg_advisory_xact_lock_shared("+class+"::integer, last_value::bit(32)::integer) FROM "+ticket)
	require.NoError(t, err)
	var early int64
	require.NoError(t, conn.QueryRow(t.Context(), "SELECT nextval('"+ticket+"')").Scan(&early))

	cursor := commit(t, store, reserve(t, store, "late"), outcome("late"))
	events, err := store.Events(t.Context(), before, 10)
	require.NoError(t, err)
	require.Empty(t, events, "an earlier commit is under way")
	head, err := store.Head(t.Context())
	require.NoError(t, err)
	require.Equal(t, before, head)

	_, err = conn.Exec(t.Context(), "INSERT INTO "+m.schema+".events VALUES ($1, 1, 0, 0, '', '', 'early', '', '{}')", early)
	require.NoError(t, err)
	_, err = conn.Exec(t.Context(), "COMMIT")
	require.NoError(t, err)
	events, err = store.Events(t.Context(), before, 10)
	require.NoError(t, err)
	require.Len(t, events, 2)
	require.Equal(t, "early", events[0].Type)
	events, err = store.Events(t.Context(), cursor, 10)
	require.NoError(t, err)
	require.Len(t, events, 2, "the cursor of the later commit must not hide the earlier one")
	require.Equal(t, cursor, lookup(t, store, "late").Cursor)
}

func TestATransactionThatEmitsNothingHoldsUpNoEvent(t *testing.T) {
	t.Parallel()
	m := newMedium(t)
	store := m.open(t, pgstore.Options{})
	m.table(t)
	_, err := store.Transact(t.Context(), claim("slow"), func(ctx context.Context, _ int) (cnerium.Outcome, error) {
		if err := m.insert(ctx, "slow"); err != nil {
			return cnerium.Outcome{}, err
		}
		cursor := commit(t, store, reserve(t, store, "fast"), outcome("fast"))
		head, err := store.Head(ctx)
		require.NoError(t, err)
		require.Equal(t, cursor, head)
		return outcome("slow"), nil
	})
	require.NoError(t, err)
}

func TestStoresThatOrderEventsDifferentlyDoNotShareASchema(t *testing.T) {
	t.Parallel()
	m := newMedium(t)
	m.open(t, pgstore.Options{})
	_, err := pgstore.Open(t.Context(), m.url, &pgstore.Options{Schema: m.schema, Portable: true})
	require.ErrorContains(t, err, "Portable")
}
