package memstore

import (
	"context"
	"slices"
	"strconv"
	"strings"

	cnerium "github.com/cnerium/cnerium-go/runtime"
)

// outbox keeps events in the order of their commits. Offsets count from 1 and
// are never used twice; removed is the offset of the last event that is gone,
// so the offset of events[i] is removed+1+i.
type outbox struct {
	epoch     string
	events    []kept
	removed   int64
	published int64
}

type kept struct {
	event     cnerium.Event
	committed int64 // Unix milliseconds
}

// Events returns up to limit events that were committed after the cursor. See
// [cnerium.Outbox]. The cursor of an event that is followed by one that is no
// longer kept is unknown, too: there would be a gap.
func (s *Store) Events(ctx context.Context, after string, limit int) ([]cnerium.Event, error) {
	var found []cnerium.Event
	err := s.read(ctx, "read events", func(int64) error {
		offset, err := s.outbox.offset(after)
		if err != nil {
			return err
		}
		if after == "" {
			offset = s.outbox.removed
		}
		if offset < s.outbox.removed {
			return cnerium.ErrCursor
		}
		rest := s.outbox.events[offset-s.outbox.removed:]
		for _, k := range rest[:min(len(rest), max(0, limit))] {
			k.event.Data = slices.Clone(k.event.Data)
			found = append(found, k.event)
		}
		return nil
	})
	return found, err
}

// Published returns the cursor of the last event that is known to be
// published, "" before the first.
func (s *Store) Published(ctx context.Context) (string, error) {
	var cursor string
	err := s.read(ctx, "read how far events are published", func(int64) error {
		if s.outbox.published > 0 {
			cursor = s.outbox.cursor(s.outbox.published)
		}
		return nil
	})
	return cursor, err
}

// MarkPublished remembers how far publishing has come. The position never
// goes back: the cursor of an earlier event changes nothing.
func (s *Store) MarkPublished(ctx context.Context, cursor string) error {
	return s.write(ctx, "mark events as published", func(int64) error {
		offset, err := s.outbox.offset(cursor)
		if err != nil {
			return err
		}
		s.outbox.published = max(s.outbox.published, offset)
		return nil
	})
}

// add appends copies of the events and returns the cursor of the last, "" for
// none.
func (o *outbox) add(events []cnerium.Event, now int64) string {
	cursor := ""
	for _, event := range events {
		cursor = o.cursor(o.last() + 1)
		event.ID = cursor
		event.Cursor = cursor
		event.Data = slices.Clone(event.Data)
		o.events = append(o.events, kept{event: event, committed: now})
	}
	return cursor
}

// sweep removes up to limit events that are published and were committed at
// cutoff or before. It removes from the front only, so that what is kept has
// no gaps.
func (o *outbox) sweep(cutoff int64, limit int) int {
	n := 0
	for n < limit && n < len(o.events) && o.removed < o.published && o.events[n].committed <= cutoff {
		o.events[n] = kept{}
		o.removed++
		n++
	}
	o.events = o.events[n:]
	return n
}

func (o *outbox) last() int64 { return o.removed + int64(len(o.events)) }

func (o *outbox) cursor(offset int64) string {
	return o.epoch + "." + strconv.FormatInt(offset, 10)
}

// offset is the inverse of cursor, 0 for "".
func (o *outbox) offset(cursor string) (int64, error) {
	if cursor == "" {
		return 0, nil
	}
	_, digits, _ := strings.Cut(cursor, ".")
	offset, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || offset < 1 || offset > o.last() || cursor != o.cursor(offset) {
		return 0, cnerium.ErrCursor
	}
	return offset, nil
}
