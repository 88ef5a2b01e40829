package feed_test

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/cnerium/cnerium-go/runtime/feed"
)

// client is what the model knows about one client, over all its subscriptions.
type client struct {
	sub     *feed.Subscriber // nil while it is away
	place   int              // the offset of the last cursor that it was told
	been    bool             // it was told one
	rooms   map[string][]span
	notices []notice // what it has to be told, in this order
	begun   int      // the step in which the subscription began
	memory  int      // the events up to this offset were chosen then; 0 for none
	live    int      // the step since which events are chosen as they are published; 0 when nobody can tell
	missed  bool     // the feed was opened again
}

// span is a time in a room, in steps. The end is 0 while it lasts.
type span struct{ from, to int }

type notice struct {
	Notice    string   `json:"notice"`
	Cursor    string   `json:"cursor,omitempty"`
	Recovered *bool    `json:"recovered,omitempty"`
	Rooms     []string `json:"rooms,omitempty"`
	Detail    string   `json:"detail,omitempty"`
}

// model says what a feed has to do. Time is counted in steps, one for each
// thing that is done.
type model struct {
	f           *feed.Feed
	log         *outbox
	opts        feed.Options
	base        int // the offset with which the feed was opened
	step        int
	committedAt []int // by offset-1
	publishedAt []int // the same; 0 when it was not handed over
	clients     []*client
}

// window are the steps in one of which it was decided whether the client gets
// the event: either as it was published, or when it was read for the client,
// which may have been any time until now.
func (m *model) window(c *client, offset int) span {
	at := m.publishedAt[offset-1]
	switch {
	case c.live != 0 && at > c.live:
		return span{at, at}
	case offset <= c.memory:
		return span{c.begun, c.begun}
	}
	return span{max(c.begun, m.committedAt[offset-1]), m.step}
}

// due reports whether the client must get the event, and whether it may.
func (m *model) due(c *client, offset int) (must, may bool) {
	room := m.log.events[offset-1].Room
	if room == "" {
		return true, true
	}
	w := m.window(c, offset)
	for _, in := range c.rooms[room] {
		must = must || in.from <= w.from && (in.to == 0 || in.to > w.to)
		may = may || in.from <= w.to && (in.to == 0 || in.to > w.from)
	}
	return must, may
}

// pass moves the client on to the offset, and requires that it has missed
// nothing on the way.
func (m *model) pass(t *rapid.T, c *client, offset int) {
	for skipped := c.place + 1; skipped <= offset; skipped++ {
		must, _ := m.due(c, skipped)
		require.False(t, must, "event %d, which is in room %q, was left out before %d", skipped, m.log.events[skipped-1].Room, offset)
	}
	c.place = max(c.place, offset)
}

// receive checks one message.
func (m *model) receive(t *rapid.T, c *client, msg feed.Message) {
	if msg.Notice != "" {
		m.receiveNotice(t, c, msg)
		return
	}
	offset := offsetOf(msg.Cursor)
	require.Empty(t, slices.DeleteFunc(slices.Clone(c.notices), func(n notice) bool { return n.Notice != feed.Welcome }), "an event before the welcome")
	require.Greater(t, offset, c.place, "an event comes twice, or late")
	require.LessOrEqual(t, offset, len(m.log.events))
	m.pass(t, c, offset-1)
	_, may := m.due(c, offset)
	require.True(t, may, "event %d is in room %q", offset, m.log.events[offset-1].Room)
	want, err := json.Marshal(m.log.events[offset-1])
	require.NoError(t, err)
	require.Equal(t, string(want), string(msg.Data))
	c.place = offset
}

func (m *model) receiveNotice(t *rapid.T, c *client, msg feed.Message) {
	var got notice
	require.NoError(t, json.Unmarshal(msg.Data, &got))
	require.Equal(t, msg.Notice, got.Notice)
	require.Equal(t, msg.Cursor, got.Cursor)
	switch got.Notice {
	case feed.Welcome:
		require.NotEmpty(t, c.notices)
		require.Equal(t, c.notices[0], got)
		c.notices = c.notices[1:]
		c.place, c.been = offsetOf(got.Cursor), true
		return
	case feed.Position:
		if c.live == 0 { // how far the history was read, without anything for the client
			require.Greater(t, offsetOf(got.Cursor), c.place)
			require.LessOrEqual(t, offsetOf(got.Cursor), len(m.log.events))
			m.pass(t, c, offsetOf(got.Cursor))
			return
		}
		require.Equal(t, cursor(m.log.published), got.Cursor)
	default:
		require.NotEmpty(t, c.notices, "nobody asked for this notice")
		want := c.notices[0]
		c.notices = c.notices[1:]
		want.Cursor = got.Cursor // it is checked below
		require.Equal(t, want, got)
	}
	if got.Cursor == "" {
		require.Zero(t, c.live, "a live subscriber is told where it is")
		return
	}
	require.GreaterOrEqual(t, offsetOf(got.Cursor), c.place)
	m.pass(t, c, offsetOf(got.Cursor))
	if c.live == 0 {
		c.live = m.step
	}
}

// idle checks that a client that gets nothing is due nothing.
func (m *model) idle(t *rapid.T, c *client) {
	require.Empty(t, c.notices)
	require.False(t, c.missed, "the subscription goes on over a gap")
	for offset := c.place + 1; offset <= m.log.published; offset++ {
		must, _ := m.due(c, offset)
		require.False(t, must, "event %d, which is in room %q, does not come", offset, m.log.events[offset-1].Room)
	}
	if c.live != 0 {
		require.Equal(t, m.log.published, c.place, "the client is not told where it is")
	}
}

// ended checks that the subscription had a reason to end.
func (m *model) ended(t *rapid.T, c *client, err error) {
	c.sub.Close()
	c.sub = nil
	if m.log.failure != nil && errors.Is(err, m.log.failure) {
		require.True(t, c.live == 0 && !c.missed, "what the client gets is not in the store")
		return
	}
	require.ErrorIs(t, err, feed.ErrTooSlow)
	waiting := m.log.published - c.place + len(c.notices)
	gone := c.live == 0 && m.log.swept > c.place
	require.True(t, c.missed || gone || waiting > m.opts.QueueSize, "it was not too slow")
}

// welcome is what a client that comes with the cursor has to be told.
func (m *model) welcome(c *client, from string, rooms []string) {
	c.notices = []notice{{Notice: feed.Welcome, Cursor: from, Rooms: slices.Sorted(slices.Values(rooms))}}
	c.live, c.memory = m.step, 0
	c.begun, c.missed = m.step, false
	c.rooms = make(map[string][]span)
	for _, room := range rooms {
		c.rooms[room] = []span{{from: m.step}}
	}
	offset, recovered := m.knows(from)
	switch {
	case from == "":
		return
	case !recovered: // see begin
	case m.inMemory(offset):
		c.memory = m.log.published
	default:
		c.live = 0
	}
	c.notices[0].Recovered = &recovered
}

// begin makes the client begin where the feed is now, without a past.
func (m *model) begin(c *client) {
	c.notices[0].Cursor = cursor(m.log.published)
	c.live = m.step
}

// knows tells whether all that came after the cursor can still be had.
func (m *model) knows(from string) (offset int, known bool) {
	offset = offsetOf(from)
	return offset, m.inMemory(offset) || offset >= m.log.swept && offset <= len(m.log.events)
}

func (m *model) inMemory(offset int) bool {
	kept := min(m.opts.Recent, m.log.published-m.base)
	return offset >= m.log.published-kept && offset <= m.log.published
}

// join and leave follow what a client has asked for.
func (m *model) join(c *client, rooms []string) {
	for _, room := range rooms {
		if spans := c.rooms[room]; len(spans) == 0 || spans[len(spans)-1].to != 0 {
			c.rooms[room] = append(spans, span{from: m.step})
		}
	}
	c.notices = append(c.notices, notice{Notice: feed.Subscribed, Rooms: rooms})
}

func (m *model) leave(c *client, rooms []string) {
	for _, room := range rooms {
		if spans := c.rooms[room]; len(spans) > 0 && spans[len(spans)-1].to == 0 {
			spans[len(spans)-1].to = m.step
		}
	}
	c.notices = append(c.notices, notice{Notice: feed.Unsubscribed, Rooms: rooms})
}

// query is the request of a client.
func query(from string, rooms []string) string {
	var q strings.Builder
	q.WriteString("last_event_id=" + from)
	for _, room := range rooms {
		q.WriteString("&room=" + room)
	}
	return q.String()
}
