package pgstore

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
)

// handle is the Tx of one handler, and the connection that it has until the
// end. It has no Commit to be found by a type assertion, and its statements
// end with the handler's time.
type handle struct {
	conn *pgxpool.Conn
	ctx  context.Context // the handler's

	mu       sync.Mutex
	closed   bool          // to the handler
	ended    bool          // the connection is given back
	left     bool          // a statement of the handler has ended the transaction
	active   int           // uses of the connection that are under way
	open     finisher      // the last rows or results
	last     error         // of a statement
	conflict error         // with other transactions
	aborted  chan struct{} // is closed when abort is done; nil without one
}

// finisher closes what a handler has left open.
type finisher interface{ finish() }

func newHandle(conn *pgxpool.Conn) *handle { return &handle{conn: conn} }

// enter begins a use of the connection. The context that it returns ends with
// the given one and with the handler's; done, which may be called again, ends
// the use.
func (h *handle) enter(ctx context.Context) (_ context.Context, done func(err error), err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return nil, nil, ErrTxDone
	}
	h.active++
	forget := func() {}
	if ctx.Done() != h.ctx.Done() {
		var cancel context.CancelFunc
		ctx, cancel = context.WithCancel(ctx)
		stop := context.AfterFunc(h.ctx, cancel)
		forget = func() { stop(); cancel() }
	}
	var once sync.Once
	return ctx, func(err error) {
		once.Do(func() { h.leave(err) })
		forget()
	}, nil
}

// leave ends a use of the connection. When the statement has ended the
// transaction, there must be no other: it would be committed on its own.
func (h *handle) leave(err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.active--
	if err != nil {
		h.last = err
	}
	if isConflict(err) {
		h.conflict = err
	}
	conn := h.conn.Conn()
	if h.active > 0 || !conn.IsClosed() && conn.PgConn().TxStatus() != 'I' {
		return
	}
	h.left = h.left || !h.closed && !conn.IsClosed()
	h.closed = true
}

// keep remembers what the handler has to close.
func (h *handle) keep(open finisher) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.open = open
}

var (
	errInUse = errors.New("the handler has returned while a goroutine of it still uses the transaction")
	errGone  = errors.New("the connection has ended")
)

// close ends the handler's use of the transaction, and says why it cannot be
// committed: nil if it can be.
func (h *handle) close() error {
	h.mu.Lock()
	h.closed = true
	open, aborted := h.open, h.aborted
	h.mu.Unlock()
	if aborted != nil {
		<-aborted
		return ErrTxDone
	}
	if open != nil {
		open.finish()
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	conn := h.conn.Conn()
	switch {
	case h.active > 0:
		return errInUse
	case conn.IsClosed():
		return lostError{errors.Join(errGone, h.last)}
	case conn.PgConn().TxStatus() == 'T':
		return nil
	case conn.PgConn().TxStatus() == 'E' && h.conflict != nil:
		return h.conflict
	}
	return errEnded(errors.Join(errUndone, h.last))
}

// abort ends the transaction because the handler's time is over, whether the
// handler has returned or not.
func (h *handle) abort() {
	h.mu.Lock()
	if h.aborted != nil || h.closed && h.active == 0 {
		h.mu.Unlock()
		return
	}
	h.closed = true
	h.aborted = make(chan struct{})
	busy := h.active > 0
	h.mu.Unlock()
	defer close(h.aborted)
	ctx, cancel := context.WithTimeout(context.Background(), grace/2)
	defer cancel()
	if busy {
		h.cut(ctx)
		return
	}
	rollBack(ctx, h.conn.Conn())
}

// cut ends the connection under whoever uses it: the server undoes what a
// connection leaves behind.
func (h *handle) cut(ctx context.Context) {
	pg := h.conn.Conn().PgConn()
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	_ = pg.CancelRequest(ctx) // which matters only while a statement runs
	_ = pg.Conn().Close()
}

// end undoes what is not committed, and gives the connection back. A second
// one does nothing.
func (h *handle) end() {
	h.mu.Lock()
	if h.ended {
		h.mu.Unlock()
		return
	}
	h.ended = true
	h.closed = true
	busy, aborted := h.active > 0, h.aborted
	h.mu.Unlock()
	if aborted != nil {
		<-aborted
	}
	conn := h.conn.Conn()
	if busy || conn.IsClosed() || conn.PgConn().TxStatus() != 'I' {
		h.undo(busy)
	}
	h.conn.Release()
}

func (h *handle) undo(busy bool) {
	ctx, cancel := context.WithTimeout(context.Background(), grace/2)
	defer cancel()
	if busy {
		h.cut(ctx)
		return
	}
	rollBack(ctx, h.conn.Conn())
	settleDown(h.conn.Conn())
}
