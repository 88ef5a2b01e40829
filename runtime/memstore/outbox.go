package memstore

import (
	"context"
	"errors"
	"math"
	"slices"
	"strconv"
	"strings"

	cnerium "github.com/cnerium/cnerium-go/runtime"
)

// maxPublisher is the length in bytes of the longest name of a publisher.
const maxPublisher = 255

var errPublisher = errors.New("the name of a publisher has more than 255 bytes")

// outbox keeps events in the order of their commits. Offsets count from 1 and
// are never used twice; removed is the offset of the last event that is gone,
// so the offset of events[i] is removed+1+i.
type outbox struct {
	epoch   string
	limits  limits
	events  []kept
	removed int64
	marks   map[string]int64 // how far each publisher has come, by its name
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
		offset := s.outbox.removed
		if after != "" {
			var err error
			if offset, err = s.outbox.offset(after); err != nil {
				return err
			}
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

// Head returns the cursor of the last event that was committed, or the place
// before the first. See [cnerium.Outbox].
func (s *Store) Head(ctx context.Context) (string, error) {
	var cursor string
	err := s.read(ctx, "read the last cursor", func(int64) error {
		cursor = s.outbox.cursor(s.outbox.last())
		return nil
	})
	return cursor, err
}

// Published returns how far the publisher of that name has come, "" when it
// has no mark.
func (s *Store) Published(ctx context.Context, publisher string) (string, error) {
	var cursor string
	err := s.read(ctx, "read how far events are published", func(int64) error {
		if offset, known := s.outbox.marks[publisher]; known {
			cursor = s.outbox.cursor(offset)
		}
		return nil
	})
	return cursor, err
}

// MarkPublished remembers how far the publisher of that name has come. See
// [cnerium.Outbox]. The cursor may be of an event that is no longer kept; what
// the publisher has missed is for Events to say.
func (s *Store) MarkPublished(ctx context.Context, publisher, cursor string) error {
	return s.write(ctx, "mark events as published", func(int64) error {
		if len(publisher) > maxPublisher {
			return errPublisher
		}
		offset, err := s.outbox.offset(cursor)
		if err != nil {
			return err
		}
		s.outbox.marks[publisher] = max(s.outbox.marks[publisher], offset)
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

// sweep removes up to limit events that may go. It removes from the front
// only, so that what is kept has no gaps even if the clock was set back.
func (o *outbox) sweep(now int64, limit int) int {
	published := o.published()
	n := 0
	for n < limit && n < len(o.events) && o.mayGo(n, published, now) {
		n++
	}
	clear(o.events[:n])
	o.events = o.events[n:]
	o.removed += int64(n)
	return n
}

// mayGo tells whether the event of that index may go, once those before it
// are gone.
func (o *outbox) mayGo(index int, published, now int64) bool {
	committed := o.events[index].committed
	tooMany := o.limits.events >= 0 && int64(len(o.events)-index) > o.limits.events
	switch {
	case committed <= now-o.limits.unpublished:
		return true
	case o.removed+int64(index) >= published:
		return false
	}
	return tooMany || committed <= now-o.limits.retention
}

// published is the offset up to which every publisher with a mark has had the
// events.
func (o *outbox) published() int64 {
	lowest := int64(math.MaxInt64)
	for _, offset := range o.marks {
		lowest = min(lowest, offset)
	}
	return lowest
}

func (o *outbox) last() int64 { return o.removed + int64(len(o.events)) }

// cursor names the place behind the event at an offset; 0 is before the first.
func (o *outbox) cursor(offset int64) string {
	return o.epoch + "." + strconv.FormatInt(offset, 10)
}

// offset is the inverse of cursor.
func (o *outbox) offset(cursor string) (int64, error) {
	_, digits, _ := strings.Cut(cursor, ".")
	offset, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || offset < 0 || offset > o.last() || cursor != o.cursor(offset) {
		return 0, cnerium.ErrCursor
	}
	return offset, nil
}
