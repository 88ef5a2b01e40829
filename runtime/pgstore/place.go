package pgstore

import (
	"cmp"
	"strconv"
	"strings"

	cnerium "github.com/cnerium/cnerium-go/runtime"
)

// place is a place in the order of events: behind the n-th event of a ticket,
// or with an n of 0 before its first. The zero value is the beginning.
type place struct{ ticket, n int64 }

func (p place) compare(other place) int {
	return cmp.Or(cmp.Compare(p.ticket, other.ticket), cmp.Compare(p.n, other.n))
}

// cursor names the place.
func (s *Store) cursor(p place) string {
	return s.epoch + "." + strconv.FormatInt(p.ticket, 10) + "-" + strconv.FormatInt(p.n, 10)
}

// eventCursor names the place of a record's last event, "" if it has none.
func (s *Store) eventCursor(p place) string {
	if p == (place{}) {
		return ""
	}
	return s.cursor(p)
}

// place is the inverse of cursor. Whether there is such a place is another
// question.
func (s *Store) place(cursor string) (place, error) {
	_, rest, _ := strings.Cut(cursor, ".")
	first, second, _ := strings.Cut(rest, "-")
	ticket, ticketErr := strconv.ParseInt(first, 10, 64)
	n, nErr := strconv.ParseInt(second, 10, 64)
	p := place{ticket: ticket, n: n}
	if ticketErr != nil || nErr != nil || ticket < 0 || n < 0 || cursor != s.cursor(p) {
		return place{}, cnerium.ErrCursor
	}
	return p, nil
}

// bounds say which places there are.
type bounds struct {
	removed place // the last event that is no longer kept
	last    int64 // the last ticket that was given
	exists  bool  // the event at the place in question
}

// knows reports whether the place is one that there is, and nothing behind it
// is gone. It does not ask how far the order is decided: another node may be
// further than this one.
func (b bounds) knows(p place) bool {
	switch p.compare(b.removed) {
	case -1:
		return false
	case 0:
		return true
	}
	return b.exists || p.n == 0 && p.ticket <= b.last+1
}
