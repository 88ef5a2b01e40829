package storetest

import (
	"context"
	"fmt"
	"sync"

	cnerium "github.com/cnerium/cnerium-go/runtime"
)

var lifeLaws = []law{
	{"an open store passes its check", func(b *bench) {
		for range 3 {
			b.ok("Check", b.store.Check(b.Context()))
		}
		if events := b.events("", 10); len(events) != 0 {
			b.Fatalf("Check left the events %v", events)
		}
		b.sweep(10, 0)
	}},
	{"with a context that has ended every call is an error and changes nothing", func(b *bench) {
		b.committed("done", outcome("done", event(1)))
		l := b.reserve(claim(id("held")))
		b.allFail(ended(b), l, b.head())
		b.lookup(id("new"), cnerium.StateAbsent)
		b.lookup(id("held"), cnerium.StateReserved)
		b.published("", "")
		b.commit(l, outcome("held"))
		b.body(id("done"), "done")
	}},
	{"with a context that ends at any time a call says what it did", func(b *bench) { racingContexts(b) }},
	{"after Close every call is an error, and a second Close is none", func(b *bench) {
		b.committed("done", outcome("done", event(1)))
		l := b.reserve(claim(id("held")))
		cursor := b.head()
		b.close(b.store)
		b.allFail(b.Context(), l, cursor)
		b.close(b.store)
	}},
	{"Close may come while calls are under way", func(b *bench) {
		together(16, func(i int) {
			if i == 7 {
				if err := b.store.Close(); err != nil {
					b.Errorf("Close: %v", err)
				}
				return
			}
			_, l, err := b.store.Reserve(b.Context(), claim(id(fmt.Sprint(i))))
			if err == nil && l == nil {
				b.Errorf("claim of an absent record was refused without an error")
			}
			record, err := b.store.Lookup(b.Context(), id(fmt.Sprint(i)))
			if err == nil && l != nil && record.State != cnerium.StateReserved {
				b.Errorf("a reserved record is %v", record.State)
			}
		})
	}},
	{"everything may be called at once", func(b *bench) { everythingAtOnce(b) }},
}

// allFail calls everything. Not one call may succeed, and a look-up that
// failed must not look like an absent record that one may trust.
func (b *bench) allFail(ctx context.Context, l *cnerium.Lease, cursor string) {
	b.Helper()
	for _, key := range []string{"new", "held", "done"} {
		_, err := b.store.Lookup(ctx, id(key))
		b.fails("Lookup", err)
		_, granted, err := b.store.Reserve(ctx, claim(id(key)))
		b.fails("Reserve", err)
		if granted != nil {
			b.Fatalf("an error came with the lease %+v", granted)
		}
	}
	b.fails("Renew", b.store.Renew(ctx, l, 10*lease))
	b.fails("Renew(0)", b.store.Renew(ctx, l, 0))
	_, err := b.store.Commit(ctx, l, outcome("late"))
	b.fails("Commit", err)
	b.fails("Release", b.store.Release(ctx, l))
	_, err = b.store.Events(ctx, "", 10)
	b.fails("Events", err)
	_, err = b.store.Head(ctx)
	b.fails("Head", err)
	_, err = b.store.Published(ctx, "")
	b.fails("Published", err)
	b.fails("MarkPublished", b.store.MarkPublished(ctx, "", cursor))
	b.fails("Check", b.store.Check(ctx))
	_, err = b.store.Unknown(ctx, 10)
	b.fails("Unknown", err)
	_, err = b.store.Sweep(ctx, 10)
	b.fails("Sweep", err)
}

// racingContexts ends contexts while calls run on them. A call that returned
// nil has happened; after an error the store works as before.
func racingContexts(b *bench) {
	const rounds = 60
	for i := range rounds {
		key := id(fmt.Sprint(i))
		ctx, cancel := context.WithCancel(b.Context())
		var wg sync.WaitGroup
		wg.Go(cancel)
		_, l, err := b.store.Reserve(ctx, claim(key))
		if err == nil && l == nil {
			b.Fatal("claim of an absent record was refused without an error")
		}
		committed := false
		if err == nil {
			_, err := b.store.Commit(ctx, l, outcome("done"))
			committed = err == nil
		}
		record, lookupErr := b.store.Lookup(ctx, key)
		wg.Wait()
		if lookupErr == nil && err == nil && record.State == cnerium.StateAbsent {
			b.Fatal("Lookup found a reserved record absent")
		}
		if committed {
			b.body(key, "done")
		} else if err == nil {
			b.commitIfReserved(l)
		}
	}
}

// commitIfReserved settles a lease whose commit may or may not have failed
// after the fact.
func (b *bench) commitIfReserved(l *cnerium.Lease) {
	b.Helper()
	record, err := b.store.Lookup(b.Context(), l.ID)
	b.ok("Lookup", err)
	if record.State == cnerium.StateReserved {
		b.commit(l, outcome("done"))
	}
	b.body(l.ID, "done")
}

// everythingAtOnce gives each key its own response, through all kinds of
// calls at the same time, and looks whether each key answers with its own.
func everythingAtOnce(b *bench) {
	const workers, keys = 8, 12
	together(workers, func(w int) {
		for i := range keys {
			if err := b.visit(id(fmt.Sprint(i)), fmt.Sprint("worker ", w)); err != nil {
				b.Errorf("worker %d: %v", w, err)
			}
		}
	})
	if b.Failed() {
		b.FailNow()
	}
	for i := range keys {
		record := b.lookup(id(fmt.Sprint(i)), cnerium.StateCommitted)
		if want := keyed("", fmt.Sprint(i)).Header; record.Response.Header != want {
			b.Fatalf("key %d answers with the header %q", i, record.Response.Header)
		}
	}
	if got := len(b.events("", 1000)); got != keys {
		b.Fatalf("%d events, want %d", got, keys)
	}
}

// keyed is a response that tells its key.
func keyed(body, key string) cnerium.StoredResponse {
	return cnerium.Text(201, body).Set("X-Key", key).Stored()
}

// visit makes one call of each kind, as a request and the loops beside it do.
func (b *bench) visit(id cnerium.ID, body string) error {
	ctx := b.Context()
	_, l, err := b.store.Reserve(ctx, claim(id))
	if err != nil {
		return fmt.Errorf("reserve: %w", err)
	}
	if l != nil {
		if err := b.store.Renew(ctx, l, lease); err != nil {
			return fmt.Errorf("renew: %w", err)
		}
		o := cnerium.Outcome{Response: keyed(body, id.Key), Events: []cnerium.Event{event(1)}, Retention: retention}
		if _, err := b.store.Commit(ctx, l, o); err != nil {
			return fmt.Errorf("commit: %w", err)
		}
	}
	if _, err := b.store.Lookup(ctx, id); err != nil {
		return fmt.Errorf("look up: %w", err)
	}
	if err := b.publish(body); err != nil {
		return err
	}
	if _, err := b.store.Unknown(ctx, 5); err != nil {
		return fmt.Errorf("unknown: %w", err)
	}
	if _, err := b.store.Sweep(ctx, 5); err != nil {
		return fmt.Errorf("sweep: %w", err)
	}
	return b.store.Check(ctx)
}

// publish marks the first events as published under the name, and looks.
func (b *bench) publish(publisher string) error {
	ctx := b.Context()
	events, err := b.store.Events(ctx, "", 5)
	if err != nil {
		return fmt.Errorf("events: %w", err)
	}
	if len(events) > 0 {
		if err := b.store.MarkPublished(ctx, publisher, events[len(events)-1].Cursor); err != nil {
			return fmt.Errorf("mark published: %w", err)
		}
	}
	if _, err := b.store.Published(ctx, publisher); err != nil {
		return fmt.Errorf("published: %w", err)
	}
	if _, err := b.store.Head(ctx); err != nil {
		return fmt.Errorf("head: %w", err)
	}
	return nil
}
