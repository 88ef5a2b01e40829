package storetest

import (
	"fmt"

	cnerium "github.com/cnerium/cnerium-go/runtime"
)

var joinedLaws = []law{
	{"commits survive a restart", func(b *bench) {
		want := map[string]cnerium.StoredResponse{}
		for name, response := range responses() {
			want[name] = response
			l := b.reserve(claim(id(name)))
			b.commit(l, cnerium.Outcome{Response: response, Events: []cnerium.Event{event(1)}, Retention: retention})
		}
		before := b.lookup(id("plain"), cnerium.StateCommitted)
		b.reopen()
		for name, response := range want {
			b.response(b.lookup(id(name), cnerium.StateCommitted).Response, response)
		}
		after := b.lookup(id("plain"), cnerium.StateCommitted)

		if before != after {
			b.Fatalf("record is %+v, was %+v", after, before)
		}
	}},
	{"leases and their tokens survive a restart", func(b *bench) {
		live, late := b.reserve(claim(id("live"))), b.reserve(claim(id("late")))
		b.reopen()
		b.refuse(claim(id("live")))
		b.ok("Renew", b.store.Renew(b.Context(), live, 2*lease))
		b.clock.advance(lease)
		b.lookup(id("live"), cnerium.StateReserved)
		b.unknown(10, "late")
		next := b.reserve(takeover(id("late"), digest("request")))
		b.attempt(next.Attempt, 2)
		if next.Token == late.Token || next.Token == live.Token {
			b.Fatalf("token %d was granted again", next.Token)
		}
		b.reopen()
		b.lost(late)
		b.commit(next, outcome("second"))
		b.commit(live, outcome("first"))
	}},
	{"a released record stays absent over a restart", func(b *bench) {
		b.ok("Release", b.store.Release(b.Context(), b.reserve(claim(id("k")))))
		b.reopen()
		b.lookup(id("k"), cnerium.StateAbsent)
	}},
	{"events, cursors and marks survive a restart", func(b *bench) {
		b.mark("beginner", b.head())
		b.committed("1", outcome("", event(1), event(2)))
		before, beginning := b.events("", 10), b.publishedBy("beginner")
		b.mark("", before[0].Cursor)
		b.mark("mail", before[1].Cursor)
		b.reopen()
		b.identical(b.events("", 10), before)
		b.identical(b.events(before[0].Cursor, 10), before[1:])
		b.published("beginner", beginning)
		b.published("", before[0].Cursor)
		b.published("mail", before[1].Cursor)
		if head := b.head(); head != before[1].Cursor {
			b.Fatalf("Head is %q, want %q", head, before[1].Cursor)
		}
		b.committed("2", outcome("", event(3)))
		b.sameEvents(b.events(before[1].Cursor, 10), event(3))
	}},
	{"what was swept stays known as gone over a restart", func(b *bench) {
		beginning := b.head()
		b.committed("1", outcome("", event(1), event(2)))
		before := b.events("", 10)
		b.clock.advance(EventRetention)
		b.sweep(10, 3)
		b.reopen()
		b.unknownCursor(beginning)
		b.unknownCursor(before[0].Cursor)
		if head := b.head(); head != before[1].Cursor {
			b.Fatalf("Head is %q, want %q", head, before[1].Cursor)
		}
		b.committed("2", outcome("", event(3)))
		b.sameEvents(b.events(before[1].Cursor, 10), event(3))
		for _, e := range b.events("", 10) {
			if e.ID == before[0].ID || e.ID == before[1].ID {
				b.Fatalf("ID %s was given twice", e.ID)
			}
		}
	}},
	{"a mark that one store was told of holds events in all", func(b *bench) {
		mine, theirs := b.store, b.join()
		b.mark("mail", b.head())
		b.store = theirs
		b.published("mail", b.head())
		b.committed("1", outcome("", event(1)))
		b.clock.advance(EventRetention)
		b.sweep(10, 1) // the record
		b.sameEvents(b.events("", 10), event(1))
		b.store = mine
		b.mark("mail", b.head())
		b.store = theirs
		b.sweep(10, 1)
		b.store = mine
	}},
	{"two stores on one medium grant a claim once", func(b *bench) {
		oneWinner(b, []cnerium.Store{b.store, b.join()}, claim)
	}},
	{"two stores on one medium see each other's work at once", func(b *bench) {
		mine, theirs := b.store, b.join()
		for i := range 5 {
			key := fmt.Sprint(i)
			l := b.reserve(claim(id(key)))
			b.store, theirs = theirs, b.store
			b.refuse(claim(id(key)))
			b.commit(l, outcome(key, event(i)))
			b.store, theirs = theirs, b.store
			b.body(id(key), key)
			if got := len(b.events("", 10)); got != i+1 {
				b.Fatalf("%d events, want %d", got, i+1)
			}
		}
		b.store = mine
	}},
	{"of two stores on one medium the later claim fences the earlier", func(b *bench) {
		first := b.reserve(claim(id("k")))
		b.clock.advance(lease)
		mine := b.store
		b.store = b.join()
		second := b.reserve(takeover(id("k"), digest("request")))
		b.store = mine
		b.lost(first)
		b.commit(second, outcome("second"))
		b.body(id("k"), "second")
	}},
}
