//go:build unix

package sqlitestore_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/url"
	"runtime"
	"strings"
	"sync"
	"time"

	"modernc.org/sqlite"

	cnerium "github.com/cnerium/cnerium-go/runtime"
	"github.com/cnerium/cnerium-go/runtime/sqlitestore"
)

// connector opens connections on another file system and remembers them.
type connector struct {
	driver.Connector
	mu    sync.Mutex
	conns []driver.Conn
}

func newConnector(vfs, path string) (*connector, error) {
	query := url.Values{
		"vfs":           {vfs},
		"_busy_timeout": {"10000"},
		"_synchronous":  {"FULL"},
		"_txlock":       {"immediate"},
		"_error_rc":     {"1"},
		"_pragma":       {"wal_autocheckpoint(24)"},
	}
	inner, err := sqlite.NewConnector("file:" + path + "?" + query.Encode())
	return &connector{Connector: inner}, err
}

func (c *connector) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := c.Connector.Connect(ctx)
	if err == nil {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.conns = append(c.conns, conn)
	}
	return conn, err
}

// weaken sets synchronous=NORMAL on all connections, behind the store's back.
// None of them may be in use.
func (c *connector) weaken(ctx context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, conn := range c.conns {
		_, err := conn.(driver.ExecerContext).ExecContext(ctx, "PRAGMA synchronous = NORMAL", nil)
		if err != nil {
			return err
		}
	}
	return nil
}

// workload is what clients do with a store, which knows nothing of a power cut
// to come.
type workload struct {
	*history
	vfs, path string
	clients   int // goroutines
	keysEach  int // of each client, in each session
	sessions  int // how often the store is opened
	weak      bool
	tolerant  bool // of errors
	small     bool // no large bodies
	crowded   bool // clients wait for each other, and share transactions
	only      func(w *client) error
	before    func() // each key, one at a time

	db    *sql.DB
	store *sqlitestore.Store
	turn  sync.Mutex // of before
}

// run opens the store, lets clients work and closes the store, so often as it
// has sessions. With one client it does the same for the same seed each time.
func (w *workload) run(ctx context.Context, seed uint64) error {
	for session := range w.sessions {
		if err := w.session(ctx, session, seed); err != nil && !w.tolerant {
			return fmt.Errorf("session %d: %w", session, err)
		}
	}
	return nil
}

func (w *workload) session(ctx context.Context, session int, seed uint64) error {
	connector, err := newConnector(w.vfs, w.path)
	if err != nil {
		return err
	}
	w.db = sql.OpenDB(connector)
	defer w.db.Close()
	w.db.SetMaxIdleConns(8)
	// What is written must not depend on how long something takes.
	start := time.Now()
	now := func() time.Time {
		for range 20 * w.clients { // others come into the queue meanwhile
			if w.crowded {
				runtime.Gosched()
			}
		}
		return start
	}
	options := &sqlitestore.Options{Now: now, CacheBytes: uncached.CacheBytes}
	if w.store, err = sqlitestore.New(ctx, w.db, options); err != nil {
		return err
	}
	if _, err = w.db.ExecContext(ctx, createTables); err == nil && w.weak {
		err = connector.weaken(ctx)
	}
	if err == nil {
		err = w.letClientsWork(ctx, session, seed)
	}
	return errors.Join(err, w.store.Close())
}

// createTables is one transaction.
const createTables = `
BEGIN IMMEDIATE;
CREATE TABLE IF NOT EXISTS orders (key TEXT PRIMARY KEY, padding TEXT);
CREATE TABLE IF NOT EXISTS lines (key TEXT, n INTEGER, PRIMARY KEY (key, n)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS notes (key TEXT);
CREATE TABLE IF NOT EXISTS totals (id INTEGER PRIMARY KEY, orders INTEGER, lines INTEGER);
INSERT OR IGNORE INTO totals VALUES (1, 0, 0);
COMMIT`

func (w *workload) letClientsWork(ctx context.Context, session int, seed uint64) error {
	var wg sync.WaitGroup
	errs := make([]error, w.clients)
	for i := range errs {
		c := &client{
			workload: w,
			ctx:      ctx,
			name:     fmt.Sprintf("%d-%d", session, i),
			rng:      rand.New(rand.NewPCG(seed, uint64(session*100+i))),
		}
		wg.Go(func() { errs[i] = c.work() })
	}
	wg.Wait()
	return errors.Join(errs...)
}

// client uses one key after the other.
type client struct {
	*workload
	ctx  context.Context
	name string
	rng  *rand.Rand
	key  string
}

func (c *client) work() error {
	acts := []func(c *client) error{
		(*client).commit, (*client).commit, (*client).release, (*client).giveUp, (*client).abandon,
		(*client).transact, (*client).transact, (*client).note, (*client).mark, (*client).checkpoint,
	}
	if c.only != nil {
		acts = []func(c *client) error{c.only}
	}
	for i := range c.keysEach {
		c.prepareNext()
		c.key = fmt.Sprintf("%s-%d", c.name, i)
		if err := acts[c.rng.IntN(len(acts))](c); err != nil && !c.tolerant {
			return fmt.Errorf("%s: %w", c.key, err)
		}
	}
	return nil
}

func (c *client) prepareNext() {
	if c.before != nil {
		c.turn.Lock()
		defer c.turn.Unlock()
		c.before()
	}
}

// outcome returns what a commit is to store, and what is to be seen of it.
func (c *client) outcome(attempt int) (cnerium.Outcome, want) {
	body := strings.Repeat(c.key+" ", 1+c.rng.IntN(200))
	if c.rng.IntN(6) == 0 && !c.small {
		body = strings.Repeat(c.key+" ", 100<<10/len(c.key))
	}
	o := outcome(body)
	o.Retention = forever
	o.Events = nil
	after := want{state: cnerium.StateCommitted, attempt: attempt, body: body}
	for i := range c.rng.IntN(4) {
		data := fmt.Sprintf(`"%s, event %d"`, c.key, i)
		o.Events = append(o.Events, cnerium.Event{Operation: "orders.create", Type: "t", Room: c.key, Data: []byte(data)})
		after.events = append(after.events, data)
	}
	return o, after
}

// reserve claims the key.
func (c *client) reserve(attempt int) (*cnerium.Lease, error) {
	wish := claim(c.key)
	wish.Lease = forever
	wish.Takeover = true
	var lease *cnerium.Lease
	err := c.try(c.key, want{state: cnerium.StateReserved, attempt: attempt}, func() error {
		var err error
		_, lease, err = c.store.Reserve(c.ctx, wish)
		if err == nil && lease == nil {
			return errors.New("a free key is not granted")
		}
		return err
	})
	if err == nil {
		c.grant(lease)
	}
	return lease, err
}

// settle commits.
func (c *client) settle(lease *cnerium.Lease) error {
	o, after := c.outcome(lease.Attempt)
	return c.try(c.key, after, func() error {
		_, err := c.store.Commit(c.ctx, lease, o)
		return err
	})
}

func (c *client) commit() error {
	lease, err := c.reserve(1)
	if err != nil {
		return err
	}
	if c.rng.IntN(4) == 0 {
		if err := c.store.Renew(c.ctx, lease, forever); err != nil {
			return err
		}
	}
	return c.settle(lease)
}

func (c *client) release() error {
	lease, err := c.reserve(1)
	if err != nil {
		return err
	}
	err = c.try(c.key, want{}, func() error { return c.store.Release(c.ctx, lease) })
	if err != nil || c.rng.IntN(2) == 0 {
		return err
	}
	return c.commit()
}

// giveUp ends the lease, so that the record is unknown, and may take it over.
func (c *client) giveUp() error {
	lease, err := c.reserve(1)
	if err != nil {
		return err
	}
	err = c.try(c.key, want{state: cnerium.StateUnknown, attempt: 1}, func() error {
		return c.store.Renew(c.ctx, lease, 0)
	})
	if err != nil || c.rng.IntN(2) == 0 {
		return err
	}
	if lease, err = c.reserve(2); err != nil {
		return err
	}
	return c.settle(lease)
}

// abandon leaves the key reserved.
func (c *client) abandon() error {
	_, err := c.reserve(1)
	return err
}

// transact stores an outcome beside rows in several tables, some of which are
// undone.
func (c *client) transact() error {
	o, after := c.outcome(1)
	o.Discard = c.rng.IntN(4) == 0
	lines := c.rng.IntN(30)
	if c.small {
		lines %= 4
	}
	if !o.Discard {
		for i := range lines {
			after.rows = append(after.rows, fmt.Sprintf("line %02d", i+10))
		}
		after.rows = append(after.rows, "order")
	}
	wish := claim(c.key)
	wish.Lease = forever
	return c.try(c.key, after, func() error {
		_, err := c.store.Transact(c.ctx, wish, func(ctx context.Context, _ int) (cnerium.Outcome, error) {
			return o, order(ctx, sqlitestore.TxFrom(ctx), c.key, lines)
		})
		return err
	})
}

// order writes to three tables.
func order(ctx context.Context, tx sqlitestore.Tx, key string, lines int) error {
	_, err := tx.ExecContext(ctx, "INSERT INTO orders VALUES (?, ?)", key, strings.Repeat("x", 20*lines))
	for i := range lines {
		if err == nil {
			_, err = tx.ExecContext(ctx, "INSERT INTO lines VALUES (?, ?)", key, i+10)
		}
	}
	if err == nil {
		_, err = tx.ExecContext(ctx, "UPDATE totals SET orders = orders + 1, lines = lines + ?", lines)
	}
	return err
}

// note is a write of the application without the store.
func (c *client) note() error {
	return c.try(c.key, want{rows: []string{"note"}}, func() error {
		_, err := c.db.ExecContext(c.ctx, "INSERT INTO notes VALUES (?)", c.key)
		return err
	})
}

// mark lets a publisher of the key's name begin.
func (c *client) mark() error {
	head, err := c.store.Head(c.ctx)
	if err != nil {
		return err
	}
	return c.try(c.key, want{marked: true}, func() error { return c.store.MarkPublished(c.ctx, c.key, head) })
}

// checkpoint brings the log into the database, as far as others allow.
func (c *client) checkpoint() error {
	mode := []string{"PASSIVE", "FULL", "RESTART", "TRUNCATE"}[c.rng.IntN(4)]
	_, err := c.db.ExecContext(c.ctx, "PRAGMA wal_checkpoint("+mode+")")
	return err
}
