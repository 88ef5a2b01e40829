package storetest

import (
	"time"

	cnerium "github.com/cnerium/cnerium-go/runtime"
)

var sweepLaws = []law{
	{"without publishers events are kept for their retention", func(b *bench) {
		events := b.numbered(2)
		b.clock.advance(EventRetention - time.Millisecond)
		b.sweep(10, 2) // the records
		b.identical(b.events("", 10), events)
		b.clock.advance(time.Millisecond)
		b.sweep(10, 2)
		b.gone()
	}},
	{"events are kept until every publisher has had them, then for their retention", func(b *bench) {
		events := b.announced(3)
		b.mark("mail", events[0].Cursor)
		b.mark("", events[1].Cursor)
		b.clock.advance(EventRetention)
		b.sweep(10, 1)
		b.identical(b.events("", 10), events[1:])
		b.mark("mail", events[2].Cursor)
		b.sweep(10, 1)
		b.identical(b.events("", 10), events[2:])
		b.sweep(10, 0)
		b.announcedBy("next", 1)
		b.mark("mail", b.head())
		b.mark("", b.head())
		b.clock.advance(EventRetention - time.Millisecond)
		b.sweep(10, 1)
		b.sameEvents(b.events("", 10), event(0))
		b.clock.advance(time.Millisecond)
		b.sweep(10, 1)
		b.gone()
	}},
	{"events are kept for a publisher that begins before the first", func(b *bench) {
		b.mark("mail", b.head())
		events := b.announced(2)
		b.mark("", events[1].Cursor)
		b.clock.advance(EventRetention)
		b.sweep(10, 0)
		b.identical(b.events(b.publishedBy("mail"), 10), events)
	}},
	{"no publisher is waited for beyond the retention of unpublished events", func(b *bench) { leftBehind(b) }},
	{"events beyond the number that is kept go before their retention is over", func(b *bench) {
		events := b.announced(MaxEvents + 3)
		b.sweep(2, 2)
		b.identical(b.events("", 100), events[2:])
		b.sweep(2, 1)
		b.sweep(2, 0)
		b.identical(b.events("", 100), events[3:])
		b.unknownCursor(events[1].Cursor)
		b.announcedBy("one more", 1)
		b.sweep(2, 1)
		b.identical(b.events(events[3].Cursor, MaxEvents-1), events[4:])
	}},
	{"no number of events is reason to remove one that a publisher has not had", func(b *bench) {
		events := b.announced(MaxEvents + 5)
		b.mark("mail", events[1].Cursor)
		b.mark("", events[4].Cursor)
		b.sweep(100, 2)
		b.sweep(100, 0)
		b.identical(b.events("", 100), events[2:])
		b.mark("mail", b.head())
		b.sweep(100, 3)
		b.identical(b.events("", 100), events[5:])
		b.mark("", b.head())
		b.sweep(100, 0)
	}},
	{"what is undone does not count as an event", func(b *bench) {
		for range 3 {
			l := b.reserve(claim(id("k")))
			b.ok("Release", b.store.Release(b.Context(), l))
			_, err := b.store.Commit(b.Context(), l, outcome("", many(MaxEvents)...))
			b.is("Commit", err, cnerium.ErrLeaseLost)
		}
		events := b.announced(MaxEvents)
		b.sweep(100, 0)
		b.identical(b.events("", 100), events)
	}},
	{"a cursor behind which events are gone is refused", func(b *bench) { goneBehind(b) }},
	{"what is kept has no gap, even if the clock was set back", func(b *bench) {
		b.clock.advance(time.Hour)
		b.announcedBy("young", 1)
		b.clock.advance(-time.Hour)
		b.announcedBy("old", 1)
		events := b.events("", 10)
		b.clock.advance(EventRetention)
		b.sweep(10, 0)
		b.identical(b.events("", 10), events)
		b.clock.advance(time.Hour)
		b.sweep(10, 2)
		b.gone()
	}},
}

// leftBehind has a publisher that does not come on for too long.
func leftBehind(b *bench) {
	b.mark("mail", b.head())
	beginning := b.head()
	events := b.announced(3)
	b.clock.advance(UnpublishedRetention - time.Millisecond)
	b.sweep(10, 0)
	b.identical(b.events(beginning, 10), events)
	b.clock.advance(time.Millisecond)
	b.sweep(2, 2)
	b.published("mail", beginning)
	b.unknownCursor(beginning)
	b.identical(b.events("", 10), events[2:])
	// It may have read them before: it comes on without going back.
	b.mark("mail", events[0].Cursor)
	b.published("mail", events[0].Cursor)
	b.unknownCursor(events[0].Cursor)
	b.sweep(2, 1)
	b.announcedBy("next", 1)
	b.clock.advance(EventRetention)
	b.sweep(10, 0)
	b.sameEvents(b.events(events[2].Cursor, 10), event(0))
}

// goneBehind sweeps the events of one commit one by one.
func goneBehind(b *bench) {
	beginning := b.head()
	events := b.announced(3)
	b.mark("", events[2].Cursor)
	b.clock.advance(EventRetention)
	b.identical(b.events(beginning, 10), events)
	b.sweep(1, 1)
	b.unknownCursor(beginning)
	b.identical(b.events(events[0].Cursor, 10), events[1:])
	b.sweep(1, 1)
	b.unknownCursor(events[0].Cursor)
	b.identical(b.events(events[1].Cursor, 10), events[2:])
	b.identical(b.events("", 10), events[2:])
	b.sweep(10, 1)
	b.gone()
	if b.head() != events[2].Cursor {
		b.Fatalf("Head is %q, want %q", b.head(), events[2].Cursor)
	}
	b.announcedBy("next", 1)
	b.sameEvents(b.events(events[2].Cursor, 10), event(0))
	b.published("", events[2].Cursor)
}

// announced commits n events at once, with a record that no sweep removes.
func (b *bench) announced(n int) []cnerium.Event {
	b.Helper()
	before := b.head()
	b.announcedBy("announced", n)
	return b.events(before, n)
}

// announcedBy is announced with a key of its own.
func (b *bench) announcedBy(key string, n int) {
	b.Helper()
	o := outcome("", many(n)...)
	o.Retention = 100 * UnpublishedRetention
	b.committed(key, o)
}

func many(n int) []cnerium.Event {
	events := make([]cnerium.Event, n)
	for i := range events {
		events[i] = event(i)
	}
	return events
}

// gone checks that no event is kept, and that reading goes on from the head.
func (b *bench) gone() {
	b.Helper()
	for _, after := range []string{"", b.head()} {
		if got := b.events(after, 10); len(got) != 0 {
			b.Fatalf("Events(%q) returns %v, want none", after, got)
		}
	}
}
