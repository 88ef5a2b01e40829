package storetest

import (
	"context"
	"errors"
	"runtime"
	"time"

	cnerium "github.com/cnerium/cnerium-go/runtime"
)

// errHandler is what a failing handler returns.
var errHandler = errors.New("the handler failed")

var undoLaws = []law{
	{"an error of the handler undoes all and comes back as it is", func(b *bench) {
		_, err := b.transact(claim(id("k")), func(ctx context.Context, _ int) (cnerium.Outcome, error) {
			b.write(ctx, "row")
			return outcome("done", event(1)), errHandler
		})
		if err != errHandler { //nolint:errorlint // it must be the same, not one that wraps it
			b.Fatalf("Transact: error is %v, want the handler's own", err)
		}
		b.undone()
	}},
	{"a handler that fails before it writes leaves nothing", func(b *bench) {
		_, err := b.transact(claim(id("k")), func(context.Context, int) (cnerium.Outcome, error) {
			return cnerium.Outcome{}, errHandler
		})
		b.is("Transact", err, errHandler)
		b.undone()
	}},
	{"Discard undoes the rows and stores the rest", func(b *bench) {
		o := outcome("refused", event(1))
		o.Discard = true
		b.transacted("k", "row", o)
		b.rows()
		b.body(id("k"), "refused")
		b.sameEvents(b.events("", 10), event(1))
		b.transacted("next", "kept", outcome("done"))
		b.rows("kept")
	}},
	{"a panic of the handler undoes all and goes on", func(b *bench) {
		reached := b.survives(func() {
			_, _ = b.transact(claim(id("k")), func(ctx context.Context, _ int) (cnerium.Outcome, error) {
				b.write(ctx, "row")
				panic(errHandler)
			})
		})
		if err, ok := reached.(error); !ok || !errors.Is(err, errHandler) {
			b.Fatalf("the panic is %v, want the handler's own", reached)
		}
		b.undone()
	}},
	{"a handler that ends its goroutine undoes all", func(b *bench) {
		if reached := b.survives(func() {
			_, _ = b.transact(claim(id("k")), func(ctx context.Context, _ int) (cnerium.Outcome, error) {
				b.write(ctx, "row")
				runtime.Goexit()
				return outcome("never"), nil
			})
		}); reached != nil {
			b.Fatalf("there was the panic %v", reached)
		}
		b.undone()
	}},
	{"an undone takeover leaves the record unknown as it was", func(b *bench) {
		first := b.reserve(claim(id("k")))
		b.clock.advance(lease)
		before := b.lookup(id("k"), cnerium.StateUnknown)
		b.clock.advance(time.Second)
		_, err := b.transact(takeover(id("k"), digest("request")), func(ctx context.Context, _ int) (cnerium.Outcome, error) {
			b.write(ctx, "row")
			return outcome("second"), errHandler
		})
		b.is("Transact", err, errHandler)
		if after := b.lookup(id("k"), cnerium.StateUnknown); after != before {
			b.Fatalf("record is %+v, was %+v", after, before)
		}
		b.rows()
		b.commit(first, outcome("first"))
	}},
	{"a handler whose context ends is undone at once", func(b *bench) { endsEarly(b) }},
	{"an outcome of a handler whose context has ended is not stored", func(b *bench) {
		ctx, cancel := context.WithCancel(b.Context())
		_, err := b.transactor().Transact(ctx, claim(id("k")), func(ctx context.Context, _ int) (cnerium.Outcome, error) {
			b.write(ctx, "row")
			cancel()
			return outcome("late", event(1)), nil
		})
		b.is("Transact", err, context.Canceled)
		b.undone()
	}},
	{"an outcome that comes in the moment its context ends is not stored", func(b *bench) { endsInTime(b) }},
	{"bad claims and outcomes are errors and store nothing", func(b *bench) {
		for _, d := range []time.Duration{0, -lease} {
			c := claim(id("k"))
			c.Lease = d
			b.notRunFails(b.Context(), c)
		}
		for _, bad := range []cnerium.Outcome{
			{Events: []cnerium.Event{event(1)}, Retention: retention},
			{Response: cnerium.NoContent().Stored(), Events: []cnerium.Event{event(1)}},
			{Response: cnerium.NoContent().Stored(), Events: []cnerium.Event{event(1)}, Retention: -retention, Discard: true},
		} {
			_, err := b.transact(claim(id("k")), b.writing("row", bad))
			b.fails("Transact", err)
		}
		b.undone()
	}},
	{"with a context that has ended the handler does not run", func(b *bench) {
		b.notRunFails(ended(b), claim(id("k")))
		b.undone()
	}},
	{"after Close the handler does not run", func(b *bench) {
		b.close(b.store)
		b.notRunFails(b.Context(), claim(id("k")))
	}},
}

// endsEarly ends the context of a handler that does not care and runs on.
func endsEarly(b *bench) {
	ctx, cancel := context.WithCancel(b.Context())
	_, err := b.transactor().Transact(ctx, claim(id("k")), func(ctx context.Context, _ int) (cnerium.Outcome, error) {
		b.write(ctx, "row")
		cancel()
		// Only a store that has let go of the handler can do this.
		patient, done := context.WithTimeout(b.Context(), 10*time.Second)
		defer done()
		_, l, err := b.store.Reserve(patient, claim(id("other")))
		b.ok("Reserve while a handler runs on", err)
		b.fails("a late write", b.config.Write(context.WithoutCancel(ctx), "late"))
		b.commit(l, outcome("other"))
		return outcome("late", event(1)), nil
	})
	b.is("Transact", err, context.Canceled)
	b.body(id("other"), "other")
	b.undone()
}

// endsInTime returns from handlers in the moment that their contexts end. It
// takes such a context a while to tell all who depend on it, the handler and
// the store among them.
func endsInTime(b *bench) {
	const rounds, dependants = 20, 500
	for range rounds {
		ctx, cancel := context.WithTimeout(b.Context(), 5*time.Millisecond)
		for range dependants {
			context.AfterFunc(ctx, func() {})
		}
		_, err := b.transactor().Transact(ctx, claim(id("k")), func(context.Context, int) (cnerium.Outcome, error) {
			<-ctx.Done()
			return outcome("late", event(1)), nil
		})
		cancel()
		b.is("Transact", err, context.DeadlineExceeded)
	}
	b.undone()
}

// survives runs a call on a goroutine of its own, as one that may panic or
// end its goroutine, and returns the panic.
func (b *bench) survives(call func()) any {
	done := make(chan any)
	go func() {
		defer func() { done <- recover() }()
		call()
	}()
	return <-done
}
