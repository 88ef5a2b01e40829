package storetest

import (
	"fmt"
	"slices"
	"strings"

	cnerium "github.com/cnerium/cnerium-go/runtime"
)

var markLaws = []law{
	{"Published says what MarkPublished was told", func(b *bench) {
		b.published("", "")
		events := b.numbered(3)
		b.published("", "")
		for _, e := range events {
			b.mark("", e.Cursor)
			b.published("", e.Cursor)
		}
		b.mark("", events[2].Cursor)
		b.published("", events[2].Cursor)
	}},
	{"each publisher has a mark of its own", func(b *bench) {
		names := []string{
			"", "mail", "Mail", "mail ", " mail", "m%il", "m_il", "'", `"`, "0", "caf\u00e9", strings.Repeat("n", 255),
		}
		events := b.numbered(len(names))
		for i, name := range names {
			b.published(name, "")
			b.mark(name, events[i].Cursor)
		}
		for i, name := range names {
			b.published(name, events[i].Cursor)
		}
	}},
	{"a mark never goes back", func(b *bench) {
		beginning := b.head()
		events := b.numbered(3)
		b.mark("mail", events[1].Cursor)
		for _, cursor := range []string{beginning, events[0].Cursor, events[1].Cursor} {
			b.mark("mail", cursor)
			b.published("mail", events[1].Cursor)
		}
		b.mark("mail", events[2].Cursor)
		b.published("mail", events[2].Cursor)
	}},
	{"a publisher may begin before the first event", func(b *bench) {
		beginning := b.head()
		b.mark("early", beginning)
		b.published("early", beginning)
		b.numbered(2)
		b.mark("late", beginning)
		for _, name := range []string{"early", "late"} {
			b.published(name, beginning)
			b.sameEvents(b.events(b.publishedBy(name), 10), event(0), event(1))
		}
		b.mark("early", b.head())
		b.published("early", b.head())
	}},
	{"a name of more than 255 bytes is refused", func(b *bench) {
		cursor := b.numbered(1)[0].Cursor
		for _, name := range []string{strings.Repeat("n", 256), strings.Repeat("\u00e9", 128)} {
			b.fails("MarkPublished", b.store.MarkPublished(b.Context(), name, cursor))
			b.published(name[:254], "")
		}
		b.published(strings.Repeat("n", 255), "")
		b.clock.advance(EventRetention)
		b.sweep(10, 2) // nothing waits for it
	}},
	{"of concurrent marks the furthest stays", func(b *bench) { marksAtOnce(b) }},
}

// marksAtOnce has two goroutines for each name, one of which comes from the
// other end.
func marksAtOnce(b *bench) {
	const names = 4
	events := b.numbered(10)
	together(2*names, func(i int) {
		mine := slices.Clone(events)
		if i%2 == 1 {
			slices.Reverse(mine)
		}
		for _, e := range mine {
			if err := b.store.MarkPublished(b.Context(), fmt.Sprint(i/2), e.Cursor); err != nil {
				b.Errorf("MarkPublished: %v", err)
			}
		}
	})
	for i := range names {
		b.published(fmt.Sprint(i), events[9].Cursor)
	}
}

// numbered commits n events, one by one, and returns them.
func (b *bench) numbered(n int) []cnerium.Event {
	b.Helper()
	before := b.head()
	for i := range n {
		b.committed(fmt.Sprint("event ", i), outcome("", event(i)))
	}
	return b.events(before, n)
}

// mark marks the events up to the cursor as published.
func (b *bench) mark(publisher, cursor string) {
	b.Helper()
	b.ok("MarkPublished", b.store.MarkPublished(b.Context(), publisher, cursor))
}

// publishedBy returns what Published does.
func (b *bench) publishedBy(publisher string) string {
	b.Helper()
	cursor, err := b.store.Published(b.Context(), publisher)
	b.ok("Published", err)
	return cursor
}

func (b *bench) published(publisher, want string) {
	b.Helper()
	if got := b.publishedBy(publisher); got != want {
		b.Fatalf("Published(%q) is %q, want %q", publisher, got, want)
	}
}
