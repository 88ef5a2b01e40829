package cnerium_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	cnerium "github.com/cnerium/cnerium-go/runtime"
	"github.com/cnerium/cnerium-go/runtime/sqlitestore"
)

// The mistakes about who holds a key, and for how long.

// clock is the wall clock, set forward by a test. The zero value goes right.
type clock struct{ ahead atomic.Int64 }

func (c *clock) now() time.Time { return time.Now().Add(time.Duration(c.ahead.Load())) }

// neighbours are two applications on one store, as two processes would be.
func (m mode) neighbours(t *testing.T, now *clock, route cnerium.Route) (one, two *service) {
	t.Helper()
	store := m.open(t, now)
	closeUnlessFailed(t, store)
	return m.run(t, unclosed{store}, nil, route), m.run(t, unclosed{store}, nil, route)
}

// closeUnlessFailed closes a store that several applications share, after
// them.
func closeUnlessFailed(t *testing.T, store cnerium.Store) {
	t.Helper()
	t.Cleanup(func() {
		if !t.Failed() {
			require.NoError(t, store.Close())
		}
	})
}

func inEachPlainMode(t *testing.T, test func(t *testing.T, m mode)) {
	t.Helper()
	inEachMode(t, func(t *testing.T, m mode) {
		if m.transaction != "" {
			t.Skip("a transactional handler has no lease")
		}
		test(t, m)
	})
}

// blocking is a handler whose first run waits; each run answers its number.
func blocking(started chan<- struct{}, release <-chan struct{}) cnerium.Handler {
	var runs atomic.Int64
	return func(req *cnerium.Request) (*cnerium.Response, error) {
		run := runs.Add(1)
		if run == 1 {
			close(started)
			<-release
		}
		return cnerium.Text(http.StatusCreated, fmt.Sprintf("run %d, attempt %d", run, req.Attempt())), nil
	}
}

// TestMistakeAHandlerThatOutlivesItsLeaseRunsTwice has a handler that is done
// only after its lease has been renewed for longer than it would have lasted.
func TestMistakeAHandlerThatOutlivesItsLeaseRunsTwice(t *testing.T) {
	inEachPlainMode(t, func(t *testing.T, m mode) {
		store := &renewals{Store: m.open(t, &clock{}), done: make(chan struct{}, 64)}
		closeUnlessFailed(t, store)
		started := make(chan struct{})
		route := cnerium.Route{
			Lease: time.Second, Wait: cnerium.NoWait, Recover: cnerium.Rerun,
			Handler: func(*cnerium.Request) (*cnerium.Response, error) {
				close(started) // twice panics
				for range 4 {
					<-store.done
				}
				return cnerium.Text(http.StatusCreated, "done"), nil
			},
		}
		one, two := m.run(t, unclosed{store}, nil, route), m.run(t, unclosed{store}, nil, route)
		first := one.background(request{key: "k", body: body})
		<-started
		two.do(request{key: "k", body: body}).problem(t, http.StatusConflict, cnerium.ProblemInFlight)
		for {
			select {
			case r := <-first:
				two.do(request{key: "k", body: body}).replayed(t, r)
				require.Zero(t, two.runs.Load())
				return
			case <-time.After(10 * time.Millisecond):
				two.do(request{key: "k", body: body})
			}
		}
	})
}

// renewals is a store that tells of each renewal.
type renewals struct {
	cnerium.Store
	done chan struct{}
}

func (s *renewals) Renew(ctx context.Context, lease *cnerium.Lease, d time.Duration) error {
	err := s.Store.Renew(ctx, lease, d)
	if err == nil {
		s.done <- struct{}{}
	}
	return err
}

// TestMistakeAHandlerWhoseLeaseRanOutRunsTwice has a handler whose lease was
// not renewed, because the process stood still. With hold nobody else runs it,
// and what it returns in the end is its outcome.
func TestMistakeAHandlerWhoseLeaseRanOutRunsTwice(t *testing.T) {
	inEachPlainMode(t, func(t *testing.T, m mode) {
		now, started, release := &clock{}, make(chan struct{}), make(chan struct{})
		one, two := m.neighbours(t, now, cnerium.Route{Handler: blocking(started, release), Wait: cnerium.NoWait})
		late := one.background(request{key: "k", body: body})
		<-started
		two.do(request{key: "k", body: body}).problem(t, http.StatusConflict, cnerium.ProblemInFlight)
		now.ahead.Store(int64(time.Minute))
		two.do(request{key: "k", body: body}).problem(t, http.StatusConflict, cnerium.ProblemOutcomeUnknown)
		close(release)
		first := <-late
		require.Equal(t, "run 1, attempt 1", first.body)
		two.do(request{key: "k", body: body}).replayed(t, first)
		require.Zero(t, two.runs.Load())
	})
}

// TestMistakeALateHandlerOverwritesTheOutcomeOfItsSuccessor is the same with
// rerun: somebody else has run the handler meanwhile, and only that counts.
func TestMistakeALateHandlerOverwritesTheOutcomeOfItsSuccessor(t *testing.T) {
	inEachPlainMode(t, func(t *testing.T, m mode) {
		now, started, release := &clock{}, make(chan struct{}), make(chan struct{})
		one, two := m.neighbours(t, now, cnerium.Route{
			Handler: blocking(started, release), Wait: cnerium.NoWait, Recover: cnerium.Rerun,
		})
		late := one.background(request{key: "k", body: body})
		<-started
		now.ahead.Store(int64(time.Minute))
		successor := two.do(request{key: "k", body: body})
		require.Equal(t, "run 2, attempt 2", successor.body)
		close(release)
		(<-late).problem(t, http.StatusInternalServerError, cnerium.ProblemOutcomeUnknown)
		one.do(request{key: "k", body: body}).replayed(t, successor)
		two.do(request{key: "k", body: body}).replayed(t, successor)
	})
}

func TestMistakeAfterOneContentionTheKeyStays409(t *testing.T) {
	inEachMode(t, func(t *testing.T, m mode) {
		started, release := make(chan struct{}), make(chan struct{})
		fail := true
		s := m.run(t, m.open(t, &clock{}), nil, cnerium.Route{
			Wait: cnerium.NoWait,
			Handler: func(*cnerium.Request) (*cnerium.Response, error) {
				started <- struct{}{}
				<-release
				if fail {
					return nil, errors.New("not this time")
				}
				return cnerium.Text(http.StatusCreated, "done"), nil
			},
		})
		contend := func() reply {
			first := s.background(request{key: "k", body: body})
			<-started
			for range 3 {
				s.do(request{key: "k", body: body}).problem(t, http.StatusConflict, cnerium.ProblemInFlight)
			}
			release <- struct{}{}
			return <-first
		}
		contend().problem(t, http.StatusInternalServerError, "about:blank")
		fail = false
		first := contend()
		require.Equal(t, "done", first.body, "the failure has freed the key")
		s.do(request{key: "k", body: body}).replayed(t, first)
		require.EqualValues(t, 2, s.runs.Load())
	})
}

func TestMistakeAfterOneContentionBetweenProcessesTheKeyStays409(t *testing.T) {
	inEachPlainMode(t, func(t *testing.T, m mode) {
		started, release := make(chan struct{}), make(chan struct{})
		one, two := m.neighbours(t, &clock{}, cnerium.Route{Handler: blocking(started, release), Wait: cnerium.NoWait})
		first := one.background(request{key: "k", body: body})
		<-started
		for range 3 {
			two.do(request{key: "k", body: body}).problem(t, http.StatusConflict, cnerium.ProblemInFlight)
		}
		close(release)
		settled := <-first
		two.do(request{key: "k", body: body}).replayed(t, settled)
	})
}

// TestMistakeAPanickingHandlerTakesTheProcessDownOrLeavesALock: a plain
// handler's key can be seen and freed, a transactional one's is free, and what
// it has written is undone.
func TestMistakeAPanickingHandlerTakesTheProcessDownOrLeavesALock(t *testing.T) {
	inEachMode(t, func(t *testing.T, m mode) {
		panics := true
		s := m.alone(t, nil, func(req *cnerium.Request) (*cnerium.Response, error) {
			if m.transaction != "" {
				const insert = `CREATE TABLE written (key TEXT)`
				if _, err := sqlitestore.TxFrom(req.Context()).ExecContext(req.Context(), insert); err != nil {
					return nil, err
				}
			}
			if panics && req.Key() != "other" {
				panic(http.ErrAbortHandler) // the one that net/http itself lets pass
			}
			return cnerium.Text(http.StatusCreated, "done "+req.Key()), nil
		})
		crashed := s.do(request{key: "k", body: body})
		require.Equal(t, http.StatusInternalServerError, crashed.status)
		unknown, err := s.app.Unknown(t.Context(), 10)
		require.NoError(t, err)
		if m.transaction == "" {
			s.do(request{key: "k", body: body}).problem(t, http.StatusConflict, cnerium.ProblemOutcomeUnknown)
			require.Len(t, unknown, 1)
			require.Equal(t, cnerium.ID{Operation: "orders.create", Key: "k"}, unknown[0].ID)
			require.NoError(t, s.app.Resolve(t.Context(), unknown[0].ID, nil))
			require.Equal(t, http.StatusCreated, s.do(request{key: "other", body: body}).status)
		} else {
			require.Empty(t, unknown)
		}
		panics = false
		again := s.do(request{key: "k", body: body})
		require.Equal(t, "done k", again.body, "the table of the first run would be in the way")
		s.do(request{key: "k", body: body}).replayed(t, again)
	})
}
