package feed

import "slices"

// recent are the last events of a feed, without a gap. The zero value keeps
// none.
type recent struct {
	limit  int
	before string      // the cursor right before the first that is kept
	kept   []published // the oldest first
	bytes  int
	total  int // how many there ever were
}

// recentBytes is how much memory the kept events may take. The last is kept
// whatever its size.
const recentBytes = 4 << 20

// position is the cursor of the last event, or of where the feed has begun.
func (r *recent) position() string {
	if n := len(r.kept); n > 0 {
		return r.kept[n-1].Cursor
	}
	return r.before
}

func (r *recent) add(events []published) {
	for _, e := range events {
		r.kept = append(r.kept, e)
		r.bytes += len(e.Data)
	}
	r.total += len(events)
	drop := 0
	for len(r.kept)-drop > r.limit || (r.bytes > recentBytes && len(r.kept)-drop > 1) {
		r.bytes -= len(r.kept[drop].Data)
		r.before = r.kept[drop].Cursor
		drop++
	}
	clear(r.kept[:drop])
	r.kept = r.kept[drop:]
}

// after returns what came after the cursor. It returns false when the cursor
// is not among what is kept.
func (r *recent) after(cursor string) ([]published, bool) {
	for i, e := range slices.Backward(r.kept) {
		if e.Cursor == cursor {
			return r.kept[i+1:], true
		}
	}
	return r.kept, cursor == r.before
}
