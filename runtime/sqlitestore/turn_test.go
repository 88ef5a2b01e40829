package sqlitestore

import (
	"context"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"
)

func TestTurnGoesToTheUrgentFirstAndElseInOrder(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var lock turn
		require.NoError(t, lock.take(t.Context(), false))
		var order []int
		for i, urgent := range []bool{false, true, false, true} {
			go func() {
				if lock.take(t.Context(), urgent) == nil {
					order = append(order, i) // the turn guards it
					lock.give()
				}
			}()
			synctest.Wait()
		}
		lock.give()
		synctest.Wait()
		require.Equal(t, []int{1, 3, 0, 2}, order)
		require.NoError(t, lock.take(t.Context(), false), "it is free again")
	})
}

func TestTurnSurvivesWaitersThatLeave(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var lock turn
		require.NoError(t, lock.take(t.Context(), false))
		for range 100 {
			ctx, cancel := context.WithCancel(t.Context())
			go func() {
				if lock.take(ctx, true) == nil {
					lock.give()
				}
			}()
			synctest.Wait()
			go cancel()
			go func() { // gives in the same moment
				lock.give()
				_ = lock.take(context.WithoutCancel(ctx), false)
			}()
			synctest.Wait()
		}
		lock.give()
		synctest.Wait()
		require.NoError(t, lock.take(t.Context(), false), "no turn was lost")
		require.ErrorIs(t, lock.take(canceled(t), false), context.Canceled)
	})
}

func canceled(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	return ctx
}
