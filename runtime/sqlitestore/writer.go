package sqlitestore

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/cnerium/cnerium-go/runtime/internal/known"
)

// writer is the one connection of a store that writes.
type writer struct {
	*session
	conn     *sql.Conn // the session's, held so that the pool leaves it alone
	queue    queue     // to use the connection
	prepared *prepared // statements of handlers
	handlers *sql.DB   // begins the transactions of handlers, inside a batch
	over     *sql.Tx   // one of them that has ended, for who comes late
	closed   atomic.Bool

	// handling is set while a handler has the transaction, and undone once
	// SQLite has rolled it back: see guard.
	handling, undone atomic.Bool

	known    *known.IDs   // of the store
	lastBoot atomic.Int64 // of all that had opened the database when the store began to learn its keys

	// Of who has the writer.
	patience patience
	tokens   tokens
	looked   time.Time     // when it was last looked whether others are there
	crowd    bool          // the last batch had several tasks
	alone    int           // handlers that are still to have a batch of their own
	pace     time.Duration // how long handlers have taken lately
}

func newWriter(conn *sql.Conn) (*writer, error) {
	inner, err := driverOf(conn)
	if err != nil {
		return nil, err
	}
	w := &writer{session: newSession(inner), conn: conn, prepared: newPrepared(inner), patience: defaultPatience}
	w.handlers = sql.OpenDB(nested{w})
	w.handlers.SetMaxOpenConns(1)
	if w.over, err = w.handlers.BeginTx(context.Background(), nil); err == nil {
		err = w.over.Commit()
	}
	w.guard()
	return w, err
}

// guard keeps what a handler writes inside the transaction that stores its
// outcome. SQLite ends a transaction by itself when a statement in it is
// interrupted or the disk is full. A handler that goes on after such an error,
// or that ends the transaction on purpose, would commit each further statement
// on its own, and a retry would repeat it. So nothing is committed while a
// handler is under way, and the writer knows when all was rolled back.
func (w *writer) guard() {
	w.session.conn.RegisterCommitHook(func() int32 {
		if w.handling.Load() {
			return 1 // SQLite rolls back instead
		}
		return 0
	})
	w.session.conn.RegisterRollbackHook(func() { w.undone.Store(true) })
}

const (
	beginImmediate = `BEGIN IMMEDIATE`
	commit         = `COMMIT`
	rollback       = `ROLLBACK`
)

// commit ends the transaction. When it returns an error, all is undone.
func (w *writer) commit() error {
	_, err := w.exec(commit)
	if err != nil {
		w.rollBack()
	}
	return err
}

// rollBack undoes the transaction. Where SQLite has rolled back by itself it
// fails, and the connection is as it should be.
func (w *writer) rollBack() {
	_, _ = w.exec(rollback)
}

// open begins a transaction.
func (w *writer) open(ctx context.Context) error {
	err := patiently(ctx, func(context.Context) error {
		_, err := w.exec(beginImmediate)
		return err
	})
	if err == nil {
		w.undone.Store(false)
	}
	return err
}

// drawTokens makes sure that there are fencing tokens for a batch. The caller
// has the writer.
func (w *writer) drawTokens(ctx context.Context) error {
	if !w.tokens.scarce() {
		return nil
	}
	var drawn tokens
	err := w.transaction(ctx, func(q *session) (err error) {
		drawn, err = draw(q)
		return err
	})
	if err == nil {
		w.tokens = drawn
	}
	return err
}

// transaction runs change between BEGIN IMMEDIATE and COMMIT. The caller has
// the writer. Once it has begun, the end of the context stops nothing: a COMMIT
// that is interrupted could have happened all the same, and who asked would
// never know.
func (w *writer) transaction(ctx context.Context, change func(q *session) error) error {
	if err := w.open(ctx); err != nil {
		return err
	}
	done := false
	defer func() {
		if !done {
			w.rollBack()
		}
	}()
	if err := change(w.session); err != nil {
		return err
	}
	done = true
	return w.commit()
}

// patiently repeats what another process is in the way of, until it succeeds,
// the context ends, or ten seconds are over. SQLite could wait by itself, but
// would not see the end of the context.
func patiently(ctx context.Context, try func(ctx context.Context) error) error {
	err := try(context.WithoutCancel(ctx))
	if !isBusy(err) {
		return err
	}
	limit := time.NewTimer(busyTimeout * time.Millisecond)
	defer limit.Stop()
	for pause := time.Millisecond; isBusy(err); pause = min(2*pause, 25*time.Millisecond) {
		select {
		case <-time.After(pause):
			err = try(context.WithoutCancel(ctx))
		case <-limit.C:
			return err
		case <-ctx.Done():
			return fmt.Errorf("%w: %w", ctx.Err(), err)
		}
	}
	return err
}

// close closes the connection instead of returning it to the pool, because
// its settings are not those of the application.
func (w *writer) close() error {
	err := w.handlers.Close()
	// A pool that was closed first has left the connection open until now.
	w.session.conn.RegisterCommitHook(nil)
	w.session.conn.RegisterRollbackHook(nil)
	err = errors.Join(err, w.prepared.close(), w.session.close())
	discard := w.conn.Raw(func(any) error { return driver.ErrBadConn })
	if !errors.Is(discard, driver.ErrBadConn) && !errors.Is(discard, sql.ErrConnDone) {
		err = errors.Join(err, discard)
	}
	if closing := w.conn.Close(); !errors.Is(closing, sql.ErrConnDone) {
		err = errors.Join(err, closing)
	}
	return err
}

// The values of journal_mode with which the store works.
const (
	journalWAL    = "wal"
	journalMemory = "memory"
)

// settings are what durability and integrity of the writer's connection rest
// on, whatever the pool was opened with. The two fullfsync settings matter on
// macOS, where a plain fsync leaves the data in the drive's cache.
var settings = []struct {
	name  string
	value int
}{
	{"busy_timeout", busyTimeout},
	{"synchronous", 2}, // FULL
	{"fullfsync", 1},
	{"checkpoint_fullfsync", 1},
	{"foreign_keys", 1},
}

// configure sets what the store relies on, verifies it and returns the
// journal mode.
func configure(ctx context.Context, conn *sql.Conn) (string, error) {
	for _, s := range settings {
		if _, err := conn.ExecContext(ctx, fmt.Sprintf("PRAGMA %s = %d", s.name, s.value)); err != nil {
			return "", err
		}
		var got int
		if err := conn.QueryRowContext(ctx, "PRAGMA "+s.name).Scan(&got); err != nil {
			return "", err
		}
		if got != s.value {
			return "", fmt.Errorf("setting %s is %d after it was set to %d", s.name, got, s.value)
		}
	}
	mode, err := enableWAL(ctx, conn)
	if err == nil {
		err = limitLog(ctx, conn)
	}
	if err == nil && mode != journalWAL && mode != journalMemory {
		err = fmt.Errorf("journal mode is %q and cannot be changed to WAL: "+
			"the store needs a file on a local file system", mode)
	}
	return mode, err
}

// maxLog is to how many bytes a log is cut that a large transaction has
// extended.
const maxLog = 64 << 20

// SQLite's own number of pages after which a commit brings the log into the
// database, and the writer's. Pages that are written again and again, like
// those of the indexes, are then brought there less often. The log has some 16
// MiB.
const (
	autocheckpoint       = 1000
	writerAutocheckpoint = 4000
)

// limitLog bounds the log, and sets the writer's number, unless the application
// has one of its own.
func limitLog(ctx context.Context, conn *sql.Conn) error {
	var pages int
	err := conn.QueryRowContext(ctx, "PRAGMA wal_autocheckpoint").Scan(&pages)
	if err == nil {
		_, err = conn.ExecContext(ctx, fmt.Sprintf("PRAGMA journal_size_limit = %d", maxLog))
	}
	if err == nil && pages == autocheckpoint {
		_, err = conn.ExecContext(ctx, fmt.Sprintf("PRAGMA wal_autocheckpoint = %d", writerAutocheckpoint))
	}
	return err
}
