package modeltest

import (
	"slices"
	"strings"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	cnerium "github.com/cnerium/cnerium-go/runtime"
)

// check compares all that can be seen of the store with the model, from one
// process after the other.
func (m *machine) check(t *rapid.T) {
	m.checks++
	store := m.stores[m.checks%len(m.stores)]
	m.compareEvents(t, store)
	for _, id := range keys {
		rec, err := store.Lookup(t.Context(), id)
		require.NoError(t, err)
		m.equal(t, id, rec)
	}
	m.compareUnknown(t, store)
}

// learn finds out how the store has named the events that are new, and that
// the old ones have kept their names.
func (m *machine) learn(t *rapid.T, events []cnerium.Event) {
	for i, e := range events {
		known := &m.model.events[m.model.removed+i]
		if known.cursor == "" {
			known.cursor = e.Cursor
		}
		require.Equal(t, known.cursor, e.Cursor, "the cursor of an event changed")
	}
	seen := map[string]bool{}
	for _, e := range m.model.events {
		require.False(t, seen[e.cursor], "two events have one cursor")
		seen[e.cursor] = true
	}
}

// equal compares a record with the model's.
func (m *machine) equal(t *rapid.T, id cnerium.ID, got cnerium.Record) {
	r := m.model.records[id]
	want := cnerium.Record{ID: id, State: r.state(m.millis())}
	if want.State != cnerium.StateAbsent {
		want.Fingerprint, want.Attempt, want.Since = r.fingerprint, r.attempt, time.UnixMilli(r.since).UTC()
	}
	switch want.State {
	case cnerium.StateUnknown:
		want.Since = time.UnixMilli(r.leaseEnd).UTC()
	case cnerium.StateCommitted:
		want.Response = r.response
		if r.lastEvent > 0 {
			want.Cursor = m.model.events[r.lastEvent-1].cursor
		}
	}
	got.Since = got.Since.UTC()
	require.Equal(t, want, got)
}

func (m *machine) compareUnknown(t *rapid.T, store cnerium.Store) {
	unknown, err := store.Unknown(t.Context(), 100)
	require.NoError(t, err)
	want := 0
	for _, r := range m.model.records {
		if r.state(m.millis()) == cnerium.StateUnknown {
			want++
		}
	}
	require.Len(t, unknown, want)
	require.True(t, slices.IsSortedFunc(unknown, func(a, b cnerium.Record) int { return a.Since.Compare(b.Since) }))
	for _, rec := range unknown {
		m.equal(t, rec.ID, rec)
	}
	if want > 1 {
		oldest, err := store.Unknown(t.Context(), 1)
		require.NoError(t, err)
		require.Len(t, oldest, 1)
		require.Equal(t, unknown[0].Since, oldest[0].Since)
	}
}

func (m *machine) compareEvents(t *rapid.T, store cnerium.Store) {
	events, err := store.Events(t.Context(), "", 1000)
	require.NoError(t, err)
	kept := m.model.events[m.model.removed:]
	require.Len(t, events, len(kept))
	m.learn(t, events)
	for i, got := range events {
		sent := kept[i].sent
		sent.ID, sent.Cursor = got.ID, kept[i].cursor
		got.Time = got.Time.UTC()
		require.Equal(t, sent, got)
	}
	m.comparePlaces(t, store)
}

// comparePlaces looks where the events that are kept begin and end, and how
// far they are published.
func (m *machine) comparePlaces(t *rapid.T, store cnerium.Store) {
	head, err := store.Head(t.Context())
	require.NoError(t, err)
	require.Equal(t, m.cursor(len(m.model.events)), head)
	if m.model.removed > 0 { // a place behind which some are missing
		_, err := store.Events(t.Context(), m.cursor(m.model.removed-1), 1)
		require.ErrorIs(t, err, cnerium.ErrCursor)
	}
	next, err := store.Events(t.Context(), m.cursor(m.model.removed), 1)
	require.NoError(t, err)
	require.Len(t, next, min(1, len(m.model.events)-m.model.removed))
	for _, publisher := range []string{"", "mail", "Mail"} {
		want := ""
		if n, marked := m.model.marks[publisher]; marked {
			want = m.cursor(n)
		}
		cursor, err := store.Published(t.Context(), publisher)
		require.NoError(t, err)
		require.Equal(t, want, cursor)
	}
}

func (m *machine) compareRows(t *rapid.T) {
	for _, store := range m.stores {
		rows, err := m.config.Rows(t.Context(), store)
		require.NoError(t, err)
		require.Equal(t, strings.Join(m.model.rows, "\n"), strings.Join(rows, "\n"))
	}
}
