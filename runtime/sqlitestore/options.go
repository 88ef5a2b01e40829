package sqlitestore

import (
	"log/slog"
	"time"
)

// What the options mean when they do not say.
const (
	defaultEventRetention       = 24 * time.Hour
	defaultUnpublishedRetention = 7 * 24 * time.Hour
	defaultMaxEvents            = 1_000_000
	defaultCacheBytes           = 16 << 20
)

// Options change how a store works. The zero value is ready to use. Processes
// on one file should have the same: each sweeps by its own.
type Options struct {
	// Now is the store's clock. It must be safe for concurrent use, and the
	// clocks of all processes on one file must agree. Nil is time.Now.
	Now func() time.Time

	// Logger gets a line for each transactional handler that has held up
	// other writes for a second or more. Nil is slog.Default().
	Logger *slog.Logger

	// CacheBytes is about how much memory the store spends on the records that
	// were committed, or read from the database, last, so that a replay reads
	// nothing. Zero is 16 MiB; below zero there is no cache. A record that
	// somebody removes from the database by hand is replayed from the cache
	// until it expires.
	//
	// As much again, at most, goes into a filter that tells new keys from
	// those that have a record, two bytes for each: 16 MiB do for six million
	// at least. When there are too many, the store looks up every key.
	CacheBytes int

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

func cacheBytes(opts *Options) int {
	if opts.CacheBytes == 0 {
		return defaultCacheBytes
	}
	return opts.CacheBytes
}
