package pgstore

import (
	"time"

	"github.com/jackc/pgx/v5"
)

// What the options mean when they do not say.
const (
	defaultSchema               = "cnerium"
	defaultEventRetention       = 24 * time.Hour
	defaultUnpublishedRetention = 7 * 24 * time.Hour
	defaultMaxEvents            = 1_000_000
)

// Options change how a store works. The zero value is ready to use. All nodes
// on one schema should have the same: each sweeps by its own.
type Options struct {
	// Schema is the name of the schema that has the store's tables: lower-case
	// letters, digits and underscores, at most 63. "" is "cnerium".
	Schema string

	// VerifyOnly makes Open and New change no schema: they return an error
	// that wraps [ErrSchema] when [Migrations] are to be applied. A store
	// that finds its schema up to date changes nothing either way.
	VerifyOnly bool

	// Isolation is the level of the transactions that handlers run in. ""
	// is the server's default, mostly read committed.
	Isolation pgx.TxIsoLevel

	// ListenURL is where Watch listens, when the store's own URL leads to a
	// pooler that hands out connections for one transaction at a time. "" is
	// the store's own.
	ListenURL string

	// NoListen makes Watch wait for its context only, and the store notify
	// nobody. Committed events of other nodes are then found by polling.
	NoListen bool

	// Portable makes the store use nothing but what other engines have that
	// speak PostgreSQL's protocol: no advisory locks and no LISTEN. It also
	// lets settings pass that such engines do not know. The first store that
	// opens a schema decides how its events are ordered, for good; others are
	// refused.
	Portable bool

	// RequireSynchronousStandby makes Open, New and Check fail unless commits
	// wait for another server: synchronous_commit is on or remote_apply,
	// synchronous_standby_names is set, and a standby is connected that is
	// synchronous. Its role needs pg_monitor to see that.
	RequireSynchronousStandby bool

	// Now replaces the database's clock, for tests. It must be safe for
	// concurrent use.
	Now func() time.Time

	// EventRetention is how long an event is kept after its commit, so that
	// a client that was away can catch up. Zero is 24 hours. Below zero an
	// event may go as soon as every publisher with a mark has had it, and a
	// hub of browsers, which has none, may miss it.
	EventRetention time.Duration

	// UnpublishedRetention is how long an event is kept after its commit for
	// publishers with a mark that have not had it. Then it goes, and they
	// miss it. Zero is 7 days. It is at least EventRetention; below zero it
	// is just that, so nothing waits for publishers. A mark stays when its
	// publisher is no longer in use, and events go on waiting for it.
	UnpublishedRetention time.Duration

	// MaxEvents is how many events are kept. When there are more, Sweep
	// removes the oldest before their EventRetention is over, but none that a
	// publisher with a mark has not had. Zero is 1,000,000; below zero there
	// is no such limit.
	MaxEvents int
}

// limits say how long events are kept. Durations are in milliseconds.
type limits struct {
	retention   int64
	unpublished int64 // at least retention
	events      int64 // below zero for no limit
}

func limitsOf(opts *Options) limits {
	l := limits{
		retention:   milliseconds(opts.EventRetention),
		unpublished: milliseconds(opts.UnpublishedRetention),
		events:      int64(opts.MaxEvents),
	}
	if opts.EventRetention == 0 {
		l.retention = milliseconds(defaultEventRetention)
	}
	if opts.UnpublishedRetention == 0 {
		l.unpublished = milliseconds(defaultUnpublishedRetention)
	}
	if opts.MaxEvents == 0 {
		l.events = defaultMaxEvents
	}
	l.unpublished = max(l.unpublished, l.retention)
	return l
}

// milliseconds rounds up, so that what is positive stays positive.
func milliseconds(d time.Duration) int64 {
	ms := d.Milliseconds()
	if d > time.Duration(ms)*time.Millisecond {
		ms++
	}
	return ms
}
