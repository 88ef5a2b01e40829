package sqlitestore

import (
	"context"
	"strconv"
	"strings"
	"time"

	cnerium "github.com/cnerium/cnerium-go/runtime"
)

// Events returns up to limit events that were committed after the cursor. See
// [cnerium.Outbox]. The cursor of an event that is followed by one that is no
// longer kept is unknown, too: there would be a gap.
func (s *Store) Events(ctx context.Context, after string, limit int) ([]cnerium.Event, error) {
	var found []cnerium.Event
	err := s.read(ctx, "read events", func(ctx context.Context, q *statements) error {
		offset, err := s.offset(after)
		if err != nil {
			return err
		}
		if found, err = s.eventsAfter(ctx, q, offset, max(0, limit)); err != nil {
			return err
		}
		// The bounds only grow. Those that are read after the events tell
		// whether a sweep has left a gap before them.
		b, err := findBounds(ctx, q)
		if err == nil && after != "" && (offset < b.removed || offset > b.last) {
			err = cnerium.ErrCursor
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return found, nil
}

// Published returns the cursor of the last event that is known to be
// published, "" before the first.
func (s *Store) Published(ctx context.Context) (string, error) {
	var cursor string
	err := s.read(ctx, "read how far events are published", func(ctx context.Context, q *statements) error {
		b, err := findBounds(ctx, q)
		cursor = s.cursor(b.published)
		return err
	})
	return cursor, err
}

// MarkPublished remembers how far publishing has come. The position never
// goes back: the cursor of an earlier event changes nothing.
func (s *Store) MarkPublished(ctx context.Context, cursor string) error {
	return s.write(ctx, "mark events as published", func(ctx context.Context, q *statements, _ int64) error {
		offset, err := s.offset(cursor)
		if err != nil {
			return err
		}
		b, err := findBounds(ctx, q)
		switch {
		case err != nil:
			return err
		case offset > b.last:
			return cnerium.ErrCursor
		case offset <= b.published:
			return nil
		}
		_, err = q.exec(ctx, updatePublished, offset)
		return err
	})
}

const updatePublished = `UPDATE cnerium_meta SET published = ?`

// cursor names the event at an offset, "" for 0.
func (s *Store) cursor(offset int64) string {
	if offset == 0 {
		return ""
	}
	return s.epoch + "." + strconv.FormatInt(offset, 10)
}

// offset is the inverse of cursor. Whether there is such an event is another
// question.
func (s *Store) offset(cursor string) (int64, error) {
	if cursor == "" {
		return 0, nil
	}
	_, digits, _ := strings.Cut(cursor, ".")
	offset, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || offset < 1 || cursor != s.cursor(offset) {
		return 0, cnerium.ErrCursor
	}
	return offset, nil
}

const insertEvent = `
INSERT INTO cnerium_events (committed_at, emitted_at, operation, room, type, data)
VALUES (?, ?, ?, ?, ?, ?)`

// addEvents appends the events and returns the offset of the last, 0 for
// none.
func addEvents(ctx context.Context, q *statements, events []cnerium.Event, now int64) (int64, error) {
	var last int64
	for _, e := range events {
		result, err := q.exec(ctx, insertEvent, now, e.Time.UnixMilli(), e.Operation, e.Room, e.Type, []byte(e.Data))
		if err != nil {
			return 0, err
		}
		if last, err = result.LastInsertId(); err != nil {
			return 0, err
		}
	}
	return last, nil
}

const selectEvents = `
SELECT offset, emitted_at, operation, room, type, data
FROM cnerium_events
WHERE offset > ?
ORDER BY offset
LIMIT ?`

func (s *Store) eventsAfter(ctx context.Context, q *statements, offset int64, limit int) ([]cnerium.Event, error) {
	var found []cnerium.Event
	err := q.rows(ctx, selectEvents, []any{offset, limit}, func(scan scanner) error {
		var e cnerium.Event
		var offset, emitted int64
		var data []byte
		if err := scan(&offset, &emitted, &e.Operation, &e.Room, &e.Type, &data); err != nil {
			return err
		}
		e.Cursor = s.cursor(offset)
		e.ID = e.Cursor
		e.Time = time.UnixMilli(emitted).UTC()
		e.Data = data
		found = append(found, e)
		return nil
	})
	return found, err
}

// bounds are offsets of events, 0 for none.
type bounds struct {
	removed   int64 // the last that is no longer kept
	published int64 // the last that is published
	last      int64 // the last that there ever was
}

const selectBounds = `
SELECT removed, published, coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'cnerium_events'), 0)
FROM cnerium_meta`

func findBounds(ctx context.Context, q *statements) (bounds, error) {
	var b bounds
	err := q.row(ctx, selectBounds, nil, &b.removed, &b.published, &b.last)
	return b, err
}
