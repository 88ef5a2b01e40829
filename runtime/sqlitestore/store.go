package sqlitestore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	cnerium "github.com/cnerium/cnerium-go/runtime"
	"github.com/cnerium/cnerium-go/runtime/internal/known"
)

var _ cnerium.Store = (*Store)(nil)

var errClosed = errors.New("store is closed")

// Store is a [cnerium.Store] in an SQLite database. All methods are safe for
// concurrent use. Make one with [Open] or [New].
//
// One connection writes. What waits for it goes into one transaction, with one
// sync of the disk, and returns when that is done; up to 10,000 operations may
// wait. Reads have other connections and wait for no write, except in a
// database in memory. A write that waits gives up when its context ends; one
// that has begun is carried through.
type Store struct {
	db       *sql.DB
	owned    bool // db is closed with the store
	inMemory bool
	now      func() time.Time
	limits   limits
	logger   *slog.Logger // nil for the default
	epoch    string
	file     string // of the database, as SQLite knows it; "" in memory
	identity os.FileInfo
	boot     boot
	cache    *cache
	known    *known.IDs // nil when it cannot be told whether the store is alone
	learner  learner

	writer *writer
	reader *readers
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
	s, err := newStore(ctx, db, opts, true)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("sqlitestore: open %s: %w", path, explainOpen(err, path)), db.Close())
	}
	return s, nil
}

// New makes a store in the application's own database, which must have been
// opened with the driver modernc.org/sqlite, and brings the store's tables up
// to date. Nil options are the zero value. The context bounds the call only.
//
// The store holds one connection of the pool for its writes until it is closed,
// so a pool that is limited to one connection is refused. It reads through
// others and keeps those, too, while it reads and the pool has more: up to half
// of the pool, and no more than eight or four for each processor; of a pool that
// is limited to fewer than eight it keeps none. The commit hook and the rollback hook of the one that writes are
// the store's. Close leaves the pool open; close the store first. Pools from
// [OpenDB] have the right settings. Any other should set a busy timeout.
func New(ctx context.Context, db *sql.DB, opts *Options) (*Store, error) {
	s, err := newStore(ctx, db, opts, false)
	if err != nil {
		return nil, fmt.Errorf("sqlitestore: new: %w", explain(err))
	}
	return s, nil
}

func newStore(ctx context.Context, db *sql.DB, opts *Options, owned bool) (*Store, error) {
	if db.Stats().MaxOpenConnections == 1 {
		return nil, errors.New("the pool is limited to one connection, but the store keeps one for its writes and " +
			"needs others for its reads: raise SetMaxOpenConns")
	}
	if opts == nil {
		opts = &Options{}
	}
	s := &Store{
		db: db, owned: owned, now: opts.Now, limits: limitsOf(opts), logger: opts.Logger,
		cache: newCache(cacheBytes(opts)), reader: newReaders(db, !owned),
	}
	if s.now == nil {
		s.now = time.Now
	}
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	if s.writer, err = newWriter(conn); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	if err := s.setUp(ctx); err != nil {
		return nil, errors.Join(err, s.closeBoot(ctx), s.reader.close(), s.writer.close())
	}
	if s.boot.lock != nil {
		s.known = known.New(cacheBytes(opts))
		s.writer.known = s.known
		s.learn(ctx)
	}
	return s, nil
}

// setUp prepares the connection and the schema, and makes sure that the
// readers see what the writer writes: of a plain ":memory:" each connection
// of a pool opens another database.
func (s *Store) setUp(ctx context.Context) error {
	mode, err := configure(ctx, s.writer.conn)
	if err != nil {
		return err
	}
	s.inMemory = mode == journalMemory
	if err := migrate(ctx, s.writer); err != nil {
		return err
	}
	if s.epoch, err = readEpoch(s.writer); err != nil {
		return err
	}
	// SQLite lets a write transaction on a read-only file begin: only its
	// first change fails.
	if err := s.writer.drawTokens(ctx); err != nil {
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
	var seen string
	err := s.reader.read(ctx, func(q queries) (err error) {
		seen, err = readEpoch(q)
		return err
	})
	switch {
	case err != nil && !s.inMemory:
		return fmt.Errorf("read through the pool: %w", err)
	case err != nil || seen != s.epoch:
		return errors.Join(errors.New("the connections of the pool do not share one database: "+
			`open ":memory:" with OpenDB`), err)
	}
	return nil
}

const selectEpoch = `SELECT epoch FROM cnerium_meta`

func readEpoch(q queries) (string, error) {
	var epoch string
	err := q.row(selectEpoch, nil, &epoch)
	return epoch, err
}

// Close waits for the write that is under way and frees the store's
// connections. The application's own pool, given to [New], stays open.
func (s *Store) Close() error {
	s.learner.close()
	err := s.writer.exclusively(context.Background(), func() error {
		err := s.closeBoot(context.Background())
		s.writer.closed.Store(true)
		return errors.Join(err, s.reader.close(), s.writer.close())
	})
	if errors.Is(err, errClosed) {
		return nil
	}
	if s.owned {
		err = errors.Join(err, s.db.Close())
	}
	if err != nil {
		return fmt.Errorf("sqlitestore: close: %w", err)
	}
	return nil
}

// log returns the logger of the options, or the default of the moment.
func (s *Store) log() *slog.Logger {
	if s.logger != nil {
		return s.logger
	}
	return slog.Default()
}

// write runs change as one durable operation, given the time in Unix
// milliseconds. Nothing of a change that returns an error is stored. It may be
// run again, and by another goroutine, when what shared its transaction was
// undone.
func (s *Store) write(ctx context.Context, what string, change func(q queries, now int64) error) error {
	return s.writeIn(ctx, what, false, change)
}

// writeUrgently is write for who holds a lease.
func (s *Store) writeUrgently(ctx context.Context, what string, change func(q queries, now int64) error) error {
	return s.writeIn(ctx, what, true, change)
}

func (s *Store) writeIn(
	ctx context.Context, what string, urgent bool, change func(q queries, now int64) error,
) error {
	return describe(what, s.writer.do(ctx, newTask(plain, urgent, func(q *session) error {
		return change(q, s.now().UnixMilli())
	})))
}

// read runs look on a connection that waits for no writer. In memory there is
// no log from which to read beside a writer; it has to take its turn. Like a
// write, a read that has begun is carried through.
func (s *Store) read(ctx context.Context, what string, look func(q queries) error) error {
	if err := s.readable(ctx); err != nil {
		return describe(what, err)
	}
	if s.inMemory {
		return describe(what, s.writer.exclusively(ctx, func() error { return s.reader.read(ctx, look) }))
	}
	return describe(what, s.reader.read(ctx, look))
}

// readable returns why a read cannot begin, if so.
func (s *Store) readable(ctx context.Context) error {
	if s.writer.closed.Load() {
		return errClosed
	}
	return ctx.Err()
}
