package sqlitestore

import (
	"context"
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
	err := s.write(ctx, "check", func(ctx context.Context, q *statements, _ int64) error {
		if _, err := q.exec(ctx, fillProbe); err != nil {
			return err
		}
		_, err := q.exec(ctx, clearProbe)
		return err
	})
	if err != nil {
		return err
	}
	return s.read(ctx, "check", func(ctx context.Context, q *statements) error {
		_, err := findBounds(ctx, q)
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
	err := s.read(ctx, "list unknown records", func(ctx context.Context, q *statements) error {
		now := s.now().UnixMilli()
		return q.rows(ctx, selectUnknown, []any{now, max(0, limit)}, func(scan scanner) error {
			var r record
			err := scan(&r.id.Scope, &r.id.Operation, &r.id.Key,
				&r.fingerprint, &r.state, &r.token, &r.attempt, &r.since, &r.leaseUntil)
			if err != nil {
				return err
			}
			view, err := r.at(now, s.cursor)
			found = append(found, view)
			return err
		})
	})
	if err != nil {
		return nil, err
	}
	return found, nil
}

// Sweep removes what has expired, at most limit records and limit events, in
// one transaction. See [cnerium.Store].
func (s *Store) Sweep(ctx context.Context, limit int) (int, error) {
	removed := 0
	err := s.write(ctx, "sweep", func(ctx context.Context, q *statements, now int64) error {
		records, err := sweepRecords(ctx, q, now, max(0, limit))
		if err != nil {
			return err
		}
		events, err := sweepEvents(ctx, q, now-milliseconds(s.retention), max(0, limit))
		removed = records + events
		return err
	})
	if err != nil {
		return 0, err
	}
	return removed, nil
}

const deleteExpired = `
DELETE FROM cnerium_records WHERE id IN (
	SELECT id FROM cnerium_records
	WHERE state = 'committed' AND expires_at <= ?
	ORDER BY expires_at
	LIMIT ?)`

func sweepRecords(ctx context.Context, q *statements, now int64, limit int) (int, error) {
	result, err := q.exec(ctx, deleteExpired, now, limit)
	if err != nil {
		return 0, err
	}
	n, err := result.RowsAffected()
	return int(n), err
}

const selectPublished = `
SELECT offset, committed_at FROM cnerium_events
WHERE offset <= (SELECT published FROM cnerium_meta)
ORDER BY offset
LIMIT ?`

const (
	deleteEvents  = `DELETE FROM cnerium_events WHERE offset <= ?`
	updateRemoved = `UPDATE cnerium_meta SET removed = ?`
)

// sweepEvents removes published events that were committed at cutoff or
// before. It stops at the first that stays, so that what is kept has no gaps
// even if the clock was set back.
func sweepEvents(ctx context.Context, q *statements, cutoff int64, limit int) (int, error) {
	removed, last, stopped := 0, int64(0), false
	err := q.rows(ctx, selectPublished, []any{limit}, func(scan scanner) error {
		var offset, committed int64
		if err := scan(&offset, &committed); err != nil {
			return err
		}
		if stopped = stopped || committed > cutoff; !stopped {
			removed, last = removed+1, offset
		}
		return nil
	})
	if err != nil || removed == 0 {
		return 0, err
	}
	if _, err := q.exec(ctx, deleteEvents, last); err != nil {
		return 0, err
	}
	_, err = q.exec(ctx, updateRemoved, last)
	return removed, err
}
