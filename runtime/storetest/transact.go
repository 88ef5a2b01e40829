package storetest

import (
	"context"
	"fmt"
	"slices"
	"time"

	cnerium "github.com/cnerium/cnerium-go/runtime"
)

// handler is what Transact runs.
type handler func(ctx context.Context, attempt int) (cnerium.Outcome, error)

var transactLaws = []law{
	{"a transaction has a name", func(b *bench) {
		if b.transactor().Transaction() == "" {
			b.Fatal("Transaction is empty")
		}
	}},
	{"rows, response and events are stored together", func(b *bench) {
		before := b.clock.Now()
		record, err := b.transact(claim(id("k")), func(ctx context.Context, attempt int) (cnerium.Outcome, error) {
			b.attempt(attempt, 1)
			b.write(ctx, "row 1")
			b.write(ctx, "row 2")
			b.clock.advance(time.Second)
			return outcome("done", event(1), event(2)), nil
		})
		b.ok("Transact", err)
		b.rows("row 1", "row 2")
		b.body(id("k"), "done")
		events := b.events("", 10)
		b.sameEvents(events, event(1), event(2))
		b.since(record, before.Add(time.Second))
		if record.Cursor != events[1].Cursor {
			b.Fatalf("the record's cursor is %q, want that of its last event, %q", record.Cursor, events[1].Cursor)
		}
		b.returned(record)
	}},
	{"a replay gets the stored response and the handler does not run", func(b *bench) {
		b.transacted("k", "row", outcome("first", event(1)))
		for _, c := range claims("k") {
			record := b.notRun(c)
			b.state(record, cnerium.StateCommitted)
			b.response(record.Response, cnerium.Text(201, "first").Stored())
		}
		b.state(b.refuse(claim(id("k"))), cnerium.StateCommitted)
		b.rows("row")
		b.sameEvents(b.events("", 10), event(1))
	}},
	{"the handler of a record that is not free does not run", func(b *bench) {
		l := b.reserve(claim(id("k")))
		for _, c := range claims("k") {
			b.state(b.notRun(c), cnerium.StateReserved)
		}
		b.clock.advance(lease)
		other := claim(id("k"))
		other.Fingerprint, other.Takeover = digest("other"), true
		for _, c := range []cnerium.Claim{claim(id("k")), other} {
			b.state(b.notRun(c), cnerium.StateUnknown)
		}
		b.state(b.notRun(takeover(id("absent"), cnerium.Fingerprint{})), cnerium.StateAbsent)
		b.commit(l, outcome("by its lease"))
		b.rows()
	}},
	{"a takeover of an unknown record runs as the next attempt", func(b *bench) {
		first := b.reserve(claim(id("k")))
		b.clock.advance(lease)
		_, err := b.transact(takeover(id("k"), digest("request")), func(ctx context.Context, attempt int) (cnerium.Outcome, error) {
			b.attempt(attempt, 2)
			b.write(ctx, "row")
			return outcome("second"), nil
		})
		b.ok("Transact", err)
		b.lost(first)
		b.body(id("k"), "second")
		b.attempt(b.lookup(id("k"), cnerium.StateCommitted).Attempt, 2)
		b.rows("row")
	}},
	{"after its retention the handler runs again", func(b *bench) {
		b.transacted("k", "first", outcome("first", event(1)))
		b.clock.advance(retention)
		b.lookup(id("k"), cnerium.StateAbsent)
		b.transacted("k", "second", outcome("second"))
		b.body(id("k"), "second")
		b.attempt(b.lookup(id("k"), cnerium.StateCommitted).Attempt, 1)
		b.rows("first", "second")
	}},
	{"of concurrent handlers of one key one runs, and the others see its record", func(b *bench) {
		oneRuns(b, []cnerium.Store{b.store})
	}},
	{"handlers of different keys do not mix", func(b *bench) {
		const keys = 24
		var want []string
		together(keys, func(i int) {
			key := fmt.Sprintf("%02d", i)
			_, err := b.store.(cnerium.Transactor).Transact(b.Context(), claim(id(key)), b.writing(key, outcome(key, event(i))))
			if err != nil {
				b.Errorf("Transact: %v", err)
			}
		})
		for i := range keys {
			key := fmt.Sprintf("%02d", i)
			b.body(id(key), key)
			want = append(want, key)
		}
		got := b.stored()
		slices.Sort(got)
		if !slices.Equal(got, want) || len(b.events("", 100)) != keys {
			b.Fatalf("rows are %v and %d events, want one of each for each key", got, len(b.events("", 100)))
		}
	}},
	{"nothing is visible before the end", func(b *bench) { unseen(b) }},
}

var transactJoinedLaws = []law{
	{"what is committed survives a restart", func(b *bench) {
		b.transacted("k", "row", outcome("done", event(1)))
		b.reopen()
		b.body(id("k"), "done")
		b.rows("row")
		b.sameEvents(b.events("", 10), event(1))
	}},
	{"of concurrent handlers in two stores on one medium one runs", func(b *bench) {
		oneRuns(b, []cnerium.Store{b.store, b.join()})
	}},
	{"another store on the medium sees nothing before the end and all after it", func(b *bench) {
		mine, theirs := b.store, b.join()
		_, err := b.transact(claim(id("k")), func(ctx context.Context, _ int) (cnerium.Outcome, error) {
			b.write(ctx, "row")
			b.nothingSeen(theirs)
			return outcome("done", event(1)), nil
		})
		b.ok("Transact", err)
		b.store = theirs
		b.body(id("k"), "done")
		b.rows("row")
		b.notRun(claim(id("k")))
		b.store = mine
	}},
}

// oneRuns runs many handlers of a few keys at once, through all stores.
func oneRuns(b *bench, stores []cnerium.Store) {
	const records, calls = 4, 48
	together(calls, func(i int) {
		key := fmt.Sprint(i % records)
		store := stores[i/records%len(stores)].(cnerium.Transactor)
		c := claim(id(key))
		c.Wait = time.Minute
		record, err := store.Transact(b.Context(), c, b.writing("row "+key, outcome(fmt.Sprint("body ", i), event(1))))
		if err != nil || record.State != cnerium.StateCommitted {
			b.Errorf("Transact = %v, %v; want a committed record", record, err)
			return
		}
		now, err := store.Lookup(b.Context(), id(key))
		if err != nil || now.Response != record.Response {
			b.Errorf("Transact returned the response %v, stored is %v, %v", record.Response, now.Response, err)
		}
	})
	got := b.stored()
	slices.Sort(got)
	if want := []string{"row 0", "row 1", "row 2", "row 3"}; !slices.Equal(got, want) {
		b.Fatalf("rows are %v, want %v", got, want)
	}
	if got := len(b.events("", 100)); got != records {
		b.Fatalf("%d events, want %d", got, records)
	}
}

// unseen looks from outside while a handler is under way.
func unseen(b *bench) {
	for _, failure := range []error{errHandler, nil} {
		_, err := b.transact(claim(id("k")), func(ctx context.Context, _ int) (cnerium.Outcome, error) {
			b.write(ctx, "row")
			b.nothingSeen(b.store)
			return outcome("done", event(1)), failure
		})
		b.is("Transact", err, failure)
	}
	b.rows("row")
}
