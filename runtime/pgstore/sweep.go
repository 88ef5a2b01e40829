package pgstore

import (
	"context"
	"math"
	"sync"

	"github.com/jackc/pgx/v5"

	cnerium "github.com/cnerium/cnerium-go/runtime"
)

// Unknown returns up to limit records in StateUnknown, the oldest first.
func (s *Store) Unknown(ctx context.Context, limit int) ([]cnerium.Record, error) {
	var found []cnerium.Record
	err := s.call(ctx, "list unknown records", func(ctx context.Context) error {
		found = nil
		return s.using(ctx, func(conn *pgx.Conn) error {
			rows, err := conn.Query(ctx, s.sql.unknown, s.now(), max(0, limit))
			if err != nil {
				return err
			}
			defer rows.Close()
			for rows.Next() {
				var r record
				var scope, operation, key []byte
				if err := rows.Scan(append([]any{&scope, &operation, &key, &r.now}, r.columns()...)...); err != nil {
					return err
				}
				r.id = cnerium.ID{Scope: string(scope), Operation: string(operation), Key: string(key)}
				found = append(found, s.view(&r))
			}
			return rows.Err()
		})
	})
	if err != nil {
		return nil, err
	}
	return found, nil
}

// Sweep removes what has expired, at most limit records and limit events. See
// [cnerium.Store]. Records that others are using are left for the next time,
// and so are all events while another node removes some.
func (s *Store) Sweep(ctx context.Context, limit int) (int, error) {
	end, err := s.begin(ctx)
	if err != nil {
		return 0, describe("sweep", err)
	}
	defer end()
	removed := 0
	if limit > 0 {
		removed, err = s.sweepRecords(ctx, limit)
	}
	if err == nil && limit > 0 {
		var n int
		n, err = s.sweepEvents(ctx, limit)
		removed += n
	}
	if isConflict(err) {
		err = nil // somebody else was at it, too
	}
	return removed, describe("sweep", err)
}

// sweepRecords begins where the last step has ended: what was removed lies in
// the index until it is vacuumed, and each step would have to pass all of it.
// A step that finds less than it may remove is the last of its kind, and the
// next one begins anew, for what others held back meanwhile.
func (s *Store) sweepRecords(ctx context.Context, limit int) (removed int, err error) {
	var through int64
	err = s.using(ctx, func(conn *pgx.Conn) error {
		return conn.QueryRow(ctx, s.sql.sweepRecords, s.now(), limit, s.swept.Load()).Scan(&removed, &through)
	})
	if err != nil || removed < limit {
		through = 0
	}
	s.swept.Store(through)
	return removed, err
}

// excess remembers up to where there are more events than are allowed, so that
// they are not counted for each step of a sweep.
type excess struct {
	mu sync.Mutex
	at place // events up to here are too many
}

// sweepEvents removes up to limit events in a transaction of its own, during
// which no other node removes any.
func (s *Store) sweepEvents(ctx context.Context, limit int) (removed int, err error) {
	if err := s.see(ctx); err != nil {
		return 0, err
	}
	err = s.using(ctx, func(conn *pgx.Conn) error {
		if _, err := conn.Exec(ctx, s.sql.beginRead); err != nil {
			return err
		}
		defer rollBack(ctx, conn) // when it is not committed
		removed, err = s.sweepLocked(ctx, conn, limit)
		if err != nil || removed == 0 {
			return err
		}
		_, err = conn.Exec(ctx, commit)
		return err
	})
	return removed, err
}

// sweepLocked stops at the first event that stays, so that what is kept has no
// gaps even if the clock was set back.
func (s *Store) sweepLocked(ctx context.Context, conn *pgx.Conn, limit int) (int, error) {
	var from place
	var now int64
	var ticket, n *int64 // of the slowest publisher
	rows, err := conn.Query(ctx, s.sql.lockRemoved, s.now())
	if err != nil {
		return 0, err
	}
	found, err := first(rows, &from.ticket, &from.n, &now, &ticket, &n)
	rows.Close()
	if err != nil || !found { // another node is at it
		return 0, err
	}
	published := place{ticket: math.MaxInt64}
	if ticket != nil {
		published = place{ticket: *ticket, n: *n}
	}
	tooMany, err := s.tooMany(ctx, conn, from)
	if err != nil {
		return 0, err
	}
	through, count, err := s.oldest(ctx, conn, from, limit, func(at place, committed int64) bool {
		switch {
		case committed <= now-s.limits.unpublished:
			return true
		case at.compare(published) > 0:
			return false
		}
		return committed <= now-s.limits.retention || at.compare(tooMany) <= 0
	})
	if err != nil || count == 0 {
		return 0, err
	}
	if _, err := conn.Exec(ctx, s.sql.deleteEvents, through.ticket, through.n); err != nil {
		return 0, err
	}
	_, err = conn.Exec(ctx, s.sql.setRemoved, through.ticket, through.n)
	return count, err
}

// oldest looks at the oldest events as long as they may go, and returns the
// place of the last of them and their number.
func (s *Store) oldest(
	ctx context.Context, conn *pgx.Conn, from place, limit int, mayGo func(at place, committed int64) bool,
) (through place, count int, err error) {
	rows, err := conn.Query(ctx, s.sql.oldest, from.ticket, from.n, s.horizon.Load(), limit)
	if err != nil {
		return place{}, 0, err
	}
	defer rows.Close()
	for rows.Next() {
		var at place
		var committed int64
		if err := rows.Scan(&at.ticket, &at.n, &committed); err != nil {
			return place{}, 0, err
		}
		if !mayGo(at, committed) {
			break
		}
		through, count = at, count+1
	}
	rows.Close()
	return through, count, rows.Err()
}

// tooMany returns the place up to which there are more events than are
// allowed. They are counted only when none are left of those that were found
// before: there can only be more of them.
func (s *Store) tooMany(ctx context.Context, conn *pgx.Conn, removed place) (place, error) {
	s.excess.mu.Lock()
	defer s.excess.mu.Unlock()
	if s.limits.events < 0 || s.excess.at.compare(removed) > 0 {
		return s.excess.at, nil
	}
	rows, err := conn.Query(ctx, s.sql.excess, s.limits.events)
	if err != nil {
		return place{}, err
	}
	defer rows.Close()
	var at place
	if _, err := first(rows, &at.ticket, &at.n); err != nil {
		return place{}, err
	}
	s.excess.at = at
	return at, nil
}
