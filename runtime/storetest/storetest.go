// Package storetest is the law of a [cnerium.Store] as tests: one subtest for
// each clause. A store that passes them can stand behind an application. It
// needs nothing but the standard library, so that everybody's store can be
// tested with it:
//
//	func TestStore(t *testing.T) {
//		storetest.Run(t, storetest.Config{
//			Open: func(t *testing.T, now func() time.Time) cnerium.Store {
//				return mystore.New(&mystore.Options{
//					Now:                  now,
//					EventRetention:       storetest.EventRetention,
//					UnpublishedRetention: storetest.UnpublishedRetention,
//					MaxEvents:            storetest.MaxEvents,
//				})
//			},
//		})
//	}
package storetest

import (
	"context"
	"sync"
	"testing"
	"time"

	cnerium "github.com/cnerium/cnerium-go/runtime"
)

// Config tells [Run] how to get at the stores under test.
type Config struct {
	// Open returns a new and empty store, on a medium of its own, whose clock
	// is now. Run closes it. It must keep events for [EventRetention] and
	// no more than [MaxEvents] of them, and those that a publisher has not
	// had for [UnpublishedRetention].
	Open func(t *testing.T, now func() time.Time) cnerium.Store

	// Join returns a second store on the medium of the one that it is given,
	// as another process would open it. The first one may be open or closed
	// by then. It keeps events as the first one does. Nil says that the store keeps nothing outside itself; the laws
	// about restarts and about several processes are then left out.
	Join func(t *testing.T, store cnerium.Store, now func() time.Time) cnerium.Store

	// Write writes a row of the application in the transaction that the
	// context of a handler carries. It is for stores that are a
	// [cnerium.Transactor]; nil leaves out the laws about transactions.
	Write func(ctx context.Context, row string) error

	// Rows returns the rows that are stored, in the order of their writing,
	// as everybody sees them. A new store has none. It may wait for a
	// transaction that is under way.
	Rows func(ctx context.Context, store cnerium.Store) ([]string, error)
}

// How long the stores under test keep events. See [Config].
const (
	EventRetention       = 24 * time.Hour
	UnpublishedRetention = 72 * time.Hour
	MaxEvents            = 12
)

// law is one clause, and how a store shows that it keeps it.
type law struct {
	clause string
	test   func(b *bench)
}

// Run tests the law, each clause in a parallel subtest with a store of its
// own.
func Run(t *testing.T, config Config) {
	chapters := []struct {
		name   string
		laws   []law
		joined bool // needs Config.Join
		rows   bool // needs Config.Write and Rows
	}{
		{name: "Reserve", laws: reserveLaws},
		{name: "Lease", laws: leaseLaws},
		{name: "Takeover", laws: takeoverLaws},
		{name: "Commit", laws: commitLaws},
		{name: "Retention", laws: retentionLaws},
		{name: "Events", laws: eventLaws},
		{name: "Marks", laws: markLaws},
		{name: "Sweep", laws: sweepLaws},
		{name: "Hint", laws: hintLaws},
		{name: "Life", laws: lifeLaws},
		{name: "Joined", laws: joinedLaws, joined: true},
		{name: "Transact", laws: transactLaws, rows: true},
		{name: "Undo", laws: undoLaws, rows: true},
		{name: "TransactJoined", laws: transactJoinedLaws, joined: true, rows: true},
	}
	for _, chapter := range chapters {
		t.Run(chapter.name, func(t *testing.T) {
			if chapter.joined && config.Join == nil {
				t.Skip("the store keeps nothing outside itself")
			}
			if chapter.rows && (config.Write == nil || config.Rows == nil) {
				t.Skip("the store has no transactions")
			}
			for _, l := range chapter.laws {
				t.Run(l.clause, func(t *testing.T) {
					t.Parallel()
					l.test(newBench(t, config))
				})
			}
		})
	}
}

// clock is the time that a store under test sees. It moves only when told.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

// Now returns the time.
func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// advance moves the time by d.
func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}
