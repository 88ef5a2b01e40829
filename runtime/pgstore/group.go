package pgstore

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"

	cnerium "github.com/cnerium/cnerium-go/runtime"
)

// operation is a change of one record, as one statement.
type operation struct {
	id    cnerium.ID
	emits bool // the statement takes a ticket
	query string
	args  []any
	size  int // of the args, in bytes, about

	// read takes the result in, which has one row at most. It is called once
	// for each time that the statement is sent.
	read func(rows pgx.Rows) error
}

const (
	maxWaiting = 10_000 // operations
	maxFlush   = 256    // operations of one transaction
	maxBytes   = 4 << 20

	// flushWait is how long a flush waits for the transaction of somebody
	// else on one of its records, in milliseconds. Then each goes alone, so
	// that only the one who has to waits on.
	flushWait = "100"
)

var errQueue = errors.New("too many operations are waiting for the database")

// errAlone sends a waiter away to try it alone.
var errAlone = errors.New("the transaction of several operations has failed")

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
		defer g.next()
		return g.store.send(ctx, []*operation{op})
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
		if errors.Is(err, errAlone) {
			return g.store.send(ctx, []*operation{op})
		}
		return err
	case <-ctx.Done():
		g.leave(w)
		return ctx.Err()
	}
}

// next begins a flush if somebody waits. The caller was the one who was busy.
func (g *group) next() {
	g.mu.Lock()
	defer g.mu.Unlock()
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
	if n == 0 {
		g.busy = false
		return nil
	}
	taken := slices.Clone(g.waiting[:n])
	g.waiting = slices.Delete(g.waiting, 0, n)
	f := &flush{cancel: cancel}
	f.callers.Store(int64(n))
	for _, w := range taken {
		w.flush = f
	}
	slices.SortStableFunc(taken, func(a, b *waiter) int { return compareIDs(a.id, b.id) })
	return taken
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
	if w.flush.callers.Add(-1) == 0 {
		w.flush.cancel()
	}
}

// wait waits for the flush that is under way. Nobody may call run any more.
func (g *group) wait() { g.flushes.Wait() }

// send executes the operations as one transaction.
func (s *Store) send(ctx context.Context, ops []*operation) error {
	emits := slices.ContainsFunc(ops, func(op *operation) bool { return op.emits })
	fill := func(b *pgx.Batch) {
		if emits {
			s.queueTicket(b, ops)
		}
		for _, op := range ops {
			b.Queue(op.query, op.args...).Query(op.read)
		}
	}
	err := s.using(ctx, func(conn *pgx.Conn) error {
		if len(ops) > 1 {
			return transact(ctx, conn, s.sql.beginRead, func(b *pgx.Batch) {
				b.Queue(setLockTimeout, flushWait)
				fill(b)
			})
		}
		var b pgx.Batch
		fill(&b)
		return conn.SendBatch(ctx, &b).Close()
	})
	if emits && err == nil {
		s.notifier.wake()
	}
	return err
}

// queueTicket takes what is to be held for a ticket. In the portable order that
// is a lock that all share. Who takes it and then waits for a record could wait
// for a handler that has the record and wants the lock; so the record comes
// first, or, with several of them, the wait is short.
func (s *Store) queueTicket(b *pgx.Batch, ops []*operation) {
	if s.opts.Portable && len(ops) == 1 {
		b.Queue(s.sql.lockRecord, names(ops[0].id)...)
	}
	b.Queue(s.sql.lockTicket)
}

const setLockTimeout = `SELECT set_config('lock_timeout', $1, true)`
