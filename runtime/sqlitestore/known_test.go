package sqlitestore_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	cnerium "github.com/cnerium/cnerium-go/runtime"
	"github.com/cnerium/cnerium-go/runtime/sqlitestore"
)

func numbered(i int) cnerium.ID {
	return cnerium.ID{Scope: "tenant", Operation: "orders.create", Key: fmt.Sprint(i)}
}

func TestWhatIsKnownIsNeverTakenForNew(t *testing.T) {
	t.Parallel()
	known := sqlitestore.NewKnown(1 << 20)
	require.True(t, known.Has(numbered(0), 0), "it is blind in the beginning")
	known.See()
	require.False(t, known.Has(numbered(0), 0))
	const n = 200_000 // of several generations
	for i := range n {
		known.Add(numbered(i), 1000, 0)
	}
	for i := range n {
		require.True(t, known.Has(numbered(i), 0), i)
	}
	wrong := 0
	for i := range n {
		if known.Has(numbered(n+i), 0) {
			wrong++
		}
	}
	require.Less(t, wrong, n/100, "of the new ones less than one in a hundred is looked up")
}

func TestWhatHasExpiredMakesRoom(t *testing.T) {
	t.Parallel()
	const bytes = 1 << 20
	known := sqlitestore.NewKnown(bytes)
	known.See()
	const each = 30_000
	now := int64(0)
	for round := range 60 { // 1.8 million keys, three and a half times as many as there is room for
		for i := range each {
			known.Add(numbered(round*each+i), now+3, now)
		}
		now++
		require.LessOrEqual(t, known.Bytes(), bytes)
		require.True(t, known.Has(numbered(round*each), now), "it lasts for two more rounds")
		require.False(t, known.Has(numbered(-1-round), now), "and none is lost")
	}
}

func TestAGenerationLastsForTheLongestOfItsKeys(t *testing.T) {
	t.Parallel()
	known := sqlitestore.NewKnown(1 << 20)
	known.See()
	known.Add(numbered(-1), 1000, 0)
	for i := range 100_000 {
		known.Add(numbered(i), 10, 10) // soon of later generations
	}
	require.True(t, known.Has(numbered(-1), 999))
}

func TestWithoutRoomItIsBlindUntilTheLostHaveExpired(t *testing.T) {
	t.Parallel()
	const bytes = 256 << 10
	known := sqlitestore.NewKnown(bytes)
	known.See()
	for i := range 200_000 { // there is room for 131,072
		known.Add(numbered(i), 1000, 0)
	}
	require.LessOrEqual(t, known.Bytes(), bytes)
	require.True(t, known.Has(numbered(-1), 999), "it could be one of the lost")
	require.False(t, known.Has(numbered(-1), 1000))
}

func TestTooLittleMemoryKnowsNothing(t *testing.T) {
	t.Parallel()
	known := sqlitestore.NewKnown(255 << 10)
	known.See()
	known.Add(numbered(1), 1000, 0)
	require.True(t, known.Has(numbered(2), 0))
}

func TestALateStudentDoesNotEndALaterBlindness(t *testing.T) {
	t.Parallel()
	known := sqlitestore.NewKnown(1 << 20)
	first := known.Forget()
	second := known.Forget()
	known.SeeSince(first)
	require.True(t, known.Has(numbered(1), 0))
	known.SeeSince(second)
	require.False(t, known.Has(numbered(1), 0))
}

func TestKnownIsForManyAtOnce(t *testing.T) {
	t.Parallel()
	known := sqlitestore.NewKnown(1 << 20)
	known.See()
	var wg sync.WaitGroup
	for client := range 8 {
		wg.Go(func() {
			for i := range 10_000 {
				mine := numbered(client*10_000 + i)
				known.Add(mine, 1000, 0)
				if !known.Has(mine, 0) {
					t.Errorf("%v is taken for new", mine)
				}
			}
		})
	}
	wg.Wait()
}
