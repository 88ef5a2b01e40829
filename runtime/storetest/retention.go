package storetest

import (
	"fmt"
	"time"

	cnerium "github.com/cnerium/cnerium-go/runtime"
)

var retentionLaws = []law{
	{"a committed record is absent after its retention, swept or not", func(b *bench) {
		b.committed("k", outcome("first"))
		b.clock.advance(retention - time.Millisecond)
		b.body(id("k"), "first")
		b.refuse(claim(id("k")))
		b.clock.advance(time.Millisecond)
		b.lookup(id("k"), cnerium.StateAbsent)
		b.sweep(10, 1)
		b.lookup(id("k"), cnerium.StateAbsent)
	}},
	{"an expired record can be reserved like any absent one", func(b *bench) {
		old := b.committed("k", outcome("first", event(1)))
		b.clock.advance(retention)
		c := claim(id("k"))
		c.Fingerprint = digest("another request")
		l := b.reserve(c)
		b.attempt(l.Attempt, 1)
		b.lost(old)
		record := b.lookup(id("k"), cnerium.StateReserved)
		b.since(record, b.clock.Now())
		if record.Fingerprint != c.Fingerprint || record.Cursor != "" {
			b.Fatalf("record is %+v, want nothing of the expired one", record)
		}
		b.sweep(10, 0)
		b.commit(l, outcome("second"))
		b.clock.advance(retention - time.Millisecond)
		b.sweep(10, 0)
		b.body(id("k"), "second")
	}},
	{"neither Lookup nor a refused claim prolongs the retention", func(b *bench) {
		b.committed("k", outcome("first"))
		for range 4 {
			b.clock.advance(retention / 4)
			b.refuseOrGone(id("k"))
		}
		b.lookup(id("k"), cnerium.StateAbsent)
	}},
	{"the shortest retention holds for a moment", func(b *bench) {
		o := outcome("short")
		o.Retention = time.Nanosecond
		b.committed("k", o)
		b.body(id("k"), "short")
	}},
	{"Sweep removes what has expired and nothing else", func(b *bench) {
		b.committed("expired", outcome("old"))
		b.reserve(claim(id("unknown")))
		b.clock.advance(retention)
		b.committed("fresh", outcome("new"))
		b.reserve(claim(id("reserved")))
		b.sweep(10, 1)
		b.sweep(10, 0)
		b.lookup(id("expired"), cnerium.StateAbsent)
		b.lookup(id("unknown"), cnerium.StateUnknown)
		b.lookup(id("reserved"), cnerium.StateReserved)
		b.body(id("fresh"), "new")
	}},
	{"unknown records never expire", func(b *bench) {
		b.reserve(claim(id("k")))
		b.clock.advance(100_000 * time.Hour)
		b.sweep(10, 0)
		b.lookup(id("k"), cnerium.StateUnknown)
	}},
	{"Sweep removes at most limit, and fewer only at the end", func(b *bench) {
		for i := range 25 {
			b.committed(fmt.Sprint(i), outcome("old"))
		}
		b.clock.advance(retention)
		b.sweep(0, 0)
		b.sweep(10, 10)
		b.sweep(10, 10)
		b.sweep(10, 5)
		b.sweep(10, 0)
	}},
	{"Sweep runs while requests go on", func(b *bench) {
		for i := range 50 {
			b.committed(fmt.Sprint("old ", i), outcome("old"))
		}
		b.clock.advance(retention)
		together(8, func(i int) {
			key := fmt.Sprint("new ", i)
			if i%2 == 0 {
				if _, err := b.store.Sweep(b.Context(), 5); err != nil {
					b.Errorf("Sweep: %v", err)
				}
				return
			}
			_, l, err := b.store.Reserve(b.Context(), claim(id(key)))
			if err == nil {
				_, err = b.store.Commit(b.Context(), l, outcome("new"))
			}
			if err != nil {
				b.Errorf("Reserve and Commit: %v", err)
			}
		})
		b.sweep(100, 50-4*5)
		for i := 1; i < 8; i += 2 {
			b.body(id(fmt.Sprint("new ", i)), "new")
		}
	}},
}

// refuseOrGone claims a record of which only a committed one may be there.
func (b *bench) refuseOrGone(id cnerium.ID) {
	b.Helper()
	record, err := b.store.Lookup(b.Context(), id)
	b.ok("Lookup", err)
	if record.State == cnerium.StateCommitted {
		b.refuse(claim(id))
	}
}
