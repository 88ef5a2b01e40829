package cnerium_test

import (
	"context"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	cnerium "github.com/cnerium/cnerium-go/runtime"
	"github.com/cnerium/cnerium-go/runtime/memstore"
)

// restartable are stores that are there again after they were closed.
var restartable = []struct {
	name string
	make func(t *testing.T) (open func() cnerium.Store)
}{
	{"memstore", func(*testing.T) func() cnerium.Store {
		store := unclosed{memstore.New(nil)}
		return func() cnerium.Store { return store }
	}},
	{"sqlitestore", func(t *testing.T) func() cnerium.Store {
		path := filepath.Join(t.TempDir(), "test.db")
		return func() cnerium.Store { return openSQLite(t, path) }
	}},
}

func TestEachNameGoesOnAfterARestartWhereItStopped(t *testing.T) {
	t.Parallel()
	for _, store := range restartable {
		t.Run(store.name, func(t *testing.T) {
			t.Parallel()
			open := store.make(t)
			life := func(product string, publishers map[string]cnerium.Publisher) {
				s := serve(t, open(), &cnerium.Options{Publishers: publishers}, create(emitting))
				require.Equal(t, http.StatusNoContent, s.do(request{key: product, body: `{"product":"` + product + `"}`}).status)
				require.NoError(t, s.app.Close(t.Context()))
			}
			a, b, late := &recorder{}, &recorder{}, &recorder{}
			life("p0", nil) // before the names are heard of
			life("p1", map[string]cnerium.Publisher{"a": a, "b": b})
			life("p2", map[string]cnerium.Publisher{"a": a, "b": &recorder{fail: true}})
			life("p3", map[string]cnerium.Publisher{"b": &recorder{fail: true}})
			life("p4", nil)
			life("p5", map[string]cnerium.Publisher{"a": a, "b": b, "late": late})
			require.Equal(t, types("p1", "p2", "p3", "p4", "p5"), a.types())
			require.Equal(t, types("p1", "p2", "p3", "p4", "p5"), b.types())
			require.Equal(t, types("p5"), late.types(), "a new name begins when it comes")
		})
	}
}

func TestANewNameIsKnownToTheStoreBeforeTheFirstRequest(t *testing.T) {
	t.Parallel()
	for _, store := range restartable {
		t.Run(store.name, func(t *testing.T) {
			t.Parallel()
			open := store.make(t)
			s := serve(t, open(), &cnerium.Options{Publishers: map[string]cnerium.Publisher{"new": &recorder{fail: true}}}, create(emitting))
			mark, err := s.store.Published(t.Context(), "new")
			require.NoError(t, err)
			require.Equal(t, head(t, s.store), mark)
			s.do(request{key: "k1", body: `{"product":"p1"}`})
			require.NoError(t, s.app.Close(t.Context()))

			published := &recorder{}
			s = serve(t, open(), &cnerium.Options{Publishers: map[string]cnerium.Publisher{"new": published}}, create(emitting))
			require.NoError(t, s.app.Close(t.Context()))
			require.Equal(t, types("p1"), published.types())
		})
	}
}

// intruded is a store in which another process introduces a publisher's name
// and commits an event, just when this one asks for the name.
type intruded struct {
	cnerium.Store
	t    *testing.T
	once sync.Once
}

func (i *intruded) Published(ctx context.Context, publisher string) (string, error) {
	cursor, err := i.Store.Published(ctx, publisher)
	i.once.Do(func() {
		another, do := inBubbleWith(i.t, unclosed{i.Store}, &cnerium.Options{Publishers: map[string]cnerium.Publisher{
			publisher: &recorder{fail: true},
		}}, create(emitting))
		require.Equal(i.t, http.StatusNoContent, do("theirs", `{"product":"theirs"}`).Code)
		require.NoError(i.t, another.Close(ctx))
	})
	return cursor, err
}

func TestTwoProcessesThatIntroduceANamePassOverNothing(t *testing.T) {
	t.Parallel()
	published := &recorder{}
	s := serve(t, &intruded{Store: memstore.New(nil), t: t}, &cnerium.Options{
		Publishers: map[string]cnerium.Publisher{"new": published},
	}, create(emitting))
	require.Equal(t, http.StatusNoContent, s.do(request{key: "ours", body: `{"product":"ours"}`}).status)
	require.NoError(t, s.app.Close(t.Context()))
	require.Equal(t, types("theirs", "ours"), published.types())
}

// types are those that the products lead to.
func types(products ...string) []string {
	var all []string
	for _, product := range products {
		all = append(all, product+".one", product+".two")
	}
	return all
}

// marking is a store that counts marks, and fails to keep them where it is
// told to.
type marking struct {
	cnerium.Store
	marks atomic.Int64
	fail  atomic.Bool
}

func (m *marking) MarkPublished(ctx context.Context, publisher, cursor string) error {
	m.marks.Add(1)
	if m.fail.Load() {
		return errDisk
	}
	return m.Store.MarkPublished(ctx, publisher, cursor)
}

func TestMarksAreStoredAtMostOnceASecondAndAtTheEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := &marking{Store: unclosed{memstore.New(nil)}}
		app, do := inBubbleWith(t, store, &cnerium.Options{Publisher: &recorder{}}, create(emitting))
		for i := range 100 {
			require.Equal(t, http.StatusNoContent, do(fmt.Sprint(i), body).Code)
			time.Sleep(100 * time.Millisecond)
		}
		require.Greater(t, store.marks.Load(), int64(5))
		require.LessOrEqual(t, store.marks.Load(), int64(12), "the first of the name, and ten seconds")
		require.NoError(t, app.Close(t.Context()))
		head, err := store.Head(t.Context())
		require.NoError(t, err)
		published, err := store.Published(t.Context(), "")
		require.NoError(t, err)
		require.Equal(t, head, published)
	})
}

func TestPublishingGoesOnWhileMarksCannotBeStored(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := &marking{Store: memstore.New(nil)}
		published := &recorder{}
		app, do := inBubbleWith(t, store, &cnerium.Options{Publisher: published}, create(emitting))
		store.fail.Store(true)
		products, types := letters(10)
		for _, product := range products {
			require.Equal(t, http.StatusNoContent, do(product, `{"product":"`+product+`"}`).Code)
			synctest.Wait()
		}
		require.Equal(t, types, published.types())
		require.ErrorIs(t, app.Close(t.Context()), errDisk, "what was published will come again, and Close says so")
		require.Error(t, store.Check(t.Context()), "the store is closed")
	})
}

func TestAPublisherThatIsAwayTooLongIsToldOfInTheLogAndGetsWhatIsKept(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		carrier, log := &recorder{}, &logged{}
		store := memstore.New(&memstore.Options{EventRetention: time.Hour, UnpublishedRetention: 2 * time.Hour})
		app, do := inBubbleWith(t, store, &cnerium.Options{Publishers: map[string]cnerium.Publisher{"mail": carrier}, Logger: textLog(log)}, create(emitting))
		require.Equal(t, http.StatusNoContent, do("k1", `{"product":"p1"}`).Code)
		synctest.Wait()
		carrier.set(true)
		require.Equal(t, http.StatusNoContent, do("k2", `{"product":"p2"}`).Code)
		time.Sleep(90 * time.Minute) // longer than published events are kept
		require.Equal(t, types("p2"), after(t, store, ""), "they wait for it")
		time.Sleep(time.Hour) // longer than events wait for publishers
		require.Empty(t, after(t, store, ""))
		require.Equal(t, http.StatusNoContent, do("k3", `{"product":"p3"}`).Code)
		carrier.set(false)
		time.Sleep(time.Minute)
		require.Equal(t, types("p1", "p3"), carrier.types())
		require.Equal(t, 1, strings.Count(log.String(), `events were removed before the publisher got them: it was behind for longer than the store keeps them" publisher=mail`))
		require.Zero(t, strings.Count(log.String(), "place of the publisher not stored"))
		require.NoError(t, app.Close(t.Context()))
	})
}

func TestAProcessThatSleptGoesOnWhereAnotherHasPublished(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := unclosed{memstore.New(&memstore.Options{EventRetention: time.Hour})}
		sleeper, log := &stubborn{blocked: make(chan struct{})}, &logged{}
		asleep, doAsleep := inBubbleWith(t, store, &cnerium.Options{Publisher: sleeper, Logger: textLog(log)}, create(emitting))
		require.Equal(t, http.StatusNoContent, doAsleep("k1", `{"product":"p1"}`).Code)
		synctest.Wait()
		other := &recorder{}
		awake, do := inBubbleWith(t, store, &cnerium.Options{Publisher: other}, create(emitting))
		require.Equal(t, http.StatusNoContent, do("k2", `{"product":"p2"}`).Code)
		time.Sleep(2 * time.Hour) // longer than published events are kept
		close(sleeper.blocked)
		time.Sleep(time.Minute)
		require.Equal(t, http.StatusNoContent, do("k3", `{"product":"p3"}`).Code)
		time.Sleep(time.Minute)
		require.Equal(t, types("p1", "p2", "p3"), other.types())
		require.Equal(t, types("p1", "p3"), sleeper.types())
		require.NotContains(t, log.String(), "removed", "nothing is lost: another process has published it")
		require.NoError(t, asleep.Close(t.Context()))
		require.NoError(t, awake.Close(t.Context()))
	})
}
