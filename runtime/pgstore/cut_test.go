package pgstore_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cnerium/cnerium-go/internal/pgtest"
	cnerium "github.com/cnerium/cnerium-go/runtime"
	"github.com/cnerium/cnerium-go/runtime/pgstore"
)

// proxied opens a store with one connection, which goes through a proxy.
func proxied(t *testing.T, mode string) (medium, *pgtest.Proxy, *pgstore.Store) {
	t.Helper()
	m := newMedium(t)
	proxy := pgtest.NewProxy(t, m.url)
	url := withPool(t, withMode(t, proxy.URL(), mode), "1")
	store, err := pgstore.Open(t.Context(), url, &pgstore.Options{Schema: m.schema, NoListen: true})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, store.Close()) })
	m.table(t)
	return m, proxy, store
}

// inModes runs a test on such a store twice: with statements sent as pgx does by
// default, and as a pooler needs it.
func inModes(t *testing.T, test func(t *testing.T, m medium, proxy *pgtest.Proxy, store *pgstore.Store)) {
	t.Helper()
	t.Parallel()
	for _, mode := range []string{"cache_statement", "exec"} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			m, proxy, store := proxied(t, mode)
			test(t, m, proxy, store)
		})
	}
}

// eachCut has statements prepared, learns the steps of an operation, and runs it
// once for each place at which its connection can be cut. The keys tell the runs
// apart.
func eachCut(t *testing.T, proxy *pgtest.Proxy, run func(key string)) {
	t.Helper()
	for i := range 3 {
		run(fmt.Sprint("prepare ", i))
	}
	steps := proxy.Record(func() { run("learn") })
	require.NotEmpty(t, steps)
	for i, point := range pgtest.Points(steps) {
		proxy.Arm(point)
		run(fmt.Sprint("cut ", i, " ", point))
		proxy.Disarm()
	}
}

// TestACutWhileAHandlerIsCommittedIsResolvedByTheRetry cuts each step of a
// transactional request, and has the client come again: the handler's row is
// there once, and all that was ever answered is the same.
func TestACutWhileAHandlerIsCommittedIsResolvedByTheRetry(t *testing.T) {
	inModes(t, func(t *testing.T, m medium, proxy *pgtest.Proxy, store *pgstore.Store) {
		var want []string
		unknown := 0
		eachCut(t, proxy, func(key string) {
			runs := 0
			body := ""
			transact := func() (cnerium.Record, error) {
				return store.Transact(t.Context(), claim(key), func(ctx context.Context, _ int) (cnerium.Outcome, error) {
					runs++
					body = fmt.Sprint(key, " run ", runs)
					return silent(body), m.insert(ctx, key)
				})
			}
			record, err := transact()
			proxy.Disarm() // the client's retry is not cut
			if err == nil {
				require.Equal(t, body, record.Response.Body)
			} else {
				unknown++
			}
			again, err := transact()
			require.NoError(t, err, key)
			require.Equal(t, cnerium.StateCommitted, again.State)
			require.Equal(t, body, again.Response.Body, key)
			if !record.Response.IsZero() {
				require.Equal(t, record.Response.Body, again.Response.Body, key)
			}
			want = append(want, key)
		})
		require.Equal(t, want, m.rows(t))
		require.Positive(t, unknown, "no cut was felt")
	})
}

func TestACutWhileAnOutcomeIsCommittedStoresItOnce(t *testing.T) {
	inModes(t, func(t *testing.T, _ medium, proxy *pgtest.Proxy, store *pgstore.Store) {
		keys := 0
		eachCut(t, proxy, func(key string) {
			_, lease, err := store.Reserve(t.Context(), claim(key))
			require.NoError(t, err, key)
			require.NotNil(t, lease, key)
			require.NoError(t, store.Renew(t.Context(), lease, claim(key).Lease), key)
			cursor, err := store.Commit(t.Context(), lease, outcome(key))
			require.NoError(t, err, key)
			record := lookup(t, store, key)
			require.Equal(t, cursor, record.Cursor)
			requireCommitted(t, store, key, key)
			keys++
		})
		events, err := store.Events(t.Context(), "", 10_000)
		require.NoError(t, err)
		require.Len(t, events, keys)
	})
}

// A release that is cut may have happened. Then it says so, or that it does
// not know.
func TestACutWhileARecordIsReleasedIsNoSuccessThatWasNone(t *testing.T) {
	inModes(t, func(t *testing.T, _ medium, proxy *pgtest.Proxy, store *pgstore.Store) {
		eachCut(t, proxy, func(key string) {
			lease := reserve(t, store, key)
			err := store.Release(t.Context(), lease)
			state := lookup(t, store, key).State
			if err == nil {
				require.Equal(t, cnerium.StateAbsent, state, key)
				return
			}
			require.NotErrorIs(t, err, cnerium.ErrLeaseLost, key)
		})
	})
}

func TestReadsAreRepeatedWhenTheirConnectionIsCut(t *testing.T) {
	inModes(t, func(t *testing.T, _ medium, proxy *pgtest.Proxy, store *pgstore.Store) {
		cursor := commit(t, store, reserve(t, store, "k"), outcome("done"))
		eachCut(t, proxy, func(string) {
			requireCommitted(t, store, "k", "done")
			head, err := store.Head(t.Context())
			require.NoError(t, err)
			require.Equal(t, cursor, head)
			events, err := store.Events(t.Context(), "", 10)
			require.NoError(t, err)
			require.Len(t, events, 1)
			require.NoError(t, store.MarkPublished(t.Context(), "mail", cursor))
			published, err := store.Published(t.Context(), "mail")
			require.NoError(t, err)
			require.Equal(t, cursor, published)
		})
	})
}

// TestAServerThatDoesNotAnswerHoldsNobody has the connection hang, as behind a
// firewall that forgets it.
func TestAServerThatDoesNotAnswerHoldsNobody(t *testing.T) {
	t.Parallel()
	_, proxy, store := proxied(t, "")
	lease := reserve(t, store, "k")
	proxy.Arm(pgtest.Point{Side: pgtest.Client, N: 1, Hang: true})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() {
		_, err := store.Commit(ctx, lease, outcome("done"))
		ended <- err
	}()
	require.Eventually(t, func() bool { return !proxy.Armed() }, 10*time.Second, time.Millisecond)
	cancel()
	require.ErrorIs(t, <-ended, context.Canceled)
	proxy.Release()
	proxy.Disarm()
	commit(t, store, lease, outcome("done"))
	requireCommitted(t, store, "k", "done")
}

// TestACommitThatIsNotAnsweredEndsInTime has the connection hang when a handler
// is done: whether it was committed is found out, but not waited for forever.
func TestACommitThatIsNotAnsweredEndsInTime(t *testing.T) {
	t.Parallel()
	m, proxy, store := proxied(t, "")
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	_, err := store.Transact(ctx, claim("k"), func(ctx context.Context, _ int) (cnerium.Outcome, error) {
		defer proxy.Arm(pgtest.Point{Side: pgtest.Client, N: 1, Hang: true})
		return silent("hung"), m.insert(ctx, "hung")
	})
	require.ErrorContains(t, err, "the answer to the commit was lost")
	require.NoError(t, ctx.Err())
	proxy.Release()
	proxy.Disarm()
	_, err = store.Transact(t.Context(), claim("k"), m.writing("again", silent("again")))
	require.NoError(t, err)
	require.Equal(t, []string{"again"}, m.rows(t))
}
