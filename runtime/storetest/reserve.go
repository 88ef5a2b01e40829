package storetest

import (
	"fmt"
	"sync"
	"time"

	cnerium "github.com/cnerium/cnerium-go/runtime"
)

var reserveLaws = []law{
	{"an unheard-of record is absent", func(b *bench) {
		b.lookup(id("k"), cnerium.StateAbsent)
	}},
	{"a claim of an absent record is granted", func(b *bench) {
		record, granted, err := b.store.Reserve(b.Context(), claim(id("k")))
		b.ok("Reserve", err)
		if granted == nil || granted.ID != id("k") || granted.Attempt != 1 {
			b.Fatalf("lease is %+v, want one of the ID with attempt 1", granted)
		}
		for _, r := range []cnerium.Record{record, b.lookup(id("k"), cnerium.StateReserved)} {
			b.state(r, cnerium.StateReserved)
			b.since(r, b.clock.Now())
			b.attempt(r.Attempt, 1)
			if r.ID != id("k") || r.Fingerprint != digest("request") {
				b.Fatalf("record is %+v, want ID and fingerprint of the claim", r)
			}
		}
	}},
	{"a claim of a reserved record is refused and changes nothing", func(b *bench) {
		first := b.reserve(claim(id("k")))
		before := b.lookup(id("k"), cnerium.StateReserved)
		b.clock.advance(lease / 2)
		for _, c := range []cnerium.Claim{
			claim(id("k")),
			takeover(id("k"), digest("request")),
			takeover(id("k"), cnerium.Fingerprint{}),
			{ID: id("k"), Fingerprint: digest("other"), Lease: 10 * lease},
		} {
			if got := b.refuse(c); got != before {
				b.Fatalf("refused claim got %+v, want %+v", got, before)
			}
		}
		b.clock.advance(lease / 2)
		b.lookup(id("k"), cnerium.StateUnknown)
		b.commit(first, outcome("first"))
	}},
	{"a claim of a committed record is refused and gets its response", func(b *bench) {
		b.committed("k", outcome("first"))
		for _, c := range []cnerium.Claim{
			claim(id("k")),
			takeover(id("k"), digest("request")),
			takeover(id("k"), cnerium.Fingerprint{}),
			{ID: id("k"), Fingerprint: digest("other"), Lease: lease},
		} {
			record := b.refuse(c)
			b.state(record, cnerium.StateCommitted)
			b.response(record.Response, cnerium.Text(201, "first").Stored())
		}
		b.body(id("k"), "first")
	}},
	{"of concurrent claims one is granted", func(b *bench) {
		oneWinner(b, []cnerium.Store{b.store}, claim)
	}},
	{"different ids never meet", func(b *bench) { neverMeet(b) }},
	{"a lease that is not positive is an error and claims nothing", func(b *bench) {
		for _, d := range []time.Duration{0, -lease} {
			c := claim(id("k"))
			c.Lease = d
			_, granted, err := b.store.Reserve(b.Context(), c)
			b.fails("Reserve", err)
			if granted != nil {
				b.Fatalf("an error came with the lease %+v", granted)
			}
		}
		b.lookup(id("k"), cnerium.StateAbsent)
	}},
	{"no two leases of a record have the same token", func(b *bench) {
		seen := map[int64]bool{}
		for i := range 9 {
			l := b.reserve(takeover(id("k"), digest("request")))
			if seen[l.Token] {
				b.Fatalf("token %d was granted twice", l.Token)
			}
			seen[l.Token] = true
			switch i % 3 {
			case 0:
				b.ok("Release", b.store.Release(b.Context(), l))
			case 1:
				b.ok("Renew", b.store.Renew(b.Context(), l, 0))
			case 2:
				b.commit(l, outcome("done"))
				b.clock.advance(retention)
			}
		}
	}},
	{"a lease is good for its own record only", func(b *bench) {
		mine, other := b.reserve(claim(id("mine"))), b.reserve(claim(id("other")))
		b.lost(&cnerium.Lease{ID: other.ID, Token: mine.Token + other.Token + 1, Attempt: 1})
		if mine.Token != other.Token {
			b.lost(&cnerium.Lease{ID: other.ID, Token: mine.Token, Attempt: 1})
		}
		b.lost(&cnerium.Lease{ID: id("absent"), Token: mine.Token, Attempt: 1})
		b.commit(mine, outcome("mine"))
		b.lookup(id("other"), cnerium.StateReserved)
		b.commit(other, outcome("other"))
		b.body(id("mine"), "mine")
		b.body(id("other"), "other")
	}},
}

// oneWinner makes many claims of a few records at once, through all stores.
func oneWinner(b *bench, stores []cnerium.Store, claimOf func(cnerium.ID) cnerium.Claim) {
	const records, claims = 4, 48
	var mu sync.Mutex
	winners := map[cnerium.ID][]*cnerium.Lease{}
	together(claims, func(i int) {
		c := claimOf(id(fmt.Sprint(i % records)))
		record, granted, err := stores[i/records%len(stores)].Reserve(b.Context(), c)
		if err != nil || record.State != cnerium.StateReserved {
			b.Errorf("Reserve = %v, %v, %v; want a reserved record", record, granted, err)
		}
		if granted != nil {
			mu.Lock()
			winners[granted.ID] = append(winners[granted.ID], granted)
			mu.Unlock()
		}
	})
	for i := range records {
		if got := len(winners[id(fmt.Sprint(i))]); got != 1 {
			b.Fatalf("%d of %d concurrent claims were granted, want 1", got, claims/records)
		}
	}
	for _, granted := range winners {
		b.commit(granted[0], outcome("won"))
	}
}

// neverMeet uses IDs that would meet if their parts were joined, cut at a
// zero byte, folded or normalised.
func neverMeet(b *bench) {
	var ids []cnerium.ID
	for _, parts := range [][3]string{
		{"", "a", "bc"},
		{"a", "b", "c"},
		{"ab", "c", ""},
		{"a", "", "bc"},
		{"", "", "abc"},
		{"a.b", "c", "d"},
		{"a", "b.c", "d"},
		{"a", "b", "c.d"},
		{"a/b", "c", "d"},
		{"a", "b/c", "d"},
		{"a\x00b", "c", "d"},
		{"a", "b\x00c", "d"},
		{"a\x00", "b", "c"},
		{"a\x00c", "b", "c"},
		{"A", "b", "c"},
		{"a", "b", "C"},
		{"a ", "b", "c"},
		{" a", "b", "c"},
		{"a", "b", "c%"},
		{"a", "b", "c_"},
		{"\u00e9", "b", "c"},
		{"e\u0301", "b", "c"},
		{"\xff", "b", "c"},
		{"\xfe", "b", "c"},
		{"\ufffd", "b", "c"},
		{"1", "b", "c"},
		{"1.0", "b", "c"},
		{"01", "b", "c"},
	} {
		ids = append(ids, cnerium.ID{Scope: parts[0], Operation: parts[1], Key: parts[2]})
	}
	for i, id := range ids {
		b.lookup(id, cnerium.StateAbsent)
		b.commit(b.reserve(claim(id)), outcome(fmt.Sprint("body ", i)))
	}
	for i, id := range ids {
		b.body(id, fmt.Sprint("body ", i))
	}
}
