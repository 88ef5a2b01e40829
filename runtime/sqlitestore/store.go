package sqlitestore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"sync/atomic"
	"time"

	cnerium "github.com/cnerium/cnerium-go/runtime"
)

var _ cnerium.Store = (*Store)(nil)

var errClosed = errors.New("store is closed")

// Store is a [cnerium.Store] in an SQLite database. All methods are safe for
// concurrent use. Make one with [Open] or [New].
//
// Writes follow each other on one connection; reads have others and wait for
// no write, except in a database in memory. A write that waits for its turn
// gives up when its context ends; one that has begun is carried through.
type Store struct {
	db       *sql.DB
	owned    bool // db is closed with the store
	inMemory bool
	now      func() time.Time
	limits   limits
	epoch    string
	file     string // of the database, as SQLite knows it; "" in memory
	identity os.FileInfo
	boot     boot

	writer *writer
	reader *statements
	closed atomic.Bool
}

// Open opens the database at path, creates it if there is none, and brings
// its tables up to date. The folder must exist. ":memory:" is a new database
// in memory. Nil options are the zero value. The context bounds the opening
// only.
//
// The error says what is wrong with the path; it wraps [ErrNewerSchema] when
// a newer version of this package has written the file.
func Open(ctx context.Context, path string, opts *Options) (*Store, error) {
	db, err := OpenDB(ctx, path)
	if err != nil {
		return nil, err
	}
	s, err := newStore(ctx, db, opts)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("sqlitestore: open %s: %w", path, explainOpen(err, path)), db.Close())
	}
	s.owned = true
	return s, nil
}

// New makes a store in the application's own database, which must have been
// opened with the driver modernc.org/sqlite, and brings the store's tables up
// to date. Nil options are the zero value. The context bounds the call only.
//
// The store holds one connection of the pool until it is closed and reads
// through the others, so a pool that is limited to one connection is refused.
// The commit hook of that connection is the store's.
// Close leaves the pool open; close the store first. Pools from [OpenDB] have
// the right settings. Any other should set a busy timeout.
func New(ctx context.Context, db *sql.DB, opts *Options) (*Store, error) {
	s, err := newStore(ctx, db, opts)
	if err != nil {
		return nil, fmt.Errorf("sqlitestore: new: %w", explain(err))
	}
	return s, nil
}

func newStore(ctx context.Context, db *sql.DB, opts *Options) (*Store, error) {
	if db.Stats().MaxOpenConnections == 1 {
		return nil, errors.New("the pool is limited to one connection, but the store keeps one for its writes and " +
			"needs others for its reads: raise SetMaxOpenConns")
	}
	if opts == nil {
		opts = &Options{}
	}
	s := &Store{db: db, now: opts.Now, limits: limitsOf(opts), reader: newStatements(db.PrepareContext)}
	if s.now == nil {
		s.now = time.Now
	}
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	s.writer = newWriter(conn)
	if err := s.setUp(ctx); err != nil {
		return nil, errors.Join(err, s.closeBoot(ctx), s.reader.close(), s.writer.close())
	}
	return s, nil
}

// setUp prepares the connection and the schema, and makes sure that the
// readers see what the writer writes: of a plain ":memory:" each connection
// of a pool opens another database.
func (s *Store) setUp(ctx context.Context) error {
	if err := s.writer.guard(); err != nil {
		return err
	}
	mode, err := configure(ctx, s.writer.conn)
	if err != nil {
		return err
	}
	s.inMemory = mode == journalMemory
	if err := migrate(ctx, s.writer); err != nil {
		return err
	}
	if s.epoch, err = readEpoch(ctx, s.writer.statements); err != nil {
		return err
	}
	if err := s.writer.transaction(ctx, touch); err != nil {
		return err
	}
	if err := s.compareEpoch(ctx); err != nil {
		return err
	}
	if err := s.openBoot(ctx); err != nil || s.inMemory {
		return err
	}
	// From here on the wait for other processes is patiently's. With a log,
	// only the begin of a transaction can find them in its way.
	_, err = s.writer.conn.ExecContext(ctx, "PRAGMA busy_timeout = 0")
	return err
}

// compareEpoch reads the epoch through the pool.
func (s *Store) compareEpoch(ctx context.Context) error {
	seen, err := readEpoch(ctx, s.reader)
	switch {
	case err != nil && !s.inMemory:
		return fmt.Errorf("read through the pool: %w", err)
	case err != nil || seen != s.epoch:
		return errors.Join(errors.New("the connections of the pool do not share one database: "+
			`open ":memory:" with OpenDB`), err)
	}
	return nil
}

const updateNothing = `UPDATE cnerium_meta SET token = token`

// touch writes without a change. SQLite lets a write transaction on a
// read-only file begin, and only its first change fails.
func touch(ctx context.Context, q *statements) error {
	_, err := q.exec(ctx, updateNothing)
	return err
}

const selectEpoch = `SELECT epoch FROM cnerium_meta`

func readEpoch(ctx context.Context, q *statements) (string, error) {
	var epoch string
	err := q.row(ctx, selectEpoch, nil, &epoch)
	return epoch, err
}

// Close waits for the write that is under way and frees the store's
// connections. The application's own pool, given to [New], stays open.
func (s *Store) Close() error {
	if err := s.writer.turn.take(context.Background(), false); err != nil {
		return err
	}
	defer s.writer.turn.give()
	if s.closed.Swap(true) {
		return nil
	}
	err := errors.Join(s.closeBoot(context.Background()), s.reader.close(), s.writer.close())
	if s.owned {
		err = errors.Join(err, s.db.Close())
	}
	if err != nil {
		return fmt.Errorf("sqlitestore: close: %w", err)
	}
	return nil
}

// reading returns the context of a read. While all connections of the pool are
// in use it still has an end, because the wait for one may be long.
func (s *Store) reading(ctx context.Context) context.Context {
	if stats := s.db.Stats(); stats.MaxOpenConnections > 0 && stats.InUse >= stats.MaxOpenConnections {
		return ctx
	}
	return context.WithoutCancel(ctx)
}

// write runs change as one durable transaction, given the time in Unix
// milliseconds. Nothing of a change that returns an error is stored.
func (s *Store) write(
	ctx context.Context, what string, change func(ctx context.Context, q *statements, now int64) error,
) error {
	return s.writeIn(ctx, what, false, change)
}

// writeUrgently is write for who holds a lease.
func (s *Store) writeUrgently(
	ctx context.Context, what string, change func(ctx context.Context, q *statements, now int64) error,
) error {
	return s.writeIn(ctx, what, true, change)
}

func (s *Store) writeIn(
	ctx context.Context, what string, urgent bool, change func(ctx context.Context, q *statements, now int64) error,
) error {
	err := s.writer.turn.take(ctx, urgent)
	if err == nil {
		defer s.writer.turn.give()
		err = s.writeNow(ctx, change)
	}
	return describe(what, err)
}

// writeNow is write for who has the turn.
func (s *Store) writeNow(
	ctx context.Context, change func(ctx context.Context, q *statements, now int64) error,
) error {
	if s.closed.Load() {
		return errClosed
	}
	return s.writer.transaction(ctx, func(ctx context.Context, q *statements) error {
		return change(ctx, q, s.now().UnixMilli())
	})
}

// read runs view on connections that wait for no writer. In memory there is
// no log from which to read beside a writer; it has to take its turn. Like a
// write, a read that has begun is carried through: it is short, and
// database/sql would throw a connection away with it.
func (s *Store) read(
	ctx context.Context, what string, view func(ctx context.Context, q *statements) error,
) error {
	err := ctx.Err()
	if err == nil && s.inMemory {
		if err = s.writer.turn.take(ctx, false); err == nil {
			defer s.writer.turn.give()
		}
	}
	if err == nil && s.closed.Load() {
		err = errClosed
	}
	if err == nil {
		err = view(s.reading(ctx), s.reader)
	}
	return describe(what, err)
}
