package pgstore

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	cnerium "github.com/cnerium/cnerium-go/runtime"
	"github.com/cnerium/cnerium-go/runtime/internal/known"
)

var _ cnerium.Transactor = (*Store)(nil)

// Store is a [cnerium.Store] in a PostgreSQL database. All methods are safe
// for concurrent use. Make one with [Open] or [New].
//
// Each method takes a connection from the pool for its time, and a
// transactional handler for as long as it runs. What of Reserve, Renew, Commit
// and Release comes while another of them is under way shares one transaction
// with what else has come. A call returns when its context ends; what it had
// sent by then may happen all the same.
type Store struct {
	pool   *pgxpool.Pool
	owned  bool // pool is closed with the store
	opts   Options
	limits limits
	sql    *queries
	epoch  string
	byName bool // a handler's transaction locks the name of its record, and no row

	group    group
	notifier notifier
	excess   excess
	swept    atomic.Int64 // due_at of the last record that a sweep has removed, as long as there are more

	known *known.IDs // that this store has had to do with

	horizon   atomic.Int64 // up to this ticket everything is decided
	undecided atomic.Bool  // there were later tickets when that was found out

	mu     sync.Mutex
	closed bool
	calls  sync.WaitGroup // that are under way
}

// Open connects to the database of the URL, or of a string of keywords and
// values, as [pgxpool.ParseConfig] takes them, and brings the store's schema
// up to date. With several hosts it connects to the one that takes writes,
// unless target_session_attrs says otherwise. Nil options are the zero value.
// The context bounds the opening only.
//
// The error wraps [ErrNewerSchema] when a newer version of this package has
// written the schema, and [ErrSchema] when migrations are to be applied and
// the options forbid that.
func Open(ctx context.Context, url string, opts *Options) (*Store, error) {
	config, err := poolConfig(url)
	if err != nil {
		return nil, describe("open", err)
	}
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, describe("open", err)
	}
	s, err := newStore(ctx, pool, opts)
	if err != nil {
		pool.Close()
		return nil, describe("open", err)
	}
	s.owned = true
	return s, nil
}

// New makes a store that works through the application's own pool, and brings
// the store's schema up to date. Nil options are the zero value. The context
// bounds the call only. Close leaves the pool open; close the store first.
// The errors are those of [Open].
//
// A transactional handler holds a connection of the pool while it runs, so a
// handler that takes another one for itself can find none left: give the pool
// more connections than there are handlers at a time.
func New(ctx context.Context, pool *pgxpool.Pool, opts *Options) (*Store, error) {
	s, err := newStore(ctx, pool, opts)
	return s, describe("new", err)
}

func newStore(ctx context.Context, pool *pgxpool.Pool, opts *Options) (*Store, error) {
	if opts == nil {
		opts = &Options{}
	}
	s := &Store{pool: pool, opts: *opts, limits: limitsOf(opts)}
	if s.opts.Schema == "" {
		s.opts.Schema = defaultSchema
	}
	if !schemaName.MatchString(s.opts.Schema) {
		return nil, fmt.Errorf("the schema name %q is not made of lower-case letters, digits and underscores", s.opts.Schema)
	}
	s.sql = newQueries(s.opts.Schema, s.opts.Portable)
	s.known = known.New(knownBytes)
	s.known.See(s.known.Forget())
	s.group.store = s
	s.notifier.store = s
	if err := s.setUp(ctx); err != nil {
		return nil, err
	}
	return s, nil
}

func (s *Store) setUp(ctx context.Context) error {
	if err := s.checkServer(ctx); err != nil {
		return err
	}
	if err := s.migrate(ctx); err != nil {
		return err
	}
	if err := s.pool.QueryRow(ctx, s.sql.epoch).Scan(&s.epoch); err != nil {
		return err
	}
	if err := s.adoptOrdering(ctx); err != nil {
		return err
	}
	var err error
	if s.byName, err = s.locksByName(ctx); err != nil {
		return err
	}
	return s.see(ctx)
}

// adoptOrdering makes sure that all nodes order events in the same way.
func (s *Store) adoptOrdering(ctx context.Context) error {
	mine := "ticket"
	if s.opts.Portable {
		mine = "portable"
	}
	var theirs string
	err := s.pool.QueryRow(ctx, s.sql.ordering).Scan(&theirs)
	if err == nil && theirs == "" {
		if _, err = s.pool.Exec(ctx, s.sql.adopt, mine); err == nil {
			err = s.pool.QueryRow(ctx, s.sql.ordering).Scan(&theirs)
		}
	}
	if err == nil && theirs != mine {
		err = fmt.Errorf("the schema %s orders its events in the way %q, this store in the way %q: "+
			"set Options.Portable as the other nodes do", s.opts.Schema, theirs, mine)
	}
	return err
}

// Close waits for the calls that are under way, and frees what the store
// holds. The application's own pool, given to [New], stays open.
func (s *Store) Close() error {
	s.mu.Lock()
	again := s.closed
	s.closed = true
	s.mu.Unlock()
	if again {
		return nil
	}
	s.calls.Wait()
	s.group.wait()
	s.notifier.close()
	if s.owned {
		s.pool.Close()
	}
	return nil
}

// begin is the beginning of each call, which calls end at its own.
func (s *Store) begin(ctx context.Context) (end func(), err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, errClosed
	}
	s.calls.Add(1)
	return s.calls.Done, nil
}

// call is one call of the store: try is repeated while the connection is at
// fault, which it may be for a while when the server has been restarted. It
// must be safe to repeat.
func (s *Store) call(ctx context.Context, what string, try func(ctx context.Context) error) error {
	end, err := s.begin(ctx)
	if err == nil {
		defer end()
		err = s.persist(ctx, try)
	}
	return describe(what, err)
}

func (s *Store) persist(ctx context.Context, try func(ctx context.Context) error) error {
	for attempt := 1; ; attempt++ {
		err := try(ctx)
		if err == nil {
			return nil
		}
		again := isLost(err) || isUnsent(err) || isConflict(err)
		if !again || attempt == attempts || errors.Is(err, context.Canceled) ||
			errors.Is(err, context.DeadlineExceeded) || !s.retreat(ctx, err, attempt) {
			return err
		}
	}
}

// retreat waits before another attempt. When connections have ended more than
// once, the others in the pool will not be better.
func (s *Store) retreat(ctx context.Context, err error, attempt int) bool {
	if attempt > 1 && isLost(err) {
		s.pool.Reset()
	}
	return pause(ctx, attempt)
}

// now is the time for a statement, nil for the database's own.
func (s *Store) now() *int64 {
	if s.opts.Now == nil {
		return nil
	}
	ms := s.opts.Now().UnixMilli()
	return &ms
}

// grace is how long something may take that is carried on without the context
// of a caller.
const grace = 10 * time.Second
