package modeltest

import (
	"time"

	cnerium "github.com/cnerium/cnerium-go/runtime"
	"github.com/cnerium/cnerium-go/runtime/storetest"
)

// model is what a store and its medium should do: one map, one list of events
// and one of rows, without a thought to anything but being right. Times are
// Unix milliseconds.
type model struct {
	records map[cnerium.ID]record
	holders int            // the last that was given; a holder stands for a lease's token
	events  []event        // all that were ever committed
	removed int            // how many of them are no longer kept
	marks   map[string]int // how many of them each publisher has had
	rows    []string
}

type record struct {
	committed   bool
	fingerprint cnerium.Fingerprint
	holder      int
	attempt     int
	since       int64 // reserved or committed
	leaseEnd    int64
	expires     int64
	response    cnerium.StoredResponse
	lastEvent   int // the commit's last event, counted from 1; 0 for none
}

type event struct {
	sent      cnerium.Event
	committed int64
	cursor    string // as the store named it; "" until somebody looked
}

func (r record) state(now int64) cnerium.State {
	switch {
	case r.attempt == 0, r.committed && r.expires <= now:
		return cnerium.StateAbsent
	case r.committed:
		return cnerium.StateCommitted
	case r.leaseEnd <= now:
		return cnerium.StateUnknown
	}
	return cnerium.StateReserved
}

// grants reports whether the claim gets the record.
func (m *model) grants(c cnerium.Claim, now int64) bool {
	r := m.records[c.ID]
	anonymous := c.Takeover && c.Fingerprint == cnerium.Fingerprint{}
	switch r.state(now) {
	case cnerium.StateAbsent:
		return !anonymous
	case cnerium.StateUnknown:
		return c.Takeover && (anonymous || c.Fingerprint == r.fingerprint)
	}
	return false
}

// reserve returns the holder, 0 when the claim is refused.
func (m *model) reserve(c cnerium.Claim, now int64) int {
	if !m.grants(c, now) {
		return 0
	}
	r := m.records[c.ID]
	if r.state(now) == cnerium.StateAbsent {
		r = record{fingerprint: c.Fingerprint}
	}
	m.holders++
	r.holder = m.holders
	r.attempt++
	r.since = now
	r.leaseEnd = now + milliseconds(c.Lease)
	m.records[c.ID] = r
	return r.holder
}

// holds reports whether the holder may settle the record.
func (m *model) holds(id cnerium.ID, holder int) bool {
	r := m.records[id]
	return !r.committed && r.holder == holder && r.attempt > 0
}

func (m *model) renew(id cnerium.ID, holder int, d time.Duration, now int64) bool {
	r := m.records[id]
	if !m.holds(id, holder) || r.leaseEnd <= now {
		return false
	}
	r.leaseEnd = now + max(0, milliseconds(d))
	m.records[id] = r
	return true
}

func (m *model) release(id cnerium.ID, holder int) bool {
	if !m.holds(id, holder) {
		return false
	}
	delete(m.records, id)
	return true
}

func (m *model) commit(id cnerium.ID, holder int, o cnerium.Outcome, now int64) bool {
	if !m.holds(id, holder) {
		return false
	}
	r := m.records[id]
	r.committed = true
	r.since = now
	r.expires = now + milliseconds(o.Retention)
	r.response = o.Response
	for _, e := range o.Events {
		m.events = append(m.events, event{sent: e, committed: now})
		r.lastEvent = len(m.events)
	}
	m.records[id] = r
	return true
}

// transact is a handler that wrote the row and was carried through.
func (m *model) transact(c cnerium.Claim, row string, o cnerium.Outcome, now int64) {
	m.commit(c.ID, m.reserve(c, now), o, now)
	if !o.Discard {
		m.rows = append(m.rows, row)
	}
}

// sweep removes all that has expired and returns how much that was.
func (m *model) sweep(now int64) int {
	n := 0
	for id, r := range m.records {
		if r.committed && r.expires <= now {
			delete(m.records, id)
			n++
		}
	}
	for m.removed < len(m.events) && m.mayGo(now) {
		m.removed++
		n++
	}
	return n
}

// mayGo reports whether the oldest event that is kept may go.
func (m *model) mayGo(now int64) bool {
	age := time.Duration(now-m.events[m.removed].committed) * time.Millisecond
	if age >= storetest.UnpublishedRetention {
		return true
	}
	for _, published := range m.marks {
		if published <= m.removed {
			return false
		}
	}
	return age >= storetest.EventRetention || len(m.events)-m.removed > storetest.MaxEvents
}

// mark says that the publisher has had the first n events.
func (m *model) mark(publisher string, n int) { m.marks[publisher] = max(m.marks[publisher], n) }

// milliseconds rounds up.
func milliseconds(d time.Duration) int64 {
	return int64((d + time.Millisecond - 1).Truncate(time.Millisecond) / time.Millisecond)
}
