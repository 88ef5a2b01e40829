package storetest

import (
	"context"
	"fmt"
	"slices"
	"time"

	cnerium "github.com/cnerium/cnerium-go/runtime"
)

// transactor returns the store, which must have transactions.
func (b *bench) transactor() cnerium.Transactor {
	b.Helper()
	store, ok := b.store.(cnerium.Transactor)
	if !ok {
		b.Fatalf("Config.Write is set, but %T is no cnerium.Transactor", b.store)
	}
	return store
}

func (b *bench) transact(c cnerium.Claim, run handler) (cnerium.Record, error) {
	b.Helper()
	return b.transactor().Transact(b.Context(), c, run)
}

// transacted runs a handler that writes a row and must be carried through.
func (b *bench) transacted(key, row string, o cnerium.Outcome) {
	b.Helper()
	record, err := b.transact(claim(id(key)), b.writing(row, o))
	b.ok("Transact", err)
	b.returned(record)
	b.heard(id(key))
}

// writing is a handler that writes a row.
func (b *bench) writing(row string, o cnerium.Outcome) handler {
	return func(ctx context.Context, _ int) (cnerium.Outcome, error) {
		return o, b.config.Write(ctx, row)
	}
}

// write writes a row, which must succeed.
func (b *bench) write(ctx context.Context, row string) {
	b.Helper()
	b.ok("Write", b.config.Write(ctx, row))
}

// returned checks that a record is the one that Lookup finds.
func (b *bench) returned(got cnerium.Record) {
	b.Helper()
	want := b.lookup(got.ID, cnerium.StateCommitted)
	b.state(got, cnerium.StateCommitted)
	b.response(got.Response, want.Response)
	if got != want {
		b.Fatalf("Transact returned the record %+v, Lookup finds %+v", got, want)
	}
}

// claims are all kinds of claims of one record.
func claims(key string) []cnerium.Claim {
	other := claim(id(key))
	other.Fingerprint = digest("other")
	return []cnerium.Claim{claim(id(key)), takeover(id(key), digest("request")), takeover(id(key), cnerium.Fingerprint{}), other}
}

// notRun makes a claim that must not be granted, and returns the record.
func (b *bench) notRun(c cnerium.Claim) cnerium.Record {
	b.Helper()
	record, err := b.transact(c, b.never())
	b.ok("Transact", err)
	return record
}

// notRunFails makes a claim that must be an error.
func (b *bench) notRunFails(ctx context.Context, c cnerium.Claim) {
	b.Helper()
	_, err := b.transactor().Transact(ctx, c, b.never())
	b.fails("Transact", err)
}

// never is a handler that must not run.
func (b *bench) never() handler {
	return func(context.Context, int) (cnerium.Outcome, error) {
		b.Errorf("the handler ran")
		return outcome("never"), nil
	}
}

// stored returns the rows as everybody sees them.
func (b *bench) stored() []string {
	b.Helper()
	rows, err := b.config.Rows(b.Context(), b.store)
	b.ok("Rows", err)
	return rows
}

func (b *bench) rows(want ...string) {
	b.Helper()
	if got := b.stored(); !slices.Equal(got, want) {
		b.Fatalf("rows are %q, want %q", got, want)
	}
}

// undone checks that nothing is left of a handler of the key "k", that the key
// is free, and that the store goes on.
func (b *bench) undone() {
	b.Helper()
	b.lookup(id("k"), cnerium.StateAbsent)
	b.rows()
	if events := b.events("", 10); len(events) != 0 {
		b.Fatalf("the events %v are left", events)
	}
	_, err := b.transact(claim(id("k")), func(ctx context.Context, attempt int) (cnerium.Outcome, error) {
		b.attempt(attempt, 1)
		b.write(ctx, "again")
		return outcome("again", event(3)), nil
	})
	b.ok("Transact", err)
	b.rows("again")
	b.body(id("k"), "again")
	b.sameEvents(b.events("", 10), event(3))
}

// glance is how long a look from outside waits for a handler that is under
// way. A store may let its readers wait, which shows nothing either.
const glance = 250 * time.Millisecond

// nothingSeen looks from outside at a store in which a handler is under way,
// and no other was before it.
func (b *bench) nothingSeen(store cnerium.Store) {
	b.Helper()
	seen, looked := make(chan error, 1), make(chan struct{})
	go func() {
		defer close(looked)
		seen <- b.look(store)
	}()
	b.Cleanup(func() { <-looked })
	select {
	case err := <-seen:
		b.ok("a look before the end", err)
	case <-time.After(glance):
	}
}

// look returns an error if it can see anything of the handler.
func (b *bench) look(store cnerium.Store) error {
	ctx := b.Context()
	record, err := store.Lookup(ctx, id("k"))
	if err != nil || record.State != cnerium.StateAbsent {
		return fmt.Errorf("record is %v, %w", record.State, err)
	}
	events, err := store.Events(ctx, "", 10)
	if err != nil || len(events) > 0 {
		return fmt.Errorf("events are %v, %w", events, err)
	}
	rows, err := b.config.Rows(ctx, store)
	if err != nil || len(rows) > 0 {
		return fmt.Errorf("rows are %q, %w", rows, err)
	}
	return nil
}
