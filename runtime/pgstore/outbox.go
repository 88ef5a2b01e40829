package pgstore

import (
	"context"
	"errors"
	"slices"

	"github.com/jackc/pgx/v5"

	cnerium "github.com/cnerium/cnerium-go/runtime"
)

// maxPublisher is the length in bytes of the longest name of a publisher.
const maxPublisher = 255

var errPublisher = errors.New("the name of a publisher has more than 255 bytes")

// Events returns up to limit events that were committed after the cursor. See
// [cnerium.Outbox]. Events of a commit are held back while one with an earlier
// ticket is still under way, which takes as long as a commit does.
func (s *Store) Events(ctx context.Context, after string, limit int) ([]cnerium.Event, error) {
	var found []cnerium.Event
	err := s.call(ctx, "read events", func(ctx context.Context) error {
		var from place
		var err error
		if after != "" {
			if from, err = s.place(after); err != nil {
				return err
			}
		}
		var b bounds
		found = nil
		err = s.ordered(ctx, func(x *exchange) {
			x.add(func(rows answer) (err error) {
				found, err = s.scanEvents(rows)
				return err
			}, s.sql.events, from.ticket, from.n, int64(max(0, limit)))
			s.queueBounds(x, from, &b)
		})
		if err == nil && after != "" && !b.knows(from) {
			found, err = nil, cnerium.ErrCursor
		}
		return err
	})
	return found, err
}

// ordered sends reads about the order of events. They are statements of one
// transaction, each of which sees what is committed when it begins: the
// horizon comes first.
func (s *Store) ordered(ctx context.Context, fill func(x *exchange)) error {
	return s.using(ctx, func(conn *pgx.Conn) error {
		return transact(ctx, conn, s.sql.beginRead, func(x *exchange) {
			x.add(s.scanHorizon, s.sql.horizon, s.horizon.Load())
			fill(x)
		})
	})
}

// see looks how far the order of events is decided.
func (s *Store) see(ctx context.Context) error {
	return s.persist(ctx, func(ctx context.Context) error { return s.ordered(ctx, func(*exchange) {}) })
}

// scanHorizon remembers a horizon. It never comes back.
func (s *Store) scanHorizon(rows answer) error {
	var horizon int64
	var undecided bool
	if found, err := first(rows, &horizon, new(string), &undecided); err != nil || !found {
		return err
	}
	s.undecided.Store(undecided)
	for {
		known := s.horizon.Load()
		if horizon <= known || s.horizon.CompareAndSwap(known, horizon) {
			return nil
		}
	}
}

// queueBounds asks for the bounds. They only grow: those that are read after
// the events tell whether a sweep has left a gap before them.
func (s *Store) queueBounds(x *exchange, at place, b *bounds) {
	x.add(func(rows answer) error {
		_, err := first(rows, &b.removed.ticket, &b.removed.n, &b.last, &b.exists)
		return err
	}, s.sql.bounds, at.ticket, at.n)
}

func (s *Store) scanEvents(rows answer) ([]cnerium.Event, error) {
	var found []cnerium.Event
	for rows.Next() {
		var at place
		var emitted int64
		var operation, room, kind, subject, data []byte
		err := rows.Scan(&at.ticket, &at.n, &emitted, &operation, &room, &kind, &subject, &data)
		if err != nil {
			return nil, err
		}
		cursor := s.cursor(at)
		found = append(found, cnerium.Event{
			ID: cursor, Cursor: cursor, Operation: string(operation), Room: string(room), Type: string(kind),
			Subject: string(subject), Time: timeOf(emitted), Data: slices.Clone(data),
		})
	}
	return found, rows.Err()
}

// Head returns the cursor of the last event behind which nothing is undecided,
// or the place before the first. See [cnerium.Outbox].
func (s *Store) Head(ctx context.Context) (string, error) {
	var head place
	err := s.call(ctx, "read the last cursor", func(ctx context.Context) error {
		return s.ordered(ctx, func(x *exchange) {
			x.add(func(rows answer) error {
				_, err := first(rows, &head.ticket, &head.n)
				return err
			}, s.sql.head)
		})
	})
	if err != nil {
		return "", err
	}
	return s.cursor(head), nil
}

// Published returns how far the publisher of that name has come, "" when it
// has no mark.
func (s *Store) Published(ctx context.Context, publisher string) (string, error) {
	cursor := ""
	err := s.call(ctx, "read how far events are published", func(ctx context.Context) error {
		return s.using(ctx, func(conn *pgx.Conn) error {
			rows, err := conn.Query(ctx, s.sql.published, []byte(publisher))
			if err != nil {
				return err
			}
			defer rows.Close()
			var mark place
			found, err := first(rows, &mark.ticket, &mark.n)
			if found && err == nil {
				cursor = s.cursor(mark)
			}
			return err
		})
	})
	if err != nil {
		return "", err
	}
	return cursor, nil
}

// MarkPublished remembers how far the publisher of that name has come. See
// [cnerium.Outbox]. The cursor may be of an event that is no longer kept; what
// the publisher has missed is for Events to say.
func (s *Store) MarkPublished(ctx context.Context, publisher, cursor string) error {
	return s.call(ctx, "mark events as published", func(ctx context.Context) error {
		if len(publisher) > maxPublisher {
			return errPublisher
		}
		at, err := s.place(cursor)
		if err != nil {
			return err
		}
		var b bounds
		if err := s.ordered(ctx, func(x *exchange) { s.queueBounds(x, at, &b) }); err != nil {
			return err
		}
		if at.compare(b.removed) > 0 && !b.knows(at) {
			return cnerium.ErrCursor
		}
		return s.using(ctx, func(conn *pgx.Conn) error {
			_, err := conn.Exec(ctx, s.sql.mark, []byte(publisher), at.ticket, at.n)
			return err
		})
	})
}
