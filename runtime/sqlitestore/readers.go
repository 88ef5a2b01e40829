package sqlitestore

import (
	"context"
	"database/sql"
	"errors"
	"runtime"
	"sync"
)

// Below so many connections a pool is too small for connections that are
// kept for reads: those of the application would be missing.
const roomyPool = 8

// readers are the connections that read. They are taken from the pool when
// they are needed, and kept, because a statement that is prepared once costs a
// fraction, and so does what is below database/sql.
type readers struct {
	db    *sql.DB
	turns chan struct{} // has room for as many as may read at a time
	keeps bool          // connections are kept; else each goes back after a read

	mu     sync.Mutex
	idle   []*reader // the last is the one used last
	closed bool
}

// reader is a connection that reads.
type reader struct {
	*session
	conn *sql.Conn // the session's, held so that the pool leaves it alone
}

func newReaders(db *sql.DB) *readers {
	limit := db.Stats().MaxOpenConnections
	turns := max(roomyPool, 4*runtime.GOMAXPROCS(0))
	switch {
	case limit >= roomyPool:
		turns = min(turns, limit/2)
	case limit > 0:
		turns = limit - 1 // the writer has one
	}
	return &readers{db: db, turns: make(chan struct{}, turns), keeps: limit == 0 || limit >= roomyPool}
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
	return c, nil
}

// ended is a context that has ended: a pool that is asked with it for a
// connection tells only whether it is closed.
var ended = func() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}()

// give keeps a connection for the next read, unless it has failed.
func (r *readers) give(c *reader, sound bool) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if sound && r.keeps && !r.closed {
		r.idle = append(r.idle, c)
		return nil
	}
	return c.close()
}

// close gives the connections back to the pool: those that are still in use,
// as soon as their reads are done.
func (r *readers) close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = true
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
