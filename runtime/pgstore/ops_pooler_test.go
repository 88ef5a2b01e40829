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
	"github.com/cnerium/cnerium-go/runtime/storetest"
)

// behind is a schema whose stores work through PgBouncer in transaction mode,
// and listen at the server itself.
type behind struct {
	medium

	pooler string
}

func (b behind) open(tb testing.TB, opts pgstore.Options) store {
	tb.Helper()
	opts.Schema, opts.ListenURL = b.schema, b.url
	opened, err := pgstore.Open(context.Background(), withMode(tb, b.pooler, "exec"), &opts)
	require.NoError(tb, err)
	return store{Store: opened, medium: b.medium}
}

// TestStoreBehindPgBouncerKeepsTheLaw runs the whole law as docs/scale.md says
// that a pooler is used.
func TestStoreBehindPgBouncerKeepsTheLaw(t *testing.T) {
	t.Parallel()
	notRaced(t)
	for name, portable := range map[string]bool{"tickets": false, "portable": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if portable {
				onlyLong(t)
			}
			pooler := pgtest.Start(t).Pooler(t)
			join := func(t *testing.T, m medium, now func() time.Time) cnerium.Store {
				t.Helper()
				return behind{medium: m, pooler: pooler.URL()}.open(t, pgstore.Options{
					Now: now, Portable: portable,
					EventRetention:       storetest.EventRetention,
					UnpublishedRetention: storetest.UnpublishedRetention,
					MaxEvents:            storetest.MaxEvents,
				})
			}
			storetest.Run(t, storetest.Config{
				Open: func(t *testing.T, now func() time.Time) cnerium.Store {
					m := newMedium(t)
					opened := join(t, m, now)
					m.table(t)
					return opened
				},
				Join: func(t *testing.T, other cnerium.Store, now func() time.Time) cnerium.Store {
					return join(t, other.(store).medium, now)
				},
				Write: writeRow,
				Rows:  readRows,
			})
		})
	}
}

// TestNodesBehindPgBouncerHearOfEachOther has a pooler with two connections to
// the server and more clients than that, and restarts it.
func TestNodesBehindPgBouncerHearOfEachOther(t *testing.T) {
	t.Parallel()
	pooler := pgtest.Start(t).Pooler(t, "default_pool_size = 2")
	b := behind{medium: newMedium(t), pooler: pooler.URL()}
	_, err := pgstore.Open(t.Context(), with(t, b.pooler, "client_connection_check_interval", "1s"), nil)
	require.ErrorContains(t, err, "unsupported startup parameter")
	one, two := b.open(t, pgstore.Options{}), b.open(t, pgstore.Options{})
	defer func() { require.NoError(t, one.Close()) }()
	defer func() { require.NoError(t, two.Close()) }()
	b.table(t)
	ctx, cancel := context.WithCancel(t.Context())
	changed := make(chan struct{}, 1000)
	var watching sync.WaitGroup
	defer watching.Wait()
	defer cancel()
	watching.Go(func() { two.Watch(ctx, func() { changed <- struct{}{} }) })
	hears(t, changed) // once it listens

	commit(t, one, reserve(t, one, "plain"), outcome("plain"))
	hears(t, changed)
	together(12, func(i int) {
		key := string(rune('a' + i))
		_, err := one.Transact(t.Context(), claim(key), b.writing(key, outcome(key)))
		require.NoError(t, err)
	})
	hears(t, changed)
	require.Len(t, b.rows(t), 12)

	pooler.Stop(t, pgtest.Immediate)
	_, err = one.Lookup(t.Context(), claim("a").ID)
	require.Error(t, err)
	pooler.Start(t)
	requireCommitted(t, two, "a", "a")
	_, err = two.Transact(t.Context(), claim("a"), never(t))
	require.NoError(t, err)
	events, err := two.Events(t.Context(), "", 100)
	require.NoError(t, err)
	require.Len(t, events, 13)
}

func hears(t *testing.T, changed <-chan struct{}) {
	t.Helper()
	select {
	case <-changed:
	case <-time.After(30 * time.Second):
		require.Fail(t, "nothing was heard")
	}
}
