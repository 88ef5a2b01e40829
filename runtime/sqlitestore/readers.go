package sqlitestore

import (
	"context"
	"database/sql"
	"errors"
	"runtime"
	"slices"
	"sync"
	"time"
)

// Below so many connections a pool is too small for connections that are
// kept for reads: those of the application would be missing.
const roomyPool = 8

// defaultRest is for how long, and at most twice as long, a connection that
// nobody reads with is kept from others who could use it.
const defaultRest = 100 * time.Millisecond

// readers are the connections that read. They are taken from the pool when
// they are needed, and kept, because a statement that is prepared once costs a
// fraction, and so does what is below database/sql.
//
// Of a pool that is not the store's own, others want connections, too: the
// application, or another store. They would wait for as long as the ones that
// are kept here. So none is kept while all are in use, and none that rests for
// long.
type readers struct {
	db    *sql.DB
	turns chan struct{} // has room for as many as may read at a time
	keeps bool          // connections are kept; else each goes back after a read
	rest  time.Duration // 0 when the pool is the store's own

	mu      sync.Mutex
	idle    []*reader   // the last is the one used last
	resting int         // how many of them nobody has read with since the last round
	round   *time.Timer // nil when none is idle
	closed  bool
}

// reader is a connection that reads.
type reader struct {
	*session
	conn *sql.Conn // the session's, held so that the pool leaves it alone
}

func newReaders(db *sql.DB, shared bool) *readers {
	limit := db.Stats().MaxOpenConnections
	turns := max(roomyPool, 4*runtime.GOMAXPROCS(0))
	switch {
	case limit >= roomyPool:
		turns = min(turns, limit/2)
	case limit > 0:
		turns = limit - 1 // the writer has one
	}
	r := &readers{db: db, turns: make(chan struct{}, turns), keeps: limit == 0 || limit >= roomyPool}
	if shared {
		r.rest = defaultRest
	}
	return r
}

// read gives look a connection. The context bounds the wait for one: what has
// begun is carried through, because it is short.
func (r *readers) read(ctx context.Context, look func(q queries) error) (err error) {
	select {
	case r.turns <- struct{}{}:
		defer func() { <-r.turns }()
	case <-ctx.Done():
		return ctx.Err()
	}
	c, err := r.take(ctx)
	if err != nil {
		return err
	}
	sound := false
	defer func() {
		if giving := r.give(c, sound); err == nil {
			err = giving
		}
	}()
	err = look(c)
	sound = err == nil || code(err) == 0
	return err
}

// take returns the connection that was used last, or else a new one.
func (r *readers) take(ctx context.Context) (*reader, error) {
	c, err := r.kept()
	if c != nil || err != nil {
		return c, err
	}
	conn, err := r.db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	inner, err := driverOf(conn)
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return &reader{newSession(inner), conn}, nil
}

// kept returns the connection that was used last, nil if there is none.
func (r *readers) kept() (*reader, error) {
	// A pool that is closed before its store by mistake leaves a connection
	// open that is in use, but nothing is to work with it any more.
	if _, err := r.db.Conn(ended); !errors.Is(err, context.Canceled) {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return nil, errClosed
	}
	last := len(r.idle) - 1
	if last < 0 {
		return nil, nil
	}
	c := r.idle[last]
	r.idle = r.idle[:last]
	r.resting = min(r.resting, last)
	return c, nil
}

// ended is a context that has ended: a pool that is asked with it for a
// connection tells only whether it is closed.
var ended = func() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}()

// give keeps a connection for the next read, unless it has failed, or somebody
// may wait for it.
func (r *readers) give(c *reader, sound bool) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !sound || !r.keeps || r.closed || r.scarce() {
		return c.close()
	}
	r.idle = append(r.idle, c)
	if r.rest > 0 && r.round == nil {
		r.resting = 0
		r.round = time.AfterFunc(r.rest, r.goRound)
	}
	return nil
}

// scarce tells whether who wants a connection of the pool has to wait.
func (r *readers) scarce() bool {
	if r.rest == 0 {
		return false
	}
	stats := r.db.Stats()
	return stats.MaxOpenConnections > 0 && stats.InUse >= stats.MaxOpenConnections
}

// goRound gives back what has rested since the last round.
func (r *readers) goRound() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return
	}
	for _, c := range r.idle[:r.resting] {
		_ = c.close() // nobody reads with it, and nobody will
	}
	r.idle = slices.Delete(r.idle, 0, r.resting)
	r.resting = len(r.idle)
	if r.round = nil; r.resting > 0 {
		r.round = time.AfterFunc(r.rest, r.goRound)
	}
}

// close gives the connections back to the pool: those that are still in use,
// as soon as their reads are done.
func (r *readers) close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = true
	if r.round != nil {
		r.round.Stop()
	}
	var errs []error
	for _, c := range r.idle {
		errs = append(errs, c.close())
	}
	r.idle = nil
	return errors.Join(errs...)
}

// close gives the connection back to the pool.
func (c *reader) close() error {
	err := c.session.close()
	if closing := c.conn.Close(); !errors.Is(closing, sql.ErrConnDone) {
		err = errors.Join(err, closing)
	}
	return err
}
