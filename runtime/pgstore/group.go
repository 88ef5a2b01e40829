package pgstore

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	cnerium "github.com/cnerium/cnerium-go/runtime"
)

const (
	maxWaiting = 10_000 // operations
	maxFlush   = 256    // operations of one transaction
	maxBytes   = 4 << 20

	// flushWait is how long others wait for one whose record is in the hands of
	// somebody else's transaction. Then each goes alone, so that only the one
	// who has to waits on.
	flushWait = 100 * time.Millisecond
)

var errQueue = errors.New("too many operations are waiting for the database")

var (
	// errAlone sends a waiter away to try it alone.
	errAlone = errors.New("the transaction of several operations has failed")

	// errStraight makes the only waiter the one who is busy.
	errStraight = errors.New("nobody else waits")
)

// group commits operations. One that finds nothing under way goes straight
// through. What comes meanwhile waits, and goes together, as one transaction
// with one sync. There is one such flush at a time.
type group struct {
	store *Store

	mu      sync.Mutex
	busy    bool // an operation goes straight through, or a flush is under way
	waiting []*waiter
	enough  int           // who waits for so many to come back
	full    chan struct{} // is closed when there are enough
	flushes sync.WaitGroup
}

// waiter is an operation in the queue.
type waiter struct {
	*operation
	done  chan error
	flush *flush // that has taken it out of the queue
}

// flush is operations on their way.
type flush struct {
	cancel  context.CancelFunc
	callers atomic.Int64 // who still want to know
}

// run executes the operation, alone or with others.
func (g *group) run(ctx context.Context, op *operation) error {
	g.mu.Lock()
	if !g.busy {
		g.busy = true
		g.mu.Unlock()
		return g.straight(ctx, op)
	}
	if len(g.waiting) >= maxWaiting {
		g.mu.Unlock()
		return errQueue
	}
	w := &waiter{operation: op, done: make(chan error, 1)}
	g.waiting = append(g.waiting, w)
	if g.full != nil && len(g.waiting) >= g.enough {
		close(g.full)
		g.full = nil
	}
	g.mu.Unlock()
	select {
	case err := <-w.done:
		switch {
		case errors.Is(err, errStraight):
			return g.straight(ctx, op)
		case errors.Is(err, errAlone):
			return g.store.send(ctx, []*operation{op})
		}
		return err
	case <-ctx.Done():
		g.leave(w)
		return ctx.Err()
	}
}

// straight executes an operation by itself. The others wait for it, but not for
// what it may be waiting for itself.
func (g *group) straight(ctx context.Context, op *operation) error {
	var once sync.Once
	next := func() { once.Do(g.next) }
	timer := time.AfterFunc(flushWait, next)
	defer next()
	defer timer.Stop()
	return g.store.send(ctx, []*operation{op})
}

// next begins a flush if somebody waits. The caller was the one who was busy.
func (g *group) next() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.nextLocked()
}

func (g *group) nextLocked() {
	if len(g.waiting) == 0 {
		g.busy = false
		return
	}
	g.flushes.Go(g.flushAll)
}

// flushAll flushes until nobody waits.
func (g *group) flushAll() {
	for {
		ctx, cancel := context.WithTimeout(context.Background(), grace)
		taken := g.take(cancel)
		began := time.Now()
		if len(taken) > 0 {
			g.flush(ctx, taken)
		}
		cancel()
		if len(taken) == 0 {
			return
		}
		g.linger(len(taken), time.Since(began)/8)
	}
}

// linger waits a moment for those who were just told of their results: most
// have something to store again soon. Otherwise half of the clients would
// always wait for the flush of the other half.
func (g *group) linger(told int, limit time.Duration) {
	g.mu.Lock()
	g.enough = len(g.waiting) + told
	full := make(chan struct{})
	g.full = full
	g.mu.Unlock()
	timer := time.NewTimer(min(limit, time.Millisecond))
	defer timer.Stop()
	select {
	case <-full:
	case <-timer.C:
		g.mu.Lock()
		g.full = nil
		g.mu.Unlock()
	}
}

// take takes out of the queue what goes next, in an order in which no two
// nodes wait for each other.
func (g *group) take(cancel context.CancelFunc) []*waiter {
	g.mu.Lock()
	defer g.mu.Unlock()
	n, bytes := 0, 0
	for n < len(g.waiting) && n < maxFlush && (n == 0 || bytes+g.waiting[n].size <= maxBytes) {
		bytes += g.waiting[n].size
		n++
	}
	taken, later := distinct(slices.Clone(g.waiting[:n]))
	g.waiting = slices.Replace(g.waiting, 0, n, later...)
	switch len(taken) {
	case 0:
		g.busy = false
		return nil
	case 1:
		taken[0].done <- errStraight
		return nil
	}
	f := &flush{cancel: cancel}
	f.callers.Store(int64(len(taken)))
	for _, w := range taken {
		w.flush = f
	}
	return taken
}

// distinct sorts the waiters by their records, and returns the first of each
// record, and the others.
func distinct(all []*waiter) (first, others []*waiter) {
	slices.SortStableFunc(all, func(a, b *waiter) int { return compareIDs(a.id, b.id) })
	for _, w := range all {
		if len(first) > 0 && first[len(first)-1].id == w.id {
			others = append(others, w)
		} else {
			first = append(first, w)
		}
	}
	return first, others
}

func compareIDs(a, b cnerium.ID) int {
	return cmp.Or(cmp.Compare(a.Scope, b.Scope), cmp.Compare(a.Operation, b.Operation), cmp.Compare(a.Key, b.Key))
}

func (g *group) flush(ctx context.Context, taken []*waiter) {
	ops := make([]*operation, len(taken))
	for i, w := range taken {
		ops[i] = w.operation
	}
	err := g.store.send(ctx, ops)
	if len(ops) > 1 && code(err) != "" && !isLost(err) {
		err = errAlone // one of them is at fault, and nothing has happened
	}
	for _, w := range taken {
		w.done <- err
	}
}

// leave takes a waiter out of the queue whose context has ended. When it is on
// its way already, it goes on for the others.
func (g *group) leave(w *waiter) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if i := slices.Index(g.waiting, w); i >= 0 {
		g.waiting = slices.Delete(g.waiting, i, i+1)
		return
	}
	switch {
	case w.flush == nil: // it was to go straight through, and never will
		g.nextLocked()
	case w.flush.callers.Add(-1) == 0:
		w.flush.cancel()
	}
}

// wait waits for the flush that is under way. Nobody may call run any more.
func (g *group) wait() { g.flushes.Wait() }
