package memstore

import (
	"time"

	cnerium "github.com/cnerium/cnerium-go/runtime"
)

// record is what the store keeps for one ID. Times are Unix milliseconds.
// Once there is a status, nothing but the place changes.
type record struct {
	names            string // scope, operation and key
	scope, operation int    // how long the first two are
	fingerprint      cnerium.Fingerprint
	token            int64
	attempt          int
	since            int64 // reserved or committed
	leaseEnd         int64
	expires          int64
	status           int    // of the response; 0 until committed
	texts            string // its header and its body
	header           int    // how long the first is
	event            int64  // offset of the commit's last event; 0 for none

	// Of the table and the queues.
	self, next slot
	hash       uint64
	place      int // in the expiry queue while committed, else among the reserved ones
}

// name gives the record its ID.
func (r *record) name(id cnerium.ID) {
	r.names = id.Scope + id.Operation + id.Key
	r.scope, r.operation = len(id.Scope), len(id.Operation)
}

func (r *record) id() cnerium.ID {
	key := r.scope + r.operation
	return cnerium.ID{Scope: r.names[:r.scope], Operation: r.names[r.scope:key], Key: r.names[key:]}
}

func (r *record) is(id cnerium.ID) bool { return r.id() == id }

// answer gives the record its response.
func (r *record) answer(with cnerium.StoredResponse) {
	r.status = with.Status
	r.texts, r.header = string(with.Header)+with.Body, len(with.Header)
}

func (r *record) response() cnerium.StoredResponse {
	return cnerium.StoredResponse{
		Status: r.status, Header: cnerium.StoredHeader(r.texts[:r.header]), Body: r.texts[r.header:],
	}
}

// state derives the state at a time; no step of its own turns a reserved
// record into an unknown one or makes a committed one expire. A nil record is
// absent.
func (r *record) state(now int64) cnerium.State {
	switch {
	case r == nil:
		return cnerium.StateAbsent
	case r.status != 0 && r.expires <= now:
		return cnerium.StateAbsent
	case r.status != 0:
		return cnerium.StateCommitted
	case r.leaseEnd <= now:
		return cnerium.StateUnknown
	}
	return cnerium.StateReserved
}

// view returns the record of the ID as it is at a time.
func (s *Store) view(r *record, id cnerium.ID, now int64) cnerium.Record {
	state := r.state(now)
	if state == cnerium.StateAbsent {
		return cnerium.Record{ID: id}
	}
	seen := cnerium.Record{
		ID:          id,
		State:       state,
		Fingerprint: r.fingerprint,
		Attempt:     r.attempt,
		Since:       time.UnixMilli(r.since).UTC(),
	}
	switch state {
	case cnerium.StateUnknown:
		seen.Since = time.UnixMilli(r.leaseEnd).UTC()
	case cnerium.StateCommitted:
		seen.Response = r.response()
		if r.event > 0 {
			seen.Cursor = s.outbox.cursor(r.event)
		}
	}
	return seen
}

// grants tells whether the claim gets a record that is in this state.
func grants(r *record, state cnerium.State, claim cnerium.Claim) bool {
	anonymous := claim.Takeover && claim.Fingerprint == cnerium.Fingerprint{}
	switch state {
	case cnerium.StateAbsent:
		return !anonymous
	case cnerium.StateUnknown:
		return claim.Takeover && (anonymous || claim.Fingerprint == r.fingerprint)
	}
	return false
}
