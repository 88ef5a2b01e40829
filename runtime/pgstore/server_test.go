package pgstore_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cnerium/cnerium-go/internal/pgtest"
	cnerium "github.com/cnerium/cnerium-go/runtime"
	"github.com/cnerium/cnerium-go/runtime/pgstore"
)

func TestAServerThatForgetsIsRefused(t *testing.T) {
	t.Parallel()
	m := newMedium(t)
	_, err := pgstore.Open(t.Context(), with(t, m.url, "synchronous_commit", "off"), &pgstore.Options{Schema: m.schema})
	require.ErrorContains(t, err, "synchronous_commit")
	unsafe := pgtest.NewCluster(t, "fsync = off")
	_, err = pgstore.Open(t.Context(), unsafe.URL(), nil)
	require.ErrorContains(t, err, "fsync")
}

func TestASynchronousStandbyIsRequired(t *testing.T) {
	t.Parallel()
	m := newMedium(t)
	opts := &pgstore.Options{Schema: m.schema, RequireSynchronousStandby: true}
	_, err := pgstore.Open(t.Context(), m.url, opts)
	require.ErrorContains(t, err, "synchronous_standby_names is empty")
	_, err = pgstore.Open(t.Context(), with(t, m.url, "synchronous_commit", "local"), opts)
	require.ErrorContains(t, err, "synchronous_commit is local")
}

func TestAServerThatTakesNoWritesFailsTheCheck(t *testing.T) {
	t.Parallel()
	m := newMedium(t)
	m.open(t, pgstore.Options{})
	store, err := pgstore.Open(t.Context(), with(t, m.url, "default_transaction_read_only", "on"),
		&pgstore.Options{Schema: m.schema})
	require.NoError(t, err)
	defer func() { require.NoError(t, store.Close()) }()
	require.ErrorContains(t, store.Check(t.Context()), "takes no writes")
}

// TestTheClockIsThatOfTheDatabase looks at what the store says of the time; the
// server's own tells whether it is right.
func TestTheClockIsThatOfTheDatabase(t *testing.T) {
	t.Parallel()
	m := newMedium(t)
	store := m.open(t, pgstore.Options{})
	conn := m.connect(t)
	var before, after time.Time
	require.NoError(t, conn.QueryRow(t.Context(), "SELECT clock_timestamp()").Scan(&before))
	lease := reserve(t, store, "k")
	require.NoError(t, conn.QueryRow(t.Context(), "SELECT clock_timestamp()").Scan(&after))
	record := lookup(t, store, "k")
	require.False(t, record.Since.Before(before.Truncate(time.Millisecond)) || record.Since.After(after))

	// A node whose clock is a day ahead asks the same database.
	ahead := m.open(t, pgstore.Options{})
	require.Equal(t, cnerium.StateReserved, lookup(t, ahead, "k").State)
	commit(t, store, lease, outcome("done"))
	m.exec(t, "UPDATE "+m.schema+".records SET due_at = 0")
	require.Equal(t, cnerium.StateAbsent, lookup(t, store, "k").State)
}

func TestWatchHearsOfCommitsElsewhere(t *testing.T) {
	t.Parallel()
	m := newMedium(t)
	store, other := m.open(t, pgstore.Options{}), m.open(t, pgstore.Options{ListenURL: m.url})
	ctx, cancel := context.WithCancel(t.Context())
	changed := make(chan struct{}, 100)
	var watching sync.WaitGroup
	watching.Go(func() { other.Watch(ctx, func() { changed <- struct{}{} }) })
	hears := func() {
		t.Helper()
		select {
		case <-changed:
		case <-time.After(30 * time.Second):
			require.Fail(t, "nothing was heard")
		}
	}
	hears() // once it listens
	commit(t, store, reserve(t, store, "plain"), outcome("plain"))
	hears()
	_, err := store.Transact(t.Context(), claim("transactional"), func(context.Context, int) (cnerium.Outcome, error) {
		return outcome("transactional"), nil
	})
	require.NoError(t, err)
	hears()
	m.exec(t, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%' AND pid <> pg_backend_pid()")
	hears() // it listens again
	cancel()
	watching.Wait()
}

func TestACrashOfTheServerLosesNothingThatWasAnswered(t *testing.T) {
	t.Parallel()
	server := pgtest.NewCluster(t)
	m := medium{url: server.URL(), schema: "ledger"}
	store := m.open(t, pgstore.Options{})
	m.table(t)
	const keys = 20
	for i := range keys {
		key := string(rune('a' + i))
		if i%2 == 0 {
			commit(t, store, reserve(t, store, key), outcome(key))
			continue
		}
		_, err := store.Transact(t.Context(), claim(key), m.writing(key, outcome(key)))
		require.NoError(t, err)
	}
	head, err := store.Head(t.Context())
	require.NoError(t, err)
	server.Stop(t, pgtest.Immediate)
	_, err = store.Lookup(t.Context(), claim("a").ID)
	require.Error(t, err)
	server.Start(t)
	for i := range keys {
		key := string(rune('a' + i))
		requireCommitted(t, store, key, key)
	}
	require.Len(t, m.rows(t), keys/2)
	again, err := store.Head(t.Context())
	require.NoError(t, err)
	require.Equal(t, head, again)
	cursor := commit(t, store, reserve(t, store, "after"), outcome("after"))
	events, err := store.Events(t.Context(), head, 10)
	require.NoError(t, err)
	require.Len(t, events, 1)
	require.Equal(t, cursor, events[0].Cursor)
}
