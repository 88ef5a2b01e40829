package storetest

import (
	"bytes"
	"fmt"
	"sync"
	"time"

	cnerium "github.com/cnerium/cnerium-go/runtime"
)

var eventLaws = []law{
	{"events come in the order of commits and of emission", func(b *bench) {
		first, second := b.reserve(claim(id("1"))), b.reserve(claim(id("2")))
		b.commit(second, outcome("", event(1), event(2)))
		b.commit(first, outcome("", event(3)))
		b.committed("3", outcome(""))
		b.committed("4", outcome("", event(4), event(5), event(6)))
		got := b.events("", 100)
		b.sameEvents(got, event(1), event(2), event(3), event(4), event(5), event(6))
		for key, last := range map[string]int{"2": 1, "1": 2, "4": 5} {
			if cursor := b.lookup(id(key), cnerium.StateCommitted).Cursor; cursor != got[last].Cursor {
				b.Fatalf("cursor of record %s is %q, want that of its last event, %q", key, cursor, got[last].Cursor)
			}
		}
	}},
	{"ids and cursors of events are unique and stable", func(b *bench) {
		for i := range 5 {
			b.committed(fmt.Sprint(i), outcome("", event(i), event(i)))
		}
		first, ids, cursors := b.events("", 100), map[string]bool{}, map[string]bool{}
		for _, e := range first {
			ids[e.ID], cursors[e.Cursor] = true, true
		}
		if len(ids) != 10 || len(cursors) != 10 || ids[""] || cursors[""] {
			b.Fatalf("10 events have the IDs %v and the cursors %v", ids, cursors)
		}
		b.identical(b.events("", 100), first)
	}},
	{"the store gives IDs and cursors, whatever the event had", func(b *bench) {
		e := event(1)
		e.ID, e.Cursor = "mine", "mine"
		b.committed("k", outcome("", e))
		if got := b.events("", 1)[0]; got.ID == "mine" || got.Cursor == "mine" {
			b.Fatalf("event is %+v", got)
		}
	}},
	{"Events pages by cursor and limit", func(b *bench) {
		for i := range 7 {
			b.committed(fmt.Sprint(i), outcome("", event(i)))
		}
		all := b.events("", 100)
		for _, limit := range []int{1, 2, 3, 7} {
			var paged []cnerium.Event
			for cursor := ""; len(paged) < len(all); cursor = paged[len(paged)-1].Cursor {
				page := b.events(cursor, limit)
				if len(page) == 0 || len(page) > limit {
					b.Fatalf("Events(%q, %d) returned %d of %d events", cursor, limit, len(page), len(all)-len(paged))
				}
				paged = append(paged, page...)
			}
			b.identical(paged, all)
		}
		if got := b.events(all[6].Cursor, 10); len(got) != 0 {
			b.Fatalf("after the last event there is %v", got)
		}
		if got := b.events("", 0); len(got) != 0 {
			b.Fatalf("with limit 0 there is %v", got)
		}
	}},
	{"no commit, no event", func(b *bench) {
		l := b.reserve(claim(id("k")))
		b.ok("Release", b.store.Release(b.Context(), l))
		b.fails("Commit", b.store.Commit(b.Context(), l, outcome("", event(1))))
		b.fails("Commit", b.store.Commit(ended(b), b.reserve(claim(id("k"))), outcome("", event(2))))
		if events := b.events("", 10); len(events) != 0 {
			b.Fatalf("events are %v, want none", events)
		}
	}},
	{"cursors that are malformed or of another store are refused", func(b *bench) {
		b.committed("k", outcome("", event(1), event(2)))
		other := newBench(b.T, b.config)
		other.committed("k", outcome("", event(1), event(2), event(3)))
		mine := b.events("", 1)[0].Cursor
		bad := []string{
			" ", ".", "x", "1", "-1", "x.1", mine + " ", " " + mine, mine + "0", mine + "x", mine + ".1",
			mine[:len(mine)-1], mine[1:], mine + "\x00", mine + "99999999999999999999", "\xff",
		}
		for _, e := range other.events("", 3) {
			bad = append(bad, e.Cursor)
		}
		for _, cursor := range bad {
			_, err := b.store.Events(b.Context(), cursor, 10)
			b.is(fmt.Sprintf("Events(%q)", cursor), err, cnerium.ErrCursor)
			err = b.store.MarkPublished(b.Context(), cursor)
			b.is(fmt.Sprintf("MarkPublished(%q)", cursor), err, cnerium.ErrCursor)
		}
		b.published("")
	}},
	{"Published says what MarkPublished was told", func(b *bench) {
		b.published("")
		for i := range 3 {
			b.committed(fmt.Sprint(i), outcome("", event(i)))
		}
		b.published("")
		for _, e := range b.events("", 3) {
			b.ok("MarkPublished", b.store.MarkPublished(b.Context(), e.Cursor))
			b.published(e.Cursor)
		}
		b.ok("MarkPublished", b.store.MarkPublished(b.Context(), b.events("", 3)[2].Cursor))
		b.published(b.events("", 3)[2].Cursor)
	}},
	{"events are kept until they are published, then for their retention", func(b *bench) { keptEvents(b) }},
	{"a cursor behind which events are gone is refused", func(b *bench) {
		b.committed("k", outcome("", event(1), event(2), event(3)))
		all := b.events("", 3)
		b.ok("MarkPublished", b.store.MarkPublished(b.Context(), all[2].Cursor))
		b.clock.advance(eventRetention)
		b.sweep(1, 2) // the record and the first event
		b.identical(b.events(all[0].Cursor, 10), all[1:])
		b.sweep(1, 1)
		_, err := b.store.Events(b.Context(), all[0].Cursor, 10)
		b.is("Events", err, cnerium.ErrCursor)
		b.identical(b.events(all[1].Cursor, 10), all[2:])
		b.identical(b.events("", 10), all[2:])
		b.sweep(10, 1)
		if got := b.events(all[2].Cursor, 10); len(got) != 0 {
			b.Fatalf("after the last event there is %v", got)
		}
		b.committed("next", outcome("", event(4)))
		b.sameEvents(b.events(all[2].Cursor, 10), event(4))
		b.published(all[2].Cursor)
	}},
	{"no event appears before one that was returned", func(b *bench) { noLateEvents(b) }},
}

func keptEvents(b *bench) {
	b.committed("1", outcome("", event(1), event(2)))
	all := b.events("", 2)
	b.clock.advance(100 * eventRetention)
	b.sweep(10, 1) // the record
	b.identical(b.events("", 10), all)

	b.committed("2", outcome("", event(3)))
	last := b.events(all[1].Cursor, 1)[0]
	b.ok("MarkPublished", b.store.MarkPublished(b.Context(), last.Cursor))
	b.clock.advance(eventRetention - time.Millisecond)
	if _, err := b.store.Sweep(b.Context(), 10); err != nil {
		b.Fatalf("Sweep: %v", err)
	}
	b.identical(b.events(all[1].Cursor, 10), []cnerium.Event{last})
	b.clock.advance(time.Millisecond)
	if _, err := b.store.Sweep(b.Context(), 10); err != nil {
		b.Fatalf("Sweep: %v", err)
	}
	if got := b.events("", 10); len(got) != 0 {
		b.Fatalf("published events are kept beyond their retention: %v", got)
	}
	b.published(last.Cursor)
}

// noLateEvents reads while others commit. What was read page by page must be
// what there is at the end.
func noLateEvents(b *bench) {
	const writers, commits = 4, 15
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for i := range commits {
				_, l, err := b.store.Reserve(b.Context(), claim(id(fmt.Sprint(w, " ", i))))
				if err == nil {
					err = b.store.Commit(b.Context(), l, outcome("", event(2*i), event(2*i+1)))
				}
				if err != nil {
					b.Errorf("Reserve and Commit: %v", err)
					return
				}
			}
		})
	}
	var seen []cnerium.Event
	for cursor := ""; len(seen) < writers*commits*2 && !b.Failed(); {
		page, err := b.store.Events(b.Context(), cursor, 3)
		if err != nil {
			b.Errorf("Events: %v", err)
			break
		}
		seen = append(seen, page...)
		if len(seen) > 0 {
			cursor = seen[len(seen)-1].Cursor
		}
	}
	wg.Wait()
	b.identical(b.events("", writers*commits*3), seen)
	for i := 0; i < len(seen); i += 2 {
		if string(seen[i+1].Data) != string(event(int(number(seen[i]))+1).Data) {
			b.Fatalf("events of one commit are not side by side: %s, %s", seen[i].Data, seen[i+1].Data)
		}
	}
}

// number is the n of [event].
func number(e cnerium.Event) int64 { return e.Time.UnixMilli() - event(0).Time.UnixMilli() }

// sameEvents compares what the emitter gave.
func (b *bench) sameEvents(got []cnerium.Event, want ...cnerium.Event) {
	b.Helper()
	if len(got) != len(want) {
		b.Fatalf("%d events, want %d: %v", len(got), len(want), got)
	}
	for i, g := range got {
		w := want[i]
		w.ID, w.Cursor = g.ID, g.Cursor
		b.sameEvent(g, w)
	}
}

// identical compares events with their IDs and cursors.
func (b *bench) identical(got, want []cnerium.Event) {
	b.Helper()
	if len(got) != len(want) {
		b.Fatalf("%d events, want %d: %v", len(got), len(want), got)
	}
	for i := range got {
		b.sameEvent(got[i], want[i])
	}
}

func (b *bench) sameEvent(got, want cnerium.Event) {
	b.Helper()
	same := got.ID == want.ID && got.Cursor == want.Cursor && got.Operation == want.Operation &&
		got.Room == want.Room && got.Type == want.Type && got.Time.Equal(want.Time) && bytes.Equal(got.Data, want.Data)
	if !same {
		b.Fatalf("event is %+v, want %+v", got, want)
	}
}

func (b *bench) published(want string) {
	b.Helper()
	got, err := b.store.Published(b.Context())
	b.ok("Published", err)
	if got != want {
		b.Fatalf("Published is %q, want %q", got, want)
	}
}
