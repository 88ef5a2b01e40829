package memstore

import (
	"time"

	cnerium "github.com/cnerium/cnerium-go/runtime"
)

// record is what the store keeps for one ID. Times are Unix milliseconds.
// Once the response is set, nothing but queued changes.
type record struct {
	id          cnerium.ID
	fingerprint cnerium.Fingerprint
	token       int64
	attempt     int
	since       int64 // reserved or committed
	leaseEnd    int64
	expires     int64
	response    *cnerium.Response // nil until committed
	cursor      string
	queued      int // index in the expiry queue, while committed
}

// state derives the state at a time; no step of its own turns a reserved
// record into an unknown one or makes a committed one expire. A nil record is
// absent.
func (r *record) state(now int64) cnerium.State {
	switch {
	case r == nil:
		return cnerium.StateAbsent
	case r.response != nil && r.expires <= now:
		return cnerium.StateAbsent
	case r.response != nil:
		return cnerium.StateCommitted
	case r.leaseEnd <= now:
		return cnerium.StateUnknown
	}
	return cnerium.StateReserved
}

// view returns the record as it is at a time. The response is still the
// store's own: share it with nobody before it is cloned.
func (r *record) view(id cnerium.ID, now int64) cnerium.Record {
	state := r.state(now)
	if state == cnerium.StateAbsent {
		return cnerium.Record{ID: id}
	}
	since := r.since
	if state == cnerium.StateUnknown {
		since = r.leaseEnd
	}
	return cnerium.Record{
		ID:          id,
		State:       state,
		Fingerprint: r.fingerprint,
		Attempt:     r.attempt,
		Since:       time.UnixMilli(since).UTC(),
		Response:    r.response,
		Cursor:      r.cursor,
	}
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
