package storetest

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	cnerium "github.com/cnerium/cnerium-go/runtime"
)

const (
	lease     = 30 * time.Second
	retention = time.Hour
)

// patience is how long the calls of a law may take in all, on the slowest
// machine. One that waits for longer waits forever.
var patience = 2 * time.Minute

// bench is what a law is tested on: a store, its clock, and doors to it that
// end the test when they do not open.
type bench struct {
	*testing.T
	ctx    context.Context
	config Config
	clock  *clock
	store  cnerium.Store
}

func newBench(t *testing.T, config Config) *bench {
	b := &bench{T: t, config: config}
	var cancel context.CancelFunc
	b.ctx, cancel = context.WithTimeout(t.Context(), patience)
	t.Cleanup(func() {
		if errors.Is(b.ctx.Err(), context.DeadlineExceeded) {
			b.Errorf("the law has taken %v: a call waits for what will never come", patience)
		}
		cancel()
	})
	// The odd microseconds show stores that do not cut to milliseconds.
	b.clock = &clock{now: time.Date(2026, 1, 2, 3, 4, 5, 678_901_000, time.UTC)}
	b.store = config.Open(t, b.clock.Now)
	t.Cleanup(func() { b.close(b.store) })
	return b
}

// Context is that of the test, but ends with the bench's patience.
func (b *bench) Context() context.Context { return b.ctx }

// join opens a second store on the same medium.
func (b *bench) join() cnerium.Store {
	b.Helper()
	store := b.config.Join(b.T, b.store, b.clock.Now)
	b.Cleanup(func() { b.close(store) })
	return store
}

// reopen closes the store and opens its medium again.
func (b *bench) reopen() {
	b.Helper()
	b.close(b.store)
	b.store = b.join()
}

func (b *bench) close(store cnerium.Store) {
	b.Helper()
	if err := store.Close(); err != nil {
		b.Errorf("Close: %v", err)
	}
}

func id(key string) cnerium.ID {
	return cnerium.ID{Scope: "tenant", Operation: "orders.create", Key: key}
}

func digest(request string) cnerium.Fingerprint { return sha256.Sum256([]byte(request)) }

func claim(id cnerium.ID) cnerium.Claim {
	return cnerium.Claim{ID: id, Fingerprint: digest("request"), Lease: lease}
}

func takeover(id cnerium.ID, fingerprint cnerium.Fingerprint) cnerium.Claim {
	return cnerium.Claim{ID: id, Fingerprint: fingerprint, Lease: lease, Takeover: true}
}

func outcome(body string, events ...cnerium.Event) cnerium.Outcome {
	return cnerium.Outcome{Response: cnerium.Text(201, body).Stored(), Events: events, Retention: retention}
}

func event(n int) cnerium.Event {
	return cnerium.Event{
		Operation: "orders.create",
		Room:      fmt.Sprintf("room-%d", n%2),
		Type:      "order.created",
		Subject:   fmt.Sprintf("order %d", n),
		Time:      time.UnixMilli(1_767_000_000_000 + int64(n)),
		Data:      json.RawMessage(fmt.Sprintf(`{"n":%d}`, n)),
	}
}

// reserve makes a claim that must be granted.
func (b *bench) reserve(c cnerium.Claim) *cnerium.Lease {
	b.Helper()
	record, granted, err := b.store.Reserve(b.Context(), c)
	if err != nil || granted == nil {
		b.Fatalf("Reserve(%v) = %v, %v, %v; want a lease", c.ID, record, granted, err)
	}
	return granted
}

// refuse makes a claim that must not be granted and returns the record.
func (b *bench) refuse(c cnerium.Claim) cnerium.Record {
	b.Helper()
	record, granted, err := b.store.Reserve(b.Context(), c)
	if err != nil || granted != nil {
		b.Fatalf("Reserve(%v) = %v, %v, %v; want no lease", c.ID, record, granted, err)
	}
	return record
}

// commit returns the cursor that Commit does.
func (b *bench) commit(l *cnerium.Lease, o cnerium.Outcome) string {
	b.Helper()
	cursor, err := b.store.Commit(b.Context(), l, o)
	b.ok("Commit", err)
	b.heard(l.ID)
	return cursor
}

// committed reserves and commits, one after the other.
func (b *bench) committed(key string, o cnerium.Outcome) *cnerium.Lease {
	b.Helper()
	l := b.reserve(claim(id(key)))
	b.commit(l, o)
	return l
}

// lookup returns the record, which must have the state.
func (b *bench) lookup(id cnerium.ID, want cnerium.State) cnerium.Record {
	b.Helper()
	record, err := b.store.Lookup(b.Context(), id)
	b.ok("Lookup", err)
	b.state(record, want)
	if record.ID != id {
		b.Fatalf("Lookup(%v) returned the record of %v", id, record.ID)
	}
	return record
}

// state checks the state and what goes with it.
func (b *bench) state(record cnerium.Record, want cnerium.State) {
	b.Helper()
	if record.State != want {
		b.Fatalf("record is %v, want %v", record.State, want)
	}
	if record.Response.IsZero() == (want == cnerium.StateCommitted) {
		b.Fatalf("%v record has the response %v", want, record.Response)
	}
	empty := record.Fingerprint == cnerium.Fingerprint{} && record.Attempt == 0 && record.Since.IsZero()
	if empty != (want == cnerium.StateAbsent) {
		b.Fatalf("%v record is %+v", want, record)
	}
}

// body checks that the record is committed and answers with body.
func (b *bench) body(id cnerium.ID, body string) {
	b.Helper()
	record := b.lookup(id, cnerium.StateCommitted)
	b.response(record.Response, cnerium.Text(201, body).Stored())
}

func (b *bench) response(got, want cnerium.StoredResponse) {
	b.Helper()
	if got != want {
		b.Fatalf("response is %+.200v, want %+.200v", got, want)
	}
}

// since checks when the record came to its state, to the millisecond.
func (b *bench) since(record cnerium.Record, want time.Time) {
	b.Helper()
	if !record.Since.Equal(want.Truncate(time.Millisecond)) {
		b.Fatalf("record is %v since %v, want %v", record.State, record.Since, want)
	}
}

func (b *bench) attempt(got, want int) {
	b.Helper()
	if got != want {
		b.Fatalf("attempt is %d, want %d", got, want)
	}
}

func (b *bench) ok(what string, err error) {
	b.Helper()
	if err != nil {
		b.Fatalf("%s: %v", what, err)
	}
}

func (b *bench) fails(what string, err error) {
	b.Helper()
	if err == nil {
		b.Fatalf("%s: want an error", what)
	}
}

func (b *bench) is(what string, err, want error) {
	b.Helper()
	if !errors.Is(err, want) {
		b.Fatalf("%s: error is %v, want %v", what, err, want)
	}
}

// lost checks that the lease can do nothing any more.
func (b *bench) lost(l *cnerium.Lease) {
	b.Helper()
	ctx := b.Context()
	b.is("Renew", b.store.Renew(ctx, l, lease), cnerium.ErrLeaseLost)
	b.is("Renew(0)", b.store.Renew(ctx, l, 0), cnerium.ErrLeaseLost)
	_, err := b.store.Commit(ctx, l, outcome("late", event(99)))
	b.is("Commit", err, cnerium.ErrLeaseLost)
	b.is("Release", b.store.Release(ctx, l), cnerium.ErrLeaseLost)
}

// events returns what is kept after the cursor.
func (b *bench) events(after string, limit int) []cnerium.Event {
	b.Helper()
	events, err := b.store.Events(b.Context(), after, limit)
	b.ok("Events", err)
	return events
}

// sweep sweeps and checks how much was removed.
func (b *bench) sweep(limit, want int) {
	b.Helper()
	got, err := b.store.Sweep(b.Context(), limit)
	b.ok("Sweep", err)
	if got != want {
		b.Fatalf("Sweep(%d) removed %d, want %d", limit, got, want)
	}
}

// together runs n calls at once and waits for all of them.
func together(n int, call func(i int)) {
	start, done := make(chan struct{}), make(chan struct{})
	for i := range n {
		go func() {
			defer func() { done <- struct{}{} }()
			<-start
			call(i)
		}()
	}
	close(start)
	for range n {
		<-done
	}
}

// ended returns a context that is cancelled.
func ended(b *bench) context.Context {
	ctx, cancel := context.WithCancel(b.Context())
	cancel()
	return ctx
}
