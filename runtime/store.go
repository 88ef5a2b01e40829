package cnerium

import (
	"context"
	"errors"
	"time"
)

// ErrLeaseLost is returned by Renew, Commit and Release of a [Store] when the
// lease no longer holds its record: it ran out and somebody else decided what
// becomes of the record. The call has then changed nothing.
var ErrLeaseLost = errors.New("lease lost")

// ID names a record: whose key it is, for which operation, and the key. A
// store keeps the three apart and never joins them into one text, so no two
// different IDs can ever meet.
type ID struct {
	Scope     string // "" when the application sets no scope
	Operation string // stable dotted name, such as orders.create
	Key       string // the client's Idempotency-Key, 1 to 255 visible ASCII characters
}

// State says how far a record has come. The zero value is StateAbsent.
type State int

// The states of a record and what leads from one to the next:
//
//	absent ── Reserve ──> reserved ── Commit ──> committed ── retention over ──> absent
//	   ^                     │  │
//	   └────── Release ──────┘  └── lease ran out ──> unknown ── Reserve with Takeover ──> reserved
const (
	StateAbsent    State = iota // nothing is kept, or what was kept has expired
	StateReserved               // an execution holds the record by its lease
	StateUnknown                // the lease ran out before Commit or Release: nobody can tell what the execution did
	StateCommitted              // the response is stored and never changes
)

// String returns the state's name in lower case.
func (s State) String() string {
	switch s {
	case StateAbsent:
		return "absent"
	case StateReserved:
		return "reserved"
	case StateUnknown:
		return "unknown"
	case StateCommitted:
		return "committed"
	}
	return "invalid"
}

// Record is what a store keeps for one [ID]. The zero value is an absent
// record. What a store returns belongs to the caller; what the caller changes
// in it never reaches the store.
type Record struct {
	ID          ID
	State       State
	Fingerprint Fingerprint
	Attempt     int            // executions begun so far; 1 for the first
	Since       time.Time      // when the record was reserved, became unknown, or was committed; millisecond precision
	Response    StoredResponse // only when committed
	Cursor      string         // of the last event of the commit; "" when it had none
}

// Claim asks for the right to execute.
type Claim struct {
	ID          ID
	Fingerprint Fingerprint

	// Lease is how long the claim holds without a Renew. It must be positive.
	Lease time.Duration

	// Takeover claims a record in StateUnknown, too, if its fingerprint is
	// the claim's. With a zero Fingerprint, which no request has, any unknown
	// record is claimed and keeps its own: that is how an operator resolves
	// one. A takeover of a record that is not unknown is an ordinary claim,
	// except that the zero Fingerprint never claims an absent record.
	Takeover bool

	// Wait is how long Transact may wait for the transaction of another
	// process that has the record; zero or less is not at all. Reserve does
	// not look at it.
	Wait time.Duration
}

// Lease is a claim that was granted. Token is its fencing value: no two
// leases of one record ever have the same.
type Lease struct {
	ID      ID
	Token   int64
	Attempt int // 1 for the first execution, one more for each takeover
}

// Outcome is what Commit stores, all of it or nothing.
type Outcome struct {
	Response  StoredResponse
	Events    []Event       // in the order of emission; the store fills in ID and Cursor
	Retention time.Duration // from the commit until the record may expire; positive

	// Discard undoes what the handler has written in its transaction, and
	// stores only the rest. It has a meaning for Transactor.Transact alone.
	Discard bool
}

// Records is the part of a store that guards executions. All methods are safe
// for concurrent use, by any number of goroutines and, where the store's
// medium allows it, of processes.
//
// A claim without a positive lease, and an outcome without a response or a
// positive retention, are errors and change nothing. Durations are kept in
// milliseconds, rounded up.
//
// An error never means "absent": whoever gets one knows nothing about the
// record. An error of Reserve may leave the record reserved until its lease
// runs out.
type Records interface {
	// Lookup returns the record as it is now. It waits for no writer and
	// causes no durable write. An unheard-of or expired record has
	// StateAbsent and the given ID.
	Lookup(ctx context.Context, id ID) (Record, error)

	// Reserve grants the claim when the record is absent, or unknown and the
	// claim a takeover: exactly one of any number of concurrent claims gets a
	// lease, and the reservation is durable when Reserve returns. Otherwise
	// the lease is nil and the record says who was first. The record
	// describes the state after the call in both cases.
	Reserve(ctx context.Context, claim Claim) (Record, *Lease, error)

	// Renew lets the lease last for d from now. A d of zero or less ends it
	// at once: the record is unknown from then on. ErrLeaseLost when the
	// lease has run out or was settled.
	Renew(ctx context.Context, lease *Lease, d time.Duration) error

	// Commit stores the outcome and returns the cursor of its last event, ""
	// when it has none. When it returns no error, the response and the events
	// are visible together and survive a crash of the process and of the
	// machine. When it returns an error, either nothing or all of it is
	// stored. ErrLeaseLost when the token no longer holds the record. A lease
	// that has run out can still be committed while nobody took it over: its
	// token still holds the key.
	Commit(ctx context.Context, lease *Lease, outcome Outcome) (cursor string, err error)

	// Release makes the record absent again. ErrLeaseLost as for Commit.
	Release(ctx context.Context, lease *Lease) error
}

// Outbox is the part of a store that keeps events from their commit until
// they are published and their retention is over.
//
// A cursor names a place in the order of commits: behind an event, or before
// the first that there ever was. It is opaque text without spaces, and no two
// stores have one in common.
type Outbox interface {
	// Events returns up to limit events that were committed after the cursor,
	// in the order of their commits; "" stands for the oldest that is kept.
	// No event can later appear before one that was returned. A cursor that
	// the store does not know, or behind which events are no longer kept, is
	// an error that wraps ErrCursor: there is never a silent gap.
	Events(ctx context.Context, after string, limit int) ([]Event, error)

	// Head returns the cursor of the last event that was committed. It is
	// never "": before the first event there is a cursor, too, after which
	// Events returns all of them.
	Head(ctx context.Context) (string, error)

	// Published returns the last cursor that MarkPublished was told of under
	// the publisher's name, "" when it was never told of one.
	Published(ctx context.Context, publisher string) (string, error)

	// MarkPublished remembers how far the publisher of that name has come, at
	// most 255 bytes; "" is a name like any other. An earlier cursor than the
	// one it knows changes nothing. Events behind the mark are kept for the
	// publisher, within the limit that Sweep sets. The first mark of a name
	// is durable when MarkPublished returns; later ones need not be: after a
	// crash some events may be published again.
	MarkPublished(ctx context.Context, publisher, cursor string) error
}

// ErrCursor is returned for a cursor that is malformed or of another store, or
// behind which events are no longer kept.
var ErrCursor = errors.New("unknown event cursor")

// Watcher is a [Store] that can tell at once what other processes have
// committed. Without it their events are found by asking, once a second.
type Watcher interface {
	Store

	// Watch calls changed whenever events may have been committed by another
	// process, and returns when the context ends. What keeps it from watching
	// it tries to mend; meanwhile the events are found by asking.
	Watch(ctx context.Context, changed func())
}

// Hinter is a [Store] that can often tell without a look at its medium that it
// has no record of an ID. A request with a new key is then executed without a
// Lookup before.
type Hinter interface {
	Store

	// LikelyAbsent reports whether the record is absent as far as the store
	// knows. It must return at once. False says nothing. True must not be
	// wrong for a record that this store has committed itself, and may be for
	// one that another has, or that was there when the store was opened:
	// Reserve or Transact then say what there is, as they do for whoever was
	// second, and a replay has cost a claim and a binding.
	LikelyAbsent(id ID) bool
}

// Store keeps records and events. Package storetest holds the law that every
// store has to pass, as tests.
type Store interface {
	Records
	Outbox

	// Check proves that the store can be read and durably written now. Start
	// calls it, so that a wrong path or a full disk is found before the first
	// request.
	Check(ctx context.Context) error

	// Unknown returns up to limit records in StateUnknown, the oldest first.
	Unknown(ctx context.Context, limit int) ([]Record, error)

	// Sweep removes up to limit records whose retention is over and up to
	// limit events, the oldest first. An event may go when its retention,
	// counted from its commit, is over or the store keeps more events than it
	// is allowed to, and every publisher with a mark has published it; and
	// without regard to publishers when the longer retention of unpublished
	// events is over. Sweep returns how many it removed in all; fewer than
	// limit means that nothing is left to do now. Reserved and unknown records
	// never expire.
	Sweep(ctx context.Context, limit int) (int, error)

	// Close frees what the store holds. Calls after it return errors. A
	// second Close does nothing.
	Close() error
}
