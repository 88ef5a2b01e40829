package storetest

import (
	"bytes"
	"fmt"
	"strings"
	"sync"

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
		_, err := b.store.Commit(b.Context(), l, outcome("", event(1)))
		b.fails("Commit", err)
		_, err = b.store.Commit(ended(b), b.reserve(claim(id("k"))), outcome("", event(2)))
		b.fails("Commit", err)
		if events := b.events("", 10); len(events) != 0 {
			b.Fatalf("events are %v, want none", events)
		}
	}},
	{"cursors that are malformed or of another store are refused", func(b *bench) {
		for _, cursor := range b.badCursors() {
			b.unknownCursor(cursor)
			err := b.store.MarkPublished(b.Context(), "", cursor)
			b.is(fmt.Sprintf("MarkPublished(%q)", cursor), err, cnerium.ErrCursor)
		}
		b.is(`MarkPublished("")`, b.store.MarkPublished(b.Context(), "", ""), cnerium.ErrCursor)
		b.published("", "")
	}},
	{"Head is behind the last event, and before the first while there is none", func(b *bench) {
		beginning := b.head()
		if got := b.events(beginning, 10); len(got) != 0 || b.head() != beginning {
			b.Fatalf("Head of an empty store is %q, then %q; after it there is %v", beginning, b.head(), got)
		}
		for i := range 3 {
			before := b.head()
			cursor := b.commit(b.reserve(claim(id(fmt.Sprint(i)))), outcome("", event(2*i), event(2*i+1)))
			if b.head() != cursor {
				b.Fatalf("Head is %q, want the cursor of the last event, %q", b.head(), cursor)
			}
			b.sameEvents(b.events(before, 10), event(2*i), event(2*i+1))
		}
		b.committed("no events", outcome(""))
		b.identical(b.events(beginning, 10), b.events("", 10))
		if got := b.events(b.head(), 10); len(got) != 0 {
			b.Fatalf("after the last event there is %v", got)
		}
	}},
	{"a cursor is text without spaces", func(b *bench) {
		cursors := []string{b.head()}
		cursors = append(cursors, b.commit(b.reserve(claim(id("k"))), outcome("", event(1), event(2))))
		for _, cursor := range append(cursors, b.events("", 1)[0].Cursor) {
			if cursor == "" || strings.ContainsFunc(cursor, func(r rune) bool { return r <= ' ' || r > '~' }) {
				b.Fatalf("the cursor %q does not fit into one word of a header", cursor)
			}
		}
	}},
	{"no event appears before one that was returned", func(b *bench) { noLateEvents(b) }},
}

// badCursors commits some events and returns cursors that no event has.
func (b *bench) badCursors() []string {
	other := newBench(b.T, b.config)
	bad := []string{other.head(), b.head() + "0"}
	b.committed("k", outcome("", event(1), event(2)))
	other.committed("k", outcome("", event(1), event(2), event(3)))
	for _, e := range other.events("", 3) {
		bad = append(bad, e.Cursor)
	}
	mine := b.events("", 1)[0].Cursor
	return append(bad,
		" ", ".", "x", "1", "-1", "x.1", mine+" ", " "+mine, mine+"0", mine+"x", mine+".1",
		mine[:len(mine)-1], mine[1:], mine+"\x00", mine+"99999999999999999999", "\xff",
	)
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
					_, err = b.store.Commit(b.Context(), l, outcome("", event(2*i), event(2*i+1)))
				}
				if err != nil {
					b.Errorf("Reserve and Commit: %v", err)
					return
				}
			}
		})
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		wg.Wait()
	}()
	seen := b.readUntil(done)
	b.identical(b.events("", writers*commits*3), seen)
	if len(seen) != writers*commits*2 {
		b.Fatalf("%d events, want %d", len(seen), writers*commits*2)
	}
	for i := 0; i < len(seen); i += 2 {
		if string(seen[i+1].Data) != string(event(int(number(seen[i]))+1).Data) {
			b.Fatalf("events of one commit are not side by side: %s, %s", seen[i].Data, seen[i+1].Data)
		}
	}
}

// readUntil reads page by page until done is closed and nothing is left.
func (b *bench) readUntil(done <-chan struct{}) []cnerium.Event {
	b.Helper()
	var seen []cnerium.Event
	cursor := ""
	for {
		ended := false
		select {
		case <-done:
			ended = true
		default:
		}
		page, err := b.store.Events(b.Context(), cursor, 3)
		if err != nil {
			b.Errorf("Events: %v", err)
			<-done
			return seen
		}
		if len(page) == 0 && ended {
			return seen
		}
		if seen = append(seen, page...); len(seen) > 0 {
			cursor = seen[len(seen)-1].Cursor
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
		got.Room == want.Room && got.Type == want.Type && got.Subject == want.Subject && got.Time.Equal(want.Time) && bytes.Equal(got.Data, want.Data)
	if !same {
		b.Fatalf("event is %+v, want %+v", got, want)
	}
}

// head returns what Head does.
func (b *bench) head() string {
	b.Helper()
	cursor, err := b.store.Head(b.Context())
	b.ok("Head", err)
	return cursor
}

// unknownCursor checks that there is no reading on from the cursor.
func (b *bench) unknownCursor(cursor string) {
	b.Helper()
	events, err := b.store.Events(b.Context(), cursor, 10)
	b.is(fmt.Sprintf("Events(%q)", cursor), err, cnerium.ErrCursor)
	if len(events) > 0 {
		b.Fatalf("with the error came the events %v", events)
	}
}
