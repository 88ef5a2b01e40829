package cnerium_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	cnerium "github.com/cnerium/cnerium-go/runtime"
	"github.com/cnerium/cnerium-go/runtime/memstore"
	"github.com/cnerium/cnerium-go/runtime/sqlitestore"
)

func TestATransactionalHandlerHasTenSecondsByDefault(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store, err := sqlitestore.Open(t.Context(), ":memory:", nil)
		require.NoError(t, err)
		var runs atomic.Int64
		route := sell(func(ctx context.Context, _ sqlitestore.Tx, _ order) (*cnerium.Response, error) {
			runs.Add(1)
			<-ctx.Done()
			time.Sleep(5 * time.Second) // and it does not care
			return cnerium.NoContent(), nil
		})
		route.Wait = time.Minute
		app, do := inBubbleWith(t, store, &cnerium.Options{}, route)
		start := time.Now()
		require.Equal(t, http.StatusGatewayTimeout, do("k", body).Code)
		require.Equal(t, 10*time.Second, time.Since(start))
		// Its writes are undone already, and the store is free for others.
		_, lease, err := store.Reserve(t.Context(), cnerium.Claim{ID: cnerium.ID{Key: "other"}, Lease: time.Minute})
		require.NoError(t, err)
		require.NoError(t, store.Release(t.Context(), lease))
		require.Equal(t, 10*time.Second, time.Since(start))
		require.Equal(t, http.StatusGatewayTimeout, do("k", body).Code)
		require.Equal(t, 25*time.Second, time.Since(start), "the retry waited for the first to return, and ran")
		require.EqualValues(t, 2, runs.Load())
		require.NoError(t, app.Close(t.Context()))
	})
}

func TestAPlainHandlerIsAnsweredForWhenItsTimeIsOver(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var seen time.Duration
		start := time.Now()
		route := create(func(ctx context.Context, _ order) (*cnerium.Response, error) {
			<-ctx.Done()
			seen = time.Since(start)
			time.Sleep(time.Minute) // three leases
			return cnerium.Text(http.StatusOK, "late"), nil
		})
		route.Timeout, route.Lease, route.Wait = 7*time.Second, 20*time.Second, time.Hour
		app, do := inBubble(t, &cnerium.Options{}, route)
		require.Equal(t, http.StatusGatewayTimeout, do("k", body).Code)
		require.Equal(t, 7*time.Second, time.Since(start))
		late := do("k", body)
		require.Equal(t, "late", late.Body.String())
		require.Equal(t, "true", late.Header().Get("Idempotency-Replayed"))
		require.Equal(t, 67*time.Second, time.Since(start))
		require.Equal(t, 7*time.Second, seen)
		require.NoError(t, app.Close(t.Context()))
	})
}

func TestADuplicateThatDoesNotWaitIsAnsweredAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := memstore.New(nil)
		route := create(func(context.Context, order) (*cnerium.Response, error) {
			time.Sleep(time.Second)
			return cnerium.NoContent(), nil
		})
		route.Wait = cnerium.NoWait
		app, do := inBubbleWith(t, store, &cnerium.Options{}, route)
		go do("mine", body)
		synctest.Wait()
		rec, err := store.Lookup(t.Context(), cnerium.ID{Operation: "orders.create", Key: "mine"})
		require.NoError(t, err)
		_, _, err = store.Reserve(t.Context(), cnerium.Claim{
			ID: cnerium.ID{Operation: "orders.create", Key: "theirs"}, Fingerprint: rec.Fingerprint, Lease: time.Hour,
		})
		require.NoError(t, err)
		start := time.Now()
		for _, key := range []string{"mine", "theirs"} {
			require.Contains(t, do(key, body).Body.String(), cnerium.ProblemInFlight)
		}
		require.Zero(t, time.Since(start))
		require.NoError(t, app.Close(t.Context()))
	})
}

// counting is a store that counts sweeps, and renewals that it may refuse.
type counting struct {
	cnerium.Store
	mu       sync.Mutex
	sweeps   []int // what each removed
	failures int   // renewals that are still to fail
	renewed  int
}

func (s *counting) Sweep(ctx context.Context, limit int) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n, err := s.Store.Sweep(ctx, limit)
	s.sweeps = append(s.sweeps, n)
	return n, err
}

func (s *counting) swept() []int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.sweeps)
}

func (s *counting) Renew(ctx context.Context, lease *cnerium.Lease, d time.Duration) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failures > 0 {
		s.failures--
		return errors.New("the disk is busy")
	}
	s.renewed++
	return s.Store.Renew(ctx, lease, d)
}

func TestExpiredRecordsAreSweptAtTheIntervalInBoundedSteps(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := &counting{Store: memstore.New(nil)}
		route := create(accept())
		route.Retention = 30 * time.Second
		app, do := inBubbleWith(t, store, &cnerium.Options{SweepInterval: time.Minute}, route)
		for i := range 1200 {
			require.Equal(t, http.StatusCreated, do(strconv.Itoa(i), body).Code)
		}
		time.Sleep(time.Minute - time.Nanosecond)
		require.Empty(t, store.swept())
		require.Equal(t, http.StatusCreated, do("stays", body).Code)
		time.Sleep(time.Second)
		require.Equal(t, []int{500, 500, 200}, store.swept())
		require.Equal(t, "true", do("stays", body).Header().Get("Idempotency-Replayed"))
		time.Sleep(time.Minute)
		require.Equal(t, []int{500, 500, 200, 1}, store.swept())
		require.NoError(t, app.Close(t.Context()))
		time.Sleep(time.Hour)
		require.Len(t, store.swept(), 4, "Close stops the sweeper")
	})
}

func TestRequestsGoOnBetweenTheStepsOfASweep(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := &slowSweep{Store: memstore.New(nil)}
		route := create(accept())
		app, do := inBubbleWith(t, store, &cnerium.Options{SweepInterval: time.Minute}, route)
		time.Sleep(time.Minute + time.Second)
		require.EqualValues(t, 1, store.begun.Load(), "a sweep is under way")
		start := time.Now()
		require.Equal(t, http.StatusCreated, do("k", body).Code)
		require.Zero(t, time.Since(start))
		require.NoError(t, app.Close(t.Context()))
	})
}

// slowSweep is a store whose sweeps always have more to do.
type slowSweep struct {
	cnerium.Store
	begun atomic.Int64
}

func (s *slowSweep) Sweep(ctx context.Context, limit int) (int, error) {
	s.begun.Add(1)
	select {
	case <-time.After(time.Hour):
	case <-ctx.Done():
	}
	return limit, ctx.Err()
}

func TestTheHeartbeatTriesAgainAfterAnErrorOfTheStore(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := &counting{Store: memstore.New(nil), failures: 1}
		route := create(func(ctx context.Context, _ order) (*cnerium.Response, error) {
			time.Sleep(55 * time.Second)
			return cnerium.Text(http.StatusOK, "done"), ctx.Err()
		})
		route.Lease, route.Timeout = 30*time.Second, time.Hour
		app, do := inBubbleWith(t, store, &cnerium.Options{}, route)
		done := make(chan *httptest.ResponseRecorder)
		go func() { done <- do("k", body) }()
		for range 54 {
			time.Sleep(time.Second)
			rec, err := store.Lookup(t.Context(), cnerium.ID{Operation: "orders.create", Key: "k"})
			require.NoError(t, err)
			require.Equal(t, cnerium.StateReserved, rec.State)
		}
		require.Equal(t, "done", (<-done).Body.String())
		require.Equal(t, 4, store.renewed) // after 20, 30, 40 and 50 seconds
		require.NoError(t, app.Close(t.Context()))
	})
}

func TestCloseLetsThoseWhoWaitHaveTheirAnswer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		route := create(func(context.Context, order) (*cnerium.Response, error) {
			time.Sleep(3 * time.Second)
			return cnerium.Text(http.StatusOK, "done"), nil
		})
		app, do := inBubble(t, &cnerium.Options{}, route)
		answers := make(chan *httptest.ResponseRecorder, 2)
		for range 2 {
			go func() { answers <- do("k", body) }()
		}
		time.Sleep(time.Second)
		start := time.Now()
		require.NoError(t, app.Close(t.Context()))
		require.Equal(t, 2*time.Second, time.Since(start))
		for range 2 {
			require.Equal(t, "done", (<-answers).Body.String())
		}
	})
}

func TestCloseEndsTheWaitForAnotherProcess(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := memstore.New(nil)
		app, do := inBubbleWith(t, store, &cnerium.Options{}, create(accept()))
		do("first", body)
		rec, err := store.Lookup(t.Context(), cnerium.ID{Operation: "orders.create", Key: "first"})
		require.NoError(t, err)
		_, _, err = store.Reserve(t.Context(), cnerium.Claim{
			ID: cnerium.ID{Operation: "orders.create", Key: "theirs"}, Fingerprint: rec.Fingerprint, Lease: time.Hour,
		})
		require.NoError(t, err)
		answer := make(chan *httptest.ResponseRecorder)
		go func() { answer <- do("theirs", body) }()
		time.Sleep(time.Second)
		start := time.Now()
		require.NoError(t, app.Close(t.Context()))
		got := <-answer
		require.Equal(t, http.StatusServiceUnavailable, got.Code)
		require.NotEmpty(t, got.Header().Get("Retry-After"))
		require.LessOrEqual(t, time.Since(start), 250*time.Millisecond, "of the bubble's clock")
	})
}
