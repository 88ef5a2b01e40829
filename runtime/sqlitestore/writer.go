package sqlitestore

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"modernc.org/sqlite"
)

// writer is the one connection of a store that writes.
type writer struct {
	*statements
	conn *sql.Conn
	turn turn // to use the connection

	// handling is set while a handler has the transaction: see guard.
	handling atomic.Bool
}

func newWriter(conn *sql.Conn) *writer {
	return &writer{statements: newStatements(conn.PrepareContext), conn: conn}
}

// guard keeps what a handler writes inside the transaction that stores its
// outcome. SQLite ends a transaction by itself when a statement in it is
// interrupted or the disk is full. A handler that goes on after such an error,
// or that ends the transaction on purpose, would commit each further statement
// on its own, and a retry would repeat it. So nothing is committed while a
// handler is under way.
func (w *writer) guard() error {
	return w.hook(func() int32 {
		if w.handling.Load() {
			return 1 // SQLite rolls back instead
		}
		return 0
	})
}

// hook makes f the judge of every commit of the connection.
func (w *writer) hook(f sqlite.CommitHookFn) error {
	return w.conn.Raw(func(conn any) error {
		hooks, ok := conn.(sqlite.HookRegisterer)
		if !ok {
			return fmt.Errorf("the pool's connections are %T: open it with the driver modernc.org/sqlite", conn)
		}
		hooks.RegisterCommitHook(f)
		return nil
	})
}

const (
	beginImmediate = `BEGIN IMMEDIATE`
	commit         = `COMMIT`
	rollback       = `ROLLBACK`
)

// transaction runs change between BEGIN IMMEDIATE and COMMIT. The caller has
// the turn. Once it has begun, the end of the context stops nothing: a COMMIT
// that is interrupted could have happened all the same, and who asked would
// never know.
func (w *writer) transaction(ctx context.Context, change func(ctx context.Context, q *statements) error) error {
	err := patiently(ctx, func(ctx context.Context) error {
		_, err := w.exec(ctx, beginImmediate)
		return err
	})
	if err != nil {
		return err
	}
	ctx = context.WithoutCancel(ctx)
	done := false
	defer func() {
		if !done {
			// Where SQLite has rolled back by itself this fails, and
			// the connection is as it should be.
			_, _ = w.exec(ctx, rollback)
		}
	}()
	if err := change(ctx, w.statements); err != nil {
		return err
	}
	_, err = w.exec(ctx, commit)
	done = err == nil
	return err
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
	err := w.statements.close()
	if unhook := w.hook(nil); !errors.Is(unhook, sql.ErrConnDone) {
		err = errors.Join(err, unhook)
	}
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
	if err == nil && mode != journalWAL && mode != journalMemory {
		err = fmt.Errorf("journal mode is %q and cannot be changed to WAL: "+
			"the store needs a file on a local file system", mode)
	}
	return mode, err
}
