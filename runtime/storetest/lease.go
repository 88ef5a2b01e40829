package storetest

import (
	"fmt"
	"time"

	cnerium "github.com/cnerium/cnerium-go/runtime"
)

var leaseLaws = []law{
	{"a lease that runs out leaves an unknown record", func(b *bench) {
		b.reserve(claim(id("k")))
		end := b.clock.Now().Add(lease)
		b.clock.advance(lease - time.Millisecond)
		b.lookup(id("k"), cnerium.StateReserved)
		b.clock.advance(time.Millisecond)
		b.since(b.lookup(id("k"), cnerium.StateUnknown), end)
		b.clock.advance(1000 * time.Hour)
		b.since(b.lookup(id("k"), cnerium.StateUnknown), end)
	}},
	{"the shortest lease holds for a moment", func(b *bench) {
		c := claim(id("k"))
		c.Lease = time.Nanosecond
		b.reserve(c)
		b.lookup(id("k"), cnerium.StateReserved)
	}},
	{"a lease that ran out can be committed while nobody took over", func(b *bench) {
		l := b.reserve(claim(id("k")))
		b.clock.advance(lease + time.Hour)
		b.lookup(id("k"), cnerium.StateUnknown)
		b.commit(l, outcome("late but first", event(1)))
		b.body(id("k"), "late but first")
		if got := len(b.events("", 10)); got != 1 {
			b.Fatalf("%d events, want 1", got)
		}
	}},
	{"a lease that ran out can be released while nobody took over", func(b *bench) {
		l := b.reserve(claim(id("k")))
		b.clock.advance(lease)
		b.ok("Release", b.store.Release(b.Context(), l))
		b.lookup(id("k"), cnerium.StateAbsent)
	}},
	{"Renew lets the lease last from now", func(b *bench) {
		l := b.reserve(claim(id("k")))
		reserved := b.clock.Now()
		for range 5 {
			b.clock.advance(lease - time.Millisecond)
			b.ok("Renew", b.store.Renew(b.Context(), l, lease))
		}
		b.clock.advance(lease - time.Millisecond)
		record := b.lookup(id("k"), cnerium.StateReserved)
		b.since(record, reserved)
		b.attempt(record.Attempt, 1)
		b.clock.advance(time.Millisecond)
		b.since(b.lookup(id("k"), cnerium.StateUnknown), b.clock.Now())
	}},
	{"Renew can shorten a lease", func(b *bench) {
		l := b.reserve(claim(id("k")))
		b.ok("Renew", b.store.Renew(b.Context(), l, time.Second))
		b.clock.advance(time.Second)
		b.lookup(id("k"), cnerium.StateUnknown)
	}},
	{"Renew with zero or less makes the record unknown at once", func(b *bench) {
		for i, d := range []time.Duration{0, -time.Hour} {
			key := fmt.Sprint(i)
			l := b.reserve(claim(id(key)))
			b.clock.advance(time.Second)
			b.ok("Renew", b.store.Renew(b.Context(), l, d))
			b.since(b.lookup(id(key), cnerium.StateUnknown), b.clock.Now())
			b.is("Renew", b.store.Renew(b.Context(), l, lease), cnerium.ErrLeaseLost)
			b.commit(l, outcome("settled"))
			b.body(id(key), "settled")
		}
	}},
	{"Renew after the lease ran out is too late", func(b *bench) {
		l := b.reserve(claim(id("k")))
		end := b.clock.Now().Add(lease)
		b.clock.advance(lease)
		b.is("Renew", b.store.Renew(b.Context(), l, lease), cnerium.ErrLeaseLost)
		b.clock.advance(time.Second)
		b.is("Renew(0)", b.store.Renew(b.Context(), l, 0), cnerium.ErrLeaseLost)
		b.since(b.lookup(id("k"), cnerium.StateUnknown), end)
	}},
	{"Release makes the record absent", func(b *bench) {
		l := b.reserve(claim(id("k")))
		b.ok("Release", b.store.Release(b.Context(), l))
		b.lookup(id("k"), cnerium.StateAbsent)
		b.lost(l)
		b.lookup(id("k"), cnerium.StateAbsent)
		again := b.reserve(claim(id("k")))
		b.attempt(again.Attempt, 1)
		b.lost(l)
		b.commit(again, outcome("second"))
		b.body(id("k"), "second")
	}},
	{"a settled lease can do nothing more", func(b *bench) {
		l := b.committed("k", outcome("first", event(1)))
		b.lost(l)
		b.body(id("k"), "first")
		if got := len(b.events("", 10)); got != 1 {
			b.Fatalf("%d events, want 1", got)
		}
	}},
	{"Unknown lists unknown records, the oldest first", func(b *bench) { listUnknown(b) }},
}

func listUnknown(b *bench) {
	const records = 6
	for i := range records {
		c := claim(id(fmt.Sprint(i)))
		c.Lease = time.Duration(records-i) * time.Second
		b.reserve(c)
	}
	b.committed("committed", outcome("done"))
	b.ok("Release", b.store.Release(b.Context(), b.reserve(claim(id("released")))))
	b.unknown(10)
	b.clock.advance((records - 1) * time.Second)
	want := []string{"5", "4", "3", "2", "1"} // 0 has a second left
	b.unknown(10, want...)
	b.unknown(2, want[:2]...)
	b.unknown(0)
	b.reserve(takeover(id("4"), cnerium.Fingerprint{}))
	b.unknown(10, "5", "3", "2", "1")
}

// unknown checks the list of unknown records.
func (b *bench) unknown(limit int, keys ...string) {
	b.Helper()
	records, err := b.store.Unknown(b.Context(), limit)
	b.ok("Unknown", err)
	var got []string
	for _, record := range records {
		if record != b.lookup(record.ID, cnerium.StateUnknown) {
			b.Fatalf("Unknown and Lookup differ: %+v", record)
		}
		got = append(got, record.ID.Key)
	}
	if fmt.Sprint(got) != fmt.Sprint(keys) {
		b.Fatalf("Unknown(%d) = %v, want %v", limit, got, keys)
	}
}

var takeoverLaws = []law{
	{"an unknown record is claimed by a takeover only", func(b *bench) {
		b.reserve(claim(id("k")))
		b.clock.advance(lease)
		b.state(b.refuse(claim(id("k"))), cnerium.StateUnknown)
		b.clock.advance(time.Second)
		l := b.reserve(takeover(id("k"), digest("request")))
		b.attempt(l.Attempt, 2)
		record := b.lookup(id("k"), cnerium.StateReserved)
		b.since(record, b.clock.Now())
		b.attempt(record.Attempt, 2)
		b.clock.advance(lease - time.Millisecond)
		b.lookup(id("k"), cnerium.StateReserved)
		b.commit(l, outcome("second"))
		b.attempt(b.lookup(id("k"), cnerium.StateCommitted).Attempt, 2)
	}},
	{"a takeover needs the fingerprint of the record", func(b *bench) {
		b.reserve(claim(id("k")))
		b.clock.advance(lease)
		record := b.refuse(takeover(id("k"), digest("other")))
		b.state(record, cnerium.StateUnknown)
		b.attempt(record.Attempt, 1)
		b.lookup(id("k"), cnerium.StateUnknown)
	}},
	{"a takeover without a fingerprint claims any unknown record and keeps its own", func(b *bench) {
		b.reserve(claim(id("k")))
		b.clock.advance(lease)
		l := b.reserve(takeover(id("k"), cnerium.Fingerprint{}))
		b.attempt(l.Attempt, 2)
		b.commit(l, outcome("resolved"))
		if got := b.lookup(id("k"), cnerium.StateCommitted).Fingerprint; got != digest("request") {
			b.Fatalf("fingerprint is %v, want that of the first claim", got)
		}
	}},
	{"a takeover without a fingerprint never claims an absent record", func(b *bench) {
		b.state(b.refuse(takeover(id("k"), cnerium.Fingerprint{})), cnerium.StateAbsent)
		b.lookup(id("k"), cnerium.StateAbsent)
		b.committed("k", outcome("done"))
		b.clock.advance(retention)
		b.state(b.refuse(takeover(id("k"), cnerium.Fingerprint{})), cnerium.StateAbsent)
	}},
	{"a takeover of an absent record is an ordinary claim", func(b *bench) {
		l := b.reserve(takeover(id("k"), digest("request")))
		b.attempt(l.Attempt, 1)
		b.lookup(id("k"), cnerium.StateReserved)
	}},
	{"of concurrent takeovers one is granted", func(b *bench) {
		for i := range 4 {
			b.reserve(claim(id(fmt.Sprint(i))))
		}
		b.clock.advance(lease)
		oneWinner(b, []cnerium.Store{b.store}, func(id cnerium.ID) cnerium.Claim {
			return takeover(id, digest("request"))
		})
	}},
	{"who was taken over can do nothing more", func(b *bench) {
		first := b.reserve(claim(id("k")))
		b.clock.advance(lease)
		second := b.reserve(takeover(id("k"), digest("request")))
		before := b.lookup(id("k"), cnerium.StateReserved)
		b.lost(first)
		if after := b.lookup(id("k"), cnerium.StateReserved); after != before {
			b.Fatalf("a late call changed the record from %+v to %+v", before, after)
		}
		b.clock.advance(lease)
		b.lost(first)
		b.lookup(id("k"), cnerium.StateUnknown)
		b.commit(second, outcome("second"))
		b.lost(first)
		b.body(id("k"), "second")
		if events := b.events("", 10); len(events) != 0 {
			b.Fatalf("a late commit left the events %v", events)
		}
	}},
}
