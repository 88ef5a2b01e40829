package sqlitestore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"

	cnerium "github.com/cnerium/cnerium-go/runtime"
)

const (
	// A few pages, more than the commit of an ordinary response needs.
	fillProbe  = `UPDATE cnerium_meta SET probe = zeroblob(16384)`
	clearProbe = `UPDATE cnerium_meta SET probe = NULL`
)

// Check writes and reads: it fails when the disk is full, the file is
// read-only, or it was removed or replaced by another one.
func (s *Store) Check(ctx context.Context) error {
	if err := s.checkFile(); err != nil {
		return describe("check", err)
	}
	err := s.write(ctx, "check", func(q queries, _ int64) error {
		if _, err := q.exec(fillProbe); err != nil {
			return err
		}
		_, err := q.exec(clearProbe)
		return err
	})
	if err != nil {
		return err
	}
	return s.read(ctx, "check", func(q queries) error {
		_, err := findBounds(q)
		return err
	})
}

// checkFile makes sure that the name of the database still is that of the file
// that is open: what is written to a file without a name is gone in the end.
func (s *Store) checkFile() error {
	if s.identity == nil {
		return nil
	}
	now, err := os.Stat(s.file)
	if err != nil {
		return err
	}
	if !os.SameFile(s.identity, now) {
		return fmt.Errorf("the file %s was replaced while it was open", s.file)
	}
	return nil
}

const selectUnknown = `
SELECT scope, operation, key, fingerprint, state, token, attempt, since, lease_until
FROM cnerium_records
WHERE state = 'reserved' AND lease_until <= ?
ORDER BY lease_until
LIMIT ?`

// Unknown returns up to limit records in StateUnknown, the oldest first.
func (s *Store) Unknown(ctx context.Context, limit int) ([]cnerium.Record, error) {
	if _, err := s.buryAll(ctx, 0); err != nil {
		return nil, err
	}
	var found []cnerium.Record
	err := s.read(ctx, "list unknown records", func(q queries) error {
		now := s.now().UnixMilli()
		return q.rows(selectUnknown, []any{now, max(0, limit)}, func(scan scanner) error {
			var r record
			err := scan(&r.id.Scope, &r.id.Operation, &r.id.Key,
				&r.fingerprint, &r.state, &r.token, &r.attempt, &r.since, &r.leaseUntil)
			if err != nil {
				return err
			}
			found = append(found, r.at(now, s.eventCursor))
			return nil
		})
	})
	if err != nil {
		return nil, err
	}
	return found, nil
}

// sweepStep is how many records, and how many events, are removed in one
// transaction. Others that wait for the writer go in between.
const sweepStep = 250

// Sweep removes what has expired, at most limit records and limit events, in
// steps. After an error some may be removed. See [cnerium.Store].
func (s *Store) Sweep(ctx context.Context, limit int) (int, error) {
	s.learn(ctx)
	records, events := max(0, limit), max(0, limit)
	removed := 0
	for more := true; more; {
		r, e, err := s.sweepStep(ctx, min(records, sweepStep), min(events, sweepStep))
		if err != nil {
			return 0, err
		}
		removed += r + e
		records, events = remaining(records, r), remaining(events, e)
		more = records > 0 || events > 0
	}
	return removed, nil
}

// remaining returns how many may still be removed: none when a step has found
// fewer than it may remove.
func remaining(limit, removed int) int {
	if removed < min(limit, sweepStep) {
		return 0
	}
	return limit - removed
}

// sweepStep removes up to so many records and events.
func (s *Store) sweepStep(ctx context.Context, records, events int) (r, e int, err error) {
	err = s.write(ctx, "sweep", func(q queries, now int64) error {
		if r, err = sweepRecords(q, now, records); err != nil {
			return err
		}
		e, err = sweepEvents(q, s.limits, now, events)
		return err
	})
	return r, e, err
}

const deleteExpired = `
DELETE FROM cnerium_records WHERE id IN (
	SELECT id FROM cnerium_records
	WHERE state = 'committed' AND expires_at <= ?
	ORDER BY expires_at
	LIMIT ?)`

func sweepRecords(q queries, now int64, limit int) (int, error) {
	result, err := q.exec(deleteExpired, now, limit)
	if err != nil {
		return 0, err
	}
	n, err := result.RowsAffected()
	return int(n), err
}

// selectFirstKept finds the first of a range of events that has to stay.
// Offsets have no gaps, so the range says how many events are looked at.
const selectFirstKept = `
SELECT offset FROM cnerium_events
WHERE offset > ? AND offset <= ?
	AND committed_at > ?
	AND (committed_at > ? AND offset > ? OR offset > ?)
ORDER BY offset
LIMIT 1`

const (
	deleteEvents  = `DELETE FROM cnerium_events WHERE offset <= ?`
	updateRemoved = `UPDATE cnerium_meta SET removed = ?`
)

// sweepEvents removes up to limit events. It stops at the first that stays, so
// that what is kept has no gaps even if the clock was set back.
func sweepEvents(q queries, l limits, now int64, limit int) (int, error) {
	b, err := findBounds(q)
	if err != nil {
		return 0, err
	}
	through := b.last
	if left := b.last - b.removed; left > int64(limit) {
		through = b.removed + int64(limit)
	}
	excess := int64(0) // up to this offset there are more events than are allowed
	if l.events >= 0 {
		excess = b.last - l.events
	}
	var kept int64
	err = q.row(selectFirstKept, []any{
		b.removed, through, now - l.unpublished, now - l.retention, excess, b.published,
	}, &kept)
	switch {
	case err == nil:
		through = kept - 1
	case !errors.Is(err, sql.ErrNoRows):
		return 0, err
	}
	if through <= b.removed {
		return 0, nil
	}
	return removeEvents(q, through)
}

// removeEvents removes the events up to an offset and returns how many.
func removeEvents(q queries, through int64) (int, error) {
	result, err := q.exec(deleteEvents, through)
	if err != nil {
		return 0, err
	}
	n, err := result.RowsAffected()
	if err != nil {
		return 0, err
	}
	_, err = q.exec(updateRemoved, through)
	return int(n), err
}
