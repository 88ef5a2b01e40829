package sqlitestore

import (
	"context"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"
)

func newWaiter(urgent bool) *task { return newTask(exclusive, urgent, nil) }

// take waits for the writer, which the caller has to give back.
func take(ctx context.Context, q *queue, urgent bool) error {
	_, err := q.wait(ctx, newWaiter(urgent))
	return err
}

func TestTheWriterGoesToTheUrgentFirstAndElseInOrder(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var q queue
		require.NoError(t, take(t.Context(), &q, false))
		var order []int
		for i, urgent := range []bool{false, true, false, true} {
			go func() {
				if take(t.Context(), &q, urgent) == nil {
					order = append(order, i) // the writer guards it
					q.give()
				}
			}()
			synctest.Wait()
		}
		require.Equal(t, 4, q.length())
		q.give()
		synctest.Wait()
		require.Equal(t, []int{1, 3, 0, 2}, order)
		require.NoError(t, take(t.Context(), &q, false), "it is free again")
	})
}

func TestTheQueueSurvivesWaitersThatLeave(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var q queue
		require.NoError(t, take(t.Context(), &q, false))
		for range 100 {
			ctx, cancel := context.WithCancel(t.Context())
			go func() {
				if take(ctx, &q, true) == nil {
					q.give()
				}
			}()
			synctest.Wait()
			go cancel()
			go func() { // gives in the same moment
				q.give()
				_ = take(context.WithoutCancel(ctx), &q, false)
			}()
			synctest.Wait()
		}
		require.Zero(t, q.length())
		q.give()
		synctest.Wait()
		require.NoError(t, take(t.Context(), &q, false), "no turn was lost")
		require.ErrorIs(t, take(canceled(t), &q, false), context.Canceled)
	})
}

func TestATaskIsTakenOutOfTheQueueOnlyIfItIsAccepted(t *testing.T) {
	t.Parallel()
	var q queue
	_, err := q.enter(newWaiter(false))
	require.NoError(t, err)
	first, second := newWaiter(false), newWaiter(true)
	for _, waiter := range []*task{first, second} {
		leads, err := q.enter(waiter)
		require.NoError(t, err)
		require.False(t, leads)
	}
	require.Nil(t, q.next(func(*task) bool { return false }))
	require.Equal(t, 2, q.length())
	require.Same(t, second, q.next(func(*task) bool { return true }))
	require.False(t, q.leave(second))
	require.True(t, q.leave(first))
	require.False(t, q.leave(first))
	require.Nil(t, q.next(func(*task) bool { return true }))
}

func TestTheQueueIsBoundedButForThoseWithALease(t *testing.T) {
	t.Parallel()
	var q queue
	for range maxWaiting + 1 { // the first has the writer
		_, err := q.enter(newWaiter(false))
		require.NoError(t, err)
	}
	_, err := q.enter(newWaiter(false))
	require.ErrorIs(t, err, errBusyQueue)
	_, err = q.enter(newWaiter(true))
	require.NoError(t, err)
}

func canceled(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	return ctx
}
