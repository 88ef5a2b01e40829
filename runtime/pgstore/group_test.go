package pgstore_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	cnerium "github.com/cnerium/cnerium-go/runtime"
	"github.com/cnerium/cnerium-go/runtime/pgstore"
)

// together runs n calls at once and waits for all of them.
func together(n int, call func(i int)) {
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { call(i) })
	}
	wg.Wait()
}

func TestManyAtOnceEachGetTheirOwnResult(t *testing.T) {
	t.Parallel()
	m := newMedium(t)
	store := m.open(t, pgstore.Options{})
	const clients, rounds, keys = 64, 6, 40
	var mu sync.Mutex
	winners := map[string]string{}
	together(clients, func(c int) {
		for round := range rounds {
			key := fmt.Sprint((c*7+round*13)%keys, "-", round)
			_, lease, err := store.Reserve(t.Context(), claim(key))
			if err != nil || lease == nil {
				require.NoError(t, err)
				continue
			}
			body := fmt.Sprint(c, " ", round)
			mu.Lock()
			require.Empty(t, winners[key], "granted twice")
			winners[key] = body
			mu.Unlock()
			require.NoError(t, store.Renew(t.Context(), lease, time.Minute))
			_, err = store.Commit(t.Context(), lease, outcome(body))
			require.NoError(t, err)
			require.ErrorIs(t, store.Release(t.Context(), lease), cnerium.ErrLeaseLost)
		}
	})
	require.NotEmpty(t, winners)
	for key, body := range winners {
		requireCommitted(t, store, key, body)
	}
	events, err := store.Events(t.Context(), "", 1000)
	require.NoError(t, err)
	require.Len(t, events, len(winners))
}

// TestAnOperationThatFailsHarmsNoOther has one in each round that the server
// refuses, among those that wait for the same transaction.
func TestAnOperationThatFailsHarmsNoOther(t *testing.T) {
	t.Parallel()
	m := newMedium(t)
	store := m.open(t, pgstore.Options{})
	m.exec(t, "ALTER TABLE "+m.schema+".records ADD CHECK (body IS NULL OR body <> 'poison')")
	const clients, rounds = 16, 10
	for round := range rounds {
		together(clients, func(c int) {
			key := fmt.Sprint(round, "-", c)
			_, lease, err := store.Reserve(t.Context(), claim(key))
			require.NoError(t, err)
			if c == round {
				_, err = store.Commit(t.Context(), lease, outcome("poison"))
				require.Error(t, err)
				require.NotErrorIs(t, err, cnerium.ErrLeaseLost)
				return
			}
			_, err = store.Commit(t.Context(), lease, outcome(key))
			require.NoError(t, err)
			requireCommitted(t, store, key, key)
		})
		require.Equal(t, cnerium.StateReserved, lookup(t, store, fmt.Sprint(round, "-", round)).State)
	}
	events, err := store.Events(t.Context(), "", 1000)
	require.NoError(t, err)
	require.Len(t, events, rounds*(clients-1))
}

// TestWhoLeavesHarmsNoOther ends the contexts of some of those who wait.
func TestWhoLeavesHarmsNoOther(t *testing.T) {
	t.Parallel()
	m := newMedium(t)
	store := m.open(t, pgstore.Options{})
	const clients, rounds = 32, 10
	for round := range rounds {
		together(clients, func(c int) {
			key := fmt.Sprint(round, "-", c)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			if c%2 == 0 {
				go cancel()
			}
			_, lease, err := store.Reserve(ctx, claim(key))
			if c%2 == 0 && err != nil {
				require.ErrorIs(t, err, context.Canceled)
				return
			}
			require.NoError(t, err)
			_, err = store.Commit(ctx, lease, outcome(key))
			if c%2 == 0 {
				return
			}
			require.NoError(t, err)
			requireCommitted(t, store, key, key)
		})
	}
}

// TestOneRecordThatIsLockedHoldsUpNoOther locks a record as a transaction of
// another process does. The commit that waits for it goes straight through, or
// with others.
func TestOneRecordThatIsLockedHoldsUpNoOther(t *testing.T) {
	t.Parallel()
	m := newMedium(t)
	store := m.open(t, pgstore.Options{})
	locked := reserve(t, store, "locked")
	conn := m.connect(t)
	_, err := conn.Exec(t.Context(), "BEGIN")
	require.NoError(t, err)
	_, err = conn.Exec(t.Context(), "UPDATE "+m.schema+".records SET attempt = attempt")
	require.NoError(t, err)
	var waiting sync.WaitGroup
	waiting.Go(func() {
		_, err := store.Commit(t.Context(), locked, outcome("locked"))
		require.NoError(t, err)
	})
	var pid int
	require.NoError(t, conn.QueryRow(t.Context(), "SELECT pg_backend_pid()").Scan(&pid))
	for blocked := false; !blocked; {
		const query = "SELECT EXISTS (SELECT 1 FROM pg_stat_activity WHERE $1 = ANY (pg_blocking_pids(pid)))"
		require.NoError(t, conn.QueryRow(t.Context(), query, pid).Scan(&blocked))
	}
	for range 3 {
		together(8, func(int) {
			key := rand.Text()
			commit(t, store, reserve(t, store, key), outcome(key))
		})
	}
	_, err = conn.Exec(t.Context(), "ROLLBACK")
	require.NoError(t, err)
	waiting.Wait()
	requireCommitted(t, store, "locked", "locked")
}
