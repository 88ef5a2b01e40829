//go:build unix

package sqlitestore_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	cnerium "github.com/cnerium/cnerium-go/runtime"
	"github.com/cnerium/cnerium-go/runtime/sqlitestore"
)

// What can be wrong with a database after a power cut.
var (
	errDamaged  = errors.New("the database is damaged")
	errLost     = errors.New("something that was acknowledged is lost")
	errMixed    = errors.New("a change is there in part, or none that was asked for")
	errRepeated = errors.New("a token was given out again")
)

// examine opens the database at path, as after a cut at a position, and
// returns what is wrong with it. sqlitestore.Open is OpenDB and New: apart,
// the pool shows what the store does not.
func (h *history) examine(ctx context.Context, path string, cut int) error {
	db, err := sqlitestore.OpenDB(ctx, path)
	if err != nil {
		return fmt.Errorf("%w: %w", errDamaged, err)
	}
	defer db.Close()
	var integrity string
	if err := db.QueryRowContext(ctx, "PRAGMA integrity_check").Scan(&integrity); err != nil || integrity != "ok" {
		return fmt.Errorf("%w: %s: %w", errDamaged, integrity, err)
	}
	store, err := sqlitestore.New(ctx, db, nil)
	if err != nil {
		return fmt.Errorf("%w: %w", errDamaged, err)
	}
	err = h.compare(ctx, store, db, cut)
	if err == nil {
		err = h.goOn(ctx, store, cut)
	}
	return errors.Join(err, store.Close())
}

// compare holds what is in the store and in the application's tables against
// what must be there.
func (h *history) compare(ctx context.Context, store cnerium.Store, db *sql.DB, cut int) error {
	seen, err := look(ctx, store, db)
	if err != nil {
		return fmt.Errorf("%w: %w", errDamaged, err)
	}
	for _, key := range h.keys {
		record, err := store.Lookup(ctx, claim(key).ID)
		if err != nil {
			return fmt.Errorf("%w: look up %s: %w", errDamaged, key, err)
		}
		if err := seen.readMark(ctx, store, key); err != nil {
			return fmt.Errorf("%w: mark of %s: %w", errMixed, key, err)
		}
		if err := h.judge(key, cut, record, seen); err != nil {
			return err
		}
		delete(seen.events, key)
		delete(seen.rows, key)
	}
	if len(seen.events) > 0 || len(seen.rows) > 0 {
		return fmt.Errorf("%w: of no key: events %v, rows %v", errMixed, seen.events, seen.rows)
	}
	return nil
}

// judge decides about one key.
func (h *history) judge(key string, cut int, record cnerium.Record, seen *sight) error {
	allowed := h.allowed(key, cut)
	fits := func(w want) bool {
		return w.marked == seen.marks[key] && w.fits(record, seen.events[key], seen.rows[key])
	}
	if slices.ContainsFunc(allowed, fits) {
		return nil
	}
	kind := errMixed
	earlier := []want{{}}
	for _, s := range h.steps[key] {
		earlier = append(earlier, s.after)
	}
	if slices.ContainsFunc(earlier, fits) {
		kind = errLost
	}
	return fmt.Errorf("%w: %s is %v, attempt %d, with %d events, the rows %v, marked %v; allowed are %v",
		kind, key, record.State, record.Attempt, len(seen.events[key]), seen.rows[key], seen.marks[key], allowed)
}

// fits reports whether this is just what is there. A reservation may have
// become unknown meanwhile.
func (w want) fits(record cnerium.Record, events []cnerium.Event, rows []string) bool {
	state := record.State
	if w.state == cnerium.StateReserved && state == cnerium.StateUnknown {
		state = cnerium.StateReserved
	}
	if state != w.state || record.Attempt != w.attempt || len(events) != len(w.events) || !slices.Equal(rows, w.rows) {
		return false
	}
	cursor := ""
	for i, e := range events {
		if string(e.Data) != w.events[i] {
			return false
		}
		cursor = e.Cursor
	}
	if state != cnerium.StateCommitted {
		return record.Response.IsZero()
	}
	return record.Response == outcome(w.body).Response && record.Cursor == cursor
}

// goOn uses the store as a process does after the cut.
func (h *history) goOn(ctx context.Context, store cnerium.Store, cut int) error {
	if err := store.Check(ctx); err != nil {
		return fmt.Errorf("%w: %w", errDamaged, err)
	}
	_, lease, err := store.Reserve(ctx, claim("after the cut"))
	if err != nil || lease == nil {
		return fmt.Errorf("%w: reserve: %w", errDamaged, err)
	}
	if h.granted(lease.Token, cut) {
		return fmt.Errorf("%w: %d", errRepeated, lease.Token)
	}
	if _, err := store.Commit(ctx, lease, outcome("after the cut")); err != nil {
		return fmt.Errorf("%w: commit: %w", errDamaged, err)
	}
	return nil
}

// sight is what a database shows, by keys.
type sight struct {
	events map[string][]cnerium.Event
	rows   map[string][]string
	marks  map[string]bool
}

func look(ctx context.Context, store cnerium.Store, db *sql.DB) (*sight, error) {
	seen := &sight{
		events: make(map[string][]cnerium.Event), rows: make(map[string][]string), marks: make(map[string]bool),
	}
	events, err := store.Events(ctx, "", 100_000)
	if err != nil {
		return nil, err
	}
	for _, e := range events {
		seen.events[e.Room] = append(seen.events[e.Room], e)
	}
	return seen, seen.readRows(ctx, db)
}

// readMark looks for a publisher of the key's name. What is marked as published
// must have been committed.
func (s *sight) readMark(ctx context.Context, store cnerium.Store, key string) error {
	cursor, err := store.Published(ctx, key)
	if err != nil || cursor == "" {
		return err
	}
	s.marks[key] = true
	_, err = store.Events(ctx, cursor, 0)
	return err
}

// readRows reads the application's tables, if they are there yet: they come in
// one transaction. Their total must fit.
func (s *sight) readRows(ctx context.Context, db *sql.DB) error {
	var tables int
	err := db.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_schema WHERE name IN "+
		"('orders', 'lines', 'notes', 'totals')").Scan(&tables)
	if err != nil || tables == 0 {
		return err
	}
	rows, err := db.QueryContext(ctx, `
		SELECT key, 'order' FROM orders
		UNION ALL SELECT key, 'line ' || n FROM lines
		UNION ALL SELECT key, 'note' FROM notes
		ORDER BY 1, 2`)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var key, row string
		if err := rows.Scan(&key, &row); err != nil {
			return err
		}
		s.rows[key] = append(s.rows[key], row)
	}
	if err := rows.Err(); err != nil {
		return err
	}
	var orders, lines, ordersTotal, linesTotal int
	err = db.QueryRowContext(ctx, "SELECT (SELECT count(*) FROM orders), (SELECT count(*) FROM lines), "+
		"orders, lines FROM totals").Scan(&orders, &lines, &ordersTotal, &linesTotal)
	if err == nil && (orders != ordersTotal || lines != linesTotal) {
		err = fmt.Errorf("%d orders and %d lines, but totals of %d and %d", orders, lines, ordersTotal, linesTotal)
	}
	return err
}

// forever is longer than any campaign.
const forever = 1000 * time.Hour
