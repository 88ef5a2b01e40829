package sqlitestore

import (
	"context"
	"database/sql"
	"errors"
	"strconv"
	"strings"
	"time"

	cnerium "github.com/cnerium/cnerium-go/runtime"
)

// maxPublisher is the length in bytes of the longest name of a publisher.
const maxPublisher = 255

var errPublisher = errors.New("the name of a publisher has more than 255 bytes")

// Events returns up to limit events that were committed after the cursor. See
// [cnerium.Outbox]. The cursor of an event that is followed by one that is no
// longer kept is unknown, too: there would be a gap.
func (s *Store) Events(ctx context.Context, after string, limit int) ([]cnerium.Event, error) {
	var found []cnerium.Event
	err := s.read(ctx, "read events", func(q queries) error {
		offset := int64(0)
		if after != "" {
			var err error
			if offset, err = s.offset(after); err != nil {
				return err
			}
		}
		var err error
		if found, err = s.eventsAfter(q, offset, max(0, limit)); err != nil {
			return err
		}
		// The bounds only grow. Those that are read after the events tell
		// whether a sweep has left a gap before them.
		b, err := findBounds(q)
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

// Head returns the cursor of the last event that was committed, or the place
// before the first. See [cnerium.Outbox].
func (s *Store) Head(ctx context.Context) (string, error) {
	var b bounds
	err := s.read(ctx, "read the last cursor", func(q queries) (err error) {
		b, err = findBounds(q)
		return err
	})
	if err != nil {
		return "", err
	}
	return s.cursor(b.last), nil
}

const selectMark = `SELECT offset FROM cnerium_marks WHERE publisher = ?`

// Published returns how far the publisher of that name has come, "" when it
// has no mark.
func (s *Store) Published(ctx context.Context, publisher string) (string, error) {
	cursor := ""
	err := s.read(ctx, "read how far events are published", func(q queries) error {
		var offset int64
		err := q.row(selectMark, []any{publisher}, &offset)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		cursor = s.cursor(offset)
		return err
	})
	if err != nil {
		return "", err
	}
	return cursor, nil
}

const upsertMark = `
INSERT INTO cnerium_marks (publisher, offset) VALUES (?, ?)
ON CONFLICT (publisher) DO UPDATE SET offset = excluded.offset WHERE excluded.offset > cnerium_marks.offset`

// MarkPublished remembers how far the publisher of that name has come. See
// [cnerium.Outbox]. The cursor may be of an event that is no longer kept; what
// the publisher has missed is for Events to say.
func (s *Store) MarkPublished(ctx context.Context, publisher, cursor string) error {
	return s.write(ctx, "mark events as published", func(q queries, _ int64) error {
		if len(publisher) > maxPublisher {
			return errPublisher
		}
		offset, err := s.offset(cursor)
		if err != nil {
			return err
		}
		b, err := findBounds(q)
		if err != nil {
			return err
		}
		if offset > b.last {
			return cnerium.ErrCursor
		}
		_, err = q.exec(upsertMark, publisher, offset)
		return err
	})
}

// cursor names the place behind the event at an offset; 0 is before the first.
func (s *Store) cursor(offset int64) string {
	return s.epoch + "." + strconv.FormatInt(offset, 10)
}

// eventCursor names the event at an offset, "" for 0.
func (s *Store) eventCursor(offset int64) string {
	if offset == 0 {
		return ""
	}
	return s.cursor(offset)
}

// offset is the inverse of cursor. Whether there is such an event is another
// question.
func (s *Store) offset(cursor string) (int64, error) {
	_, digits, _ := strings.Cut(cursor, ".")
	offset, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || offset < 0 || cursor != s.cursor(offset) {
		return 0, cnerium.ErrCursor
	}
	return offset, nil
}

const insertEvent = `
INSERT INTO cnerium_events (committed_at, emitted_at, operation, room, type, subject, data)
VALUES (?, ?, ?, ?, ?, ?, ?)`

// addEvents appends the events and returns the offset of the last, 0 for
// none.
func addEvents(q queries, events []cnerium.Event, now int64) (int64, error) {
	var last int64
	for _, e := range events {
		result, err := q.exec(insertEvent,
			now, e.Time.UnixMilli(), e.Operation, e.Room, e.Type, e.Subject, []byte(e.Data))
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
SELECT offset, emitted_at, operation, room, type, subject, data
FROM cnerium_events
WHERE offset > ?
ORDER BY offset
LIMIT ?`

func (s *Store) eventsAfter(q queries, offset int64, limit int) ([]cnerium.Event, error) {
	var found []cnerium.Event
	err := q.rows(selectEvents, []any{offset, limit}, func(scan scanner) error {
		var e cnerium.Event
		var offset, emitted int64
		var data []byte
		if err := scan(&offset, &emitted, &e.Operation, &e.Room, &e.Type, &e.Subject, &data); err != nil {
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
	published int64 // the last that every publisher with a mark has had
	last      int64 // the last that there ever was
}

const selectBounds = `
SELECT removed,
	coalesce((SELECT min(offset) FROM cnerium_marks), 9223372036854775807),
	coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'cnerium_events'), 0)
FROM cnerium_meta`

func findBounds(q queries) (bounds, error) {
	var b bounds
	err := q.row(selectBounds, nil, &b.removed, &b.published, &b.last)
	return b, err
}
