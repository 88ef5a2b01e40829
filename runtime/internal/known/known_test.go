package known_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	cnerium "github.com/cnerium/cnerium-go/runtime"
	"github.com/cnerium/cnerium-go/runtime/internal/known"
)

// at is a clock that stands still.
func at(now int64) func() int64 { return func() int64 { return now } }

func numbered(i int) cnerium.ID {
	return cnerium.ID{Scope: "tenant", Operation: "orders.create", Key: fmt.Sprint(i)}
}

// sees reports whether new IDs are told from known ones: a few are always taken
// for known.
func sees(ids *known.IDs, now int64) bool {
	wrong := 0
	for i := range 100 {
		if ids.Has(numbered(-1-i), at(now)) {
			wrong++
		}
	}
	return wrong < 20
}

func TestWhatIsKnownIsNeverTakenForNew(t *testing.T) {
	t.Parallel()
	ids := known.New(1 << 20)
	require.True(t, ids.Has(numbered(0), at(0)), "it is blind in the beginning")
	ids.See(1)
	require.False(t, ids.Has(numbered(0), at(0)))
	const n = 200_000 // of several generations
	for i := range n {
		ids.Add(numbered(i), 1000, 0)
	}
	for i := range n {
		require.True(t, ids.Has(numbered(i), at(0)), i)
	}
	wrong := 0
	for i := range n {
		if ids.Has(numbered(n+i), at(0)) {
			wrong++
		}
	}
	require.Less(t, wrong, n/100, "of the new ones less than one in a hundred is looked up")
}

func TestWhatHasExpiredMakesRoom(t *testing.T) {
	t.Parallel()
	const bytes = 1 << 20
	ids := known.New(bytes)
	ids.See(1)
	const each = 30_000
	now := int64(0)
	for round := range 60 { // 1.8 million keys, three and a half times as many as there is room for
		for i := range each {
			ids.Add(numbered(round*each+i), now+3, now)
		}
		now++
		require.LessOrEqual(t, known.Bytes(ids), bytes)
		require.True(t, ids.Has(numbered(round*each), at(now)), "it lasts for two more rounds")
		require.True(t, sees(ids, now), "and none is lost")
	}
}

func TestAGenerationLastsForTheLongestOfItsKeys(t *testing.T) {
	t.Parallel()
	ids := known.New(1 << 20)
	ids.See(1)
	ids.Add(numbered(-1), 1000, 0)
	for i := range 100_000 {
		ids.Add(numbered(i), 10, 10) // soon of later generations
	}
	require.True(t, ids.Has(numbered(-1), at(999)))
}

func TestThereIsAsMuchRoomAsIsSaid(t *testing.T) {
	t.Parallel()
	for _, bytes := range []int{256 << 10, 300_000, 1 << 20, 5_000_000} {
		ids := known.New(bytes)
		ids.See(1)
		require.Greater(t, ids.Room(), int64(bytes/3))
		for i := range ids.Room() {
			ids.Add(numbered(int(i)), 1000, 0)
		}
		require.True(t, sees(ids, 0), "none was lost")
	}
}

func TestWithoutRoomItIsBlindUntilTheLostHaveExpired(t *testing.T) {
	t.Parallel()
	const bytes = 256 << 10
	ids := known.New(bytes)
	ids.See(1)
	for i := range 200_000 { // there is room for 131,072
		ids.Add(numbered(i), 1000, 0)
	}
	require.LessOrEqual(t, known.Bytes(ids), bytes)
	require.False(t, sees(ids, 999), "each could be one of the lost")
	require.True(t, sees(ids, 1000))
}

func TestTooLittleMemoryKnowsNothing(t *testing.T) {
	t.Parallel()
	ids := known.New(255 << 10)
	ids.See(1)
	ids.Add(numbered(1), 1000, 0)
	require.True(t, ids.Has(numbered(2), at(0)))
	require.False(t, ids.Sees())
	require.Zero(t, ids.Forget())
	require.Zero(t, ids.Room())
}

func TestALateLearnerDoesNotEndALaterBlindness(t *testing.T) {
	t.Parallel()
	ids := known.New(1 << 20)
	first := ids.Forget()
	second := ids.Forget()
	ids.See(first)
	require.True(t, ids.Has(numbered(1), at(0)))
	ids.See(second)
	require.False(t, ids.Has(numbered(1), at(0)))
}

func TestKnownIsForManyAtOnce(t *testing.T) {
	t.Parallel()
	ids := known.New(1 << 20)
	ids.See(1)
	var wg sync.WaitGroup
	for client := range 8 {
		wg.Go(func() {
			for i := range 10_000 {
				mine := numbered(client*10_000 + i)
				ids.Add(mine, 1000, 0)
				if !ids.Has(mine, at(0)) {
					t.Errorf("%v is taken for new", mine)
				}
			}
		})
	}
	wg.Wait()
}

// BenchmarkHas asks for a new ID among a million.
func BenchmarkHas(b *testing.B) {
	ids := known.New(16 << 20)
	ids.See(1)
	for i := range 1_000_000 {
		ids.Add(numbered(i), 1000, 0)
	}
	id, now := numbered(-1), at(0)
	b.ReportAllocs()
	for b.Loop() {
		ids.Has(id, now)
	}
}

// BenchmarkAdd adds an ID that is there.
func BenchmarkAdd(b *testing.B) {
	ids := known.New(16 << 20)
	id := numbered(1)
	b.ReportAllocs()
	for b.Loop() {
		ids.Add(id, 1000, 0)
	}
}
