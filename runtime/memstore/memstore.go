package memstore

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"sync"
	"time"

	cnerium "github.com/cnerium/cnerium-go/runtime"
)

var _ cnerium.Store = (*Store)(nil)

var errClosed = errors.New("store is closed")

// Store is a [cnerium.Store] in memory. All methods are safe for concurrent
// use. Its methods return an error when their context has ended, when an
// argument is out of its range, when the store is closed, and the errors that
// the contract names; there are no others. Make one with [New].
type Store struct {
	now func() time.Time

	mu       sync.RWMutex
	closed   bool
	tokens   int64
	records  table
	reserved crowd       // those that are not committed
	expiry   expiryQueue // those that are
	outbox   outbox
}

// New returns an empty store. Nil options are the zero value. Cursors of
// other stores, earlier ones of the same process included, are unknown to it.
func New(opts *Options) *Store {
	if opts == nil {
		opts = &Options{}
	}
	s := &Store{
		now:     opts.Now,
		records: newTable(),
		outbox:  outbox{epoch: rand.Text(), limits: limitsOf(opts), marks: make(map[string]int64)},
	}
	s.reserved.table, s.expiry.table = &s.records, &s.records
	if s.now == nil {
		s.now = time.Now
	}
	return s
}

// Check reports whether the store is open.
func (s *Store) Check(ctx context.Context) error {
	return s.read(ctx, "check", func(int64) error { return nil })
}

// Close forgets everything. Calls after it return errors; a second Close does
// nothing and returns nil.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	s.records, s.reserved, s.expiry = table{}, crowd{}, expiryQueue{}
	s.outbox = outbox{}
	return nil
}

// write runs change, given the time in Unix milliseconds, while nothing else
// reads or changes the store. The time is taken under the lock, so that no
// two changes see it run backwards. A change that fails must leave all as it
// was.
func (s *Store) write(ctx context.Context, what string, change func(now int64) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.run(ctx, what, change)
}

// read runs view, given the time in Unix milliseconds, while nothing changes
// the store.
func (s *Store) read(ctx context.Context, what string, view func(now int64) error) error {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.run(ctx, what, view)
}

func (s *Store) run(ctx context.Context, what string, step func(now int64) error) error {
	err := ctx.Err()
	if err == nil && s.closed {
		err = errClosed
	}
	if err == nil {
		err = step(s.now().UnixMilli())
	}
	if err != nil {
		return fmt.Errorf("memstore: %s: %w", what, err)
	}
	return nil
}

// milliseconds rounds up, so that what is positive stays positive.
func milliseconds(d time.Duration) int64 {
	ms := d.Milliseconds()
	if d > time.Duration(ms)*time.Millisecond {
		ms++
	}
	return ms
}
