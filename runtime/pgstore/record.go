package pgstore

import (
	"bytes"
	"time"

	cnerium "github.com/cnerium/cnerium-go/runtime"
)

// record is a row of the table records, and the time at which it was read, in
// Unix milliseconds. The zero value stands for no row.
type record struct {
	id          cnerium.ID
	now         int64
	fingerprint []byte
	committed   bool
	token       int64
	attempt     int64
	since       int64
	dueAt       int64
	status      int64
	header      []byte
	body        []byte
	event       place
}

// columns are where a row is scanned into, after the time.
func (r *record) columns() []any {
	return []any{
		&r.fingerprint, &r.committed, &r.token, &r.attempt, &r.since, &r.dueAt,
		&r.status, &r.header, &r.body, &r.event.ticket, &r.event.n,
	}
}

// scan reads the first row, if there is one: the time and the record.
func (r *record) scan(rows answer) error {
	_, err := first(rows, append([]any{&r.now}, r.columns()...)...)
	return err
}

// lease returns the lease that holds the record.
func (r *record) lease() *cnerium.Lease {
	return &cnerium.Lease{ID: r.id, Token: r.token, Attempt: int(r.attempt)}
}

// state derives the state at the time of the reading: nobody has to write for
// a lease or a retention to end.
func (r *record) state() cnerium.State {
	switch {
	case r.attempt == 0, r.committed && r.dueAt <= r.now:
		return cnerium.StateAbsent
	case r.committed:
		return cnerium.StateCommitted
	case r.dueAt <= r.now:
		return cnerium.StateUnknown
	}
	return cnerium.StateReserved
}

// grants tells whether the claim would get a record in this state.
func (r *record) grants(claim cnerium.Claim) bool {
	switch r.state() {
	case cnerium.StateAbsent:
		return !anonymous(claim)
	case cnerium.StateUnknown:
		return claim.Takeover && (anonymous(claim) || bytes.Equal(claim.Fingerprint[:], r.fingerprint))
	}
	return false
}

// anonymous reports whether the claim is that of an operator, who knows no
// fingerprint.
func anonymous(claim cnerium.Claim) bool {
	return claim.Takeover && claim.Fingerprint == cnerium.Fingerprint{}
}

// view returns the record as it is at the time of the reading.
func (s *Store) view(r *record) cnerium.Record {
	view := cnerium.Record{ID: r.id, State: r.state()}
	if view.State == cnerium.StateAbsent {
		return view
	}
	copy(view.Fingerprint[:], r.fingerprint)
	view.Attempt = int(r.attempt)
	view.Since = timeOf(r.since)
	switch view.State {
	case cnerium.StateUnknown:
		view.Since = timeOf(r.dueAt)
	case cnerium.StateCommitted:
		view.Response = cnerium.StoredResponse{
			Status: int(r.status), Header: cnerium.StoredHeader(r.header), Body: string(r.body),
		}
		view.Cursor = s.eventCursor(r.event)
	}
	return view
}

func timeOf(milliseconds int64) time.Time { return time.UnixMilli(milliseconds).UTC() }
