package feed_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	cnerium "github.com/cnerium/cnerium-go/runtime"
	"github.com/cnerium/cnerium-go/runtime/feed"
)

// TestNothingIsLeftOutAndNothingComesTwice does random things to a feed and
// requires of each message, and of each silence, that the model expects it.
func TestNothingIsLeftOutAndNothingComesTwice(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		m := newModel(t)
		t.Repeat(map[string]func(*rapid.T){
			"commit":      m.commit,
			"publish":     m.publish,
			"publish all": m.publishAll,
			"sweep":       m.sweep,
			"fail":        m.fail,
			"connect":     m.connect,
			"disconnect":  m.disconnect,
			"rooms":       m.changeRooms,
			"next":        m.next,
			"drain":       m.drain,
		})
		m.finish(t)
	})
}

var (
	genRoom  = rapid.SampledFrom([]string{"", "", "a", "b", "c"})
	genRooms = rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"a", "b", "c"}), 0, 3, rapid.ID[string])
)

func newModel(t *rapid.T) *model {
	m := &model{log: new(outbox)}
	m.opts = feed.Options{
		Authorize: anyRoom,
		Recent:    rapid.SampledFrom([]int{1, 3, 200}).Draw(t, "recent"),
		QueueSize: rapid.SampledFrom([]int{5, 1000}).Draw(t, "queue"),
	}
	m.f = feed.New(&m.opts)
	for range rapid.IntRange(1, 4).Draw(t, "clients") {
		m.clients = append(m.clients, new(client))
	}
	m.commit(t)
	m.open(t)
	return m
}

// open begins at the end of the history, as an App does.
func (m *model) open(t *rapid.T) {
	m.step++
	m.base, m.log.published = len(m.log.events), len(m.log.events)
	require.NoError(t, m.f.Open(m.log, cursor(m.base)))
	for _, c := range m.clients {
		c.missed = true
	}
}

func (m *model) commit(t *rapid.T) {
	n := rapid.SampledFrom([]int{0, 1, 2, 7, 99, 100, 101, 250}).Draw(t, "events")
	m.commitRooms(rapid.SliceOfN(genRoom, n, n).Draw(t, "rooms"))
}

func (m *model) commitRooms(rooms []string) {
	m.step++
	m.log.commit(rooms...)
	for range rooms {
		m.committedAt = append(m.committedAt, m.step)
		m.publishedAt = append(m.publishedAt, 0)
	}
}

// publish hands over a few events. Where the next one is gone already, the feed
// is opened again behind the gap.
func (m *model) publish(t *rapid.T) {
	m.publishSome(t, rapid.IntRange(1, 12).Draw(t, "n"))
}

func (m *model) publishAll(t *rapid.T) { m.publishSome(t, len(m.log.events)) }

func (m *model) publishSome(t *rapid.T, n int) {
	if m.log.swept > m.log.published {
		m.open(t)
		return
	}
	m.step++
	first := m.log.published
	m.log.publish(t, m.f, n)
	for i := first; i < m.log.published; i++ {
		m.publishedAt[i] = m.step
	}
}

func (m *model) sweep(t *rapid.T) {
	m.step++
	m.log.sweep(rapid.IntRange(m.log.swept, len(m.log.events)).Draw(t, "up to"))
}

// fail breaks the store, or mends it.
func (m *model) fail(t *rapid.T) {
	m.step++
	if m.log.failure == nil && rapid.Bool().Draw(t, "fail") {
		m.log.fail(errors.New("disk on fire"))
		return
	}
	m.log.fail(nil)
}

func (m *model) client(t *rapid.T, connected bool) *client {
	var all []*client
	for _, c := range m.clients {
		if (c.sub != nil) == connected {
			all = append(all, c)
		}
	}
	if len(all) == 0 {
		t.Skip("there is no such client")
	}
	return rapid.SampledFrom(all).Draw(t, "client")
}

func (m *model) connect(t *rapid.T) {
	c := m.client(t, false)
	from := rapid.OneOf(
		rapid.Just(""),
		rapid.Just("own"),
		rapid.Just(cursor(len(m.log.events))),
		rapid.Map(rapid.IntRange(0, len(m.log.events)+1), cursor),
		rapid.SampledFrom([]string{"other.3", "e.", "nonsense"}),
	).Draw(t, "cursor")
	if from == "own" {
		from = ""
		if c.been {
			from = cursor(c.place)
		}
	}
	rooms := genRooms.Draw(t, "rooms")
	m.step++
	offset, _ := m.knows(from)
	if failure := m.log.failure; failure != nil && from != "" && !m.inMemory(offset) {
		_, err := m.f.Subscribe(ask(query(from, rooms)))
		require.ErrorIs(t, err, failure)
		e, ok := errors.AsType[*cnerium.Error](err)
		require.True(t, ok)
		require.Equal(t, 503, e.Status)
		return
	}
	m.welcome(c, from, rooms)
	m.interleave(t)
	var err error
	c.sub, err = m.f.Subscribe(ask(query(from, rooms)))
	require.NoError(t, err)
	m.log.during(nil)
	if c.live != 0 && c.memory == 0 {
		m.begin(c)
	}
}

// interleave lets something happen while the next page is read, if one is.
func (m *model) interleave(t *rapid.T) {
	rooms := rapid.SliceOfN(genRoom, 0, 4).Draw(t, "committed meanwhile")
	publish := rapid.SampledFrom([]int{0, 1, 5, 1000}).Draw(t, "published meanwhile")
	if len(rooms) == 0 && publish == 0 {
		return
	}
	m.log.during(func() {
		m.commitRooms(rooms)
		if m.log.swept <= m.log.published {
			m.publishSome(t, publish)
		}
	})
}

func (m *model) disconnect(t *rapid.T) {
	c := m.client(t, true)
	m.step++
	c.sub.Close()
	c.sub = nil
}

func (m *model) changeRooms(t *rapid.T) {
	c := m.client(t, true)
	rooms := genRooms.Draw(t, "rooms")
	m.step++
	if rapid.Bool().Draw(t, "join") {
		require.NoError(t, c.sub.Join(rooms...))
		m.join(c, normal(rooms))
		return
	}
	c.sub.Leave(rooms...)
	m.leave(c, normal(rooms))
}

// normal is what a list without rooms looks like after its way through JSON.
func normal(rooms []string) []string {
	if len(rooms) == 0 {
		return nil
	}
	return rooms
}

func (m *model) next(t *rapid.T) {
	c := m.client(t, true)
	m.interleave(t)
	m.read(t, c)
	m.log.during(nil)
}

// read lets the client take what there is, and reports whether it may get more.
func (m *model) read(t *rapid.T, c *client) bool {
	m.step++
	batch, err := c.sub.Next(context.Background(), 0)
	switch {
	case err != nil:
		m.ended(t, c, err)
	case len(batch) == 0:
		m.idle(t, c)
	}
	for _, msg := range batch {
		m.receive(t, c, msg)
	}
	return len(batch) > 0
}

func (m *model) drain(t *rapid.T) {
	c := m.client(t, true)
	for m.read(t, c) {
	}
}

// finish lets everybody who is still there have everything.
func (m *model) finish(t *rapid.T) {
	m.log.fail(nil)
	m.publishAll(t)
	for _, c := range m.clients {
		for c.sub != nil && m.read(t, c) {
		}
		if c.sub != nil {
			require.GreaterOrEqual(t, c.place, 0)
			c.sub.Close()
		}
	}
	require.Zero(t, m.f.Footprint())
	require.NoError(t, m.f.Close(context.Background()))
}
