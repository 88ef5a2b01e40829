package sqlitestore

import (
	"bytes"
	"database/sql"
	"errors"
	"strconv"
	"strings"
	"time"

	cnerium "github.com/cnerium/cnerium-go/runtime"
)

// record is a row of cnerium_records. Times are Unix milliseconds. The zero
// value stands for no row.
type record struct {
	id          cnerium.ID
	fingerprint []byte
	state       string
	token       int64
	attempt     int
	since       int64
	leaseUntil  int64
	expiresAt   int64
	status      int
	header      []byte
	body        []byte
	event       int64
	boot        int64 // of the store that has reserved it
}

// stateAt derives the state at a time: nobody has to write for a lease or a
// retention to end.
func (r *record) stateAt(now int64) cnerium.State {
	switch {
	case r.state == "reserved" && r.leaseUntil <= now:
		return cnerium.StateUnknown
	case r.state == "reserved":
		return cnerium.StateReserved
	case r.state == "committed" && r.expiresAt > now:
		return cnerium.StateCommitted
	}
	return cnerium.StateAbsent
}

// at returns the record as it is at a time. The cursor is made by the store.
func (r *record) at(now int64, cursor func(offset int64) string) cnerium.Record {
	view := cnerium.Record{ID: r.id, State: r.stateAt(now)}
	if view.State == cnerium.StateAbsent {
		return view
	}
	copy(view.Fingerprint[:], r.fingerprint)
	view.Attempt = r.attempt
	view.Since = time.UnixMilli(r.since).UTC()
	switch view.State {
	case cnerium.StateUnknown:
		view.Since = time.UnixMilli(r.leaseUntil).UTC()
	case cnerium.StateCommitted:
		view.Response = r.response()
		view.Cursor = cursor(r.event)
	}
	return view
}

// response returns what is stored in a committed record.
func (r *record) response() cnerium.StoredResponse {
	return cnerium.StoredResponse{Status: r.status, Header: cnerium.StoredHeader(r.header), Body: string(r.body)}
}

// grant gives the record to the claim if it may have it.
func (r *record) grant(claim cnerium.Claim, boot, now int64) bool {
	state := r.stateAt(now)
	if !r.free(state, claim) {
		return false
	}
	if state == cnerium.StateAbsent {
		*r = record{id: claim.ID, fingerprint: bytes.Clone(claim.Fingerprint[:])}
	}
	r.state = "reserved"
	r.attempt++
	r.since = now
	r.boot = boot
	r.leaseUntil = now + milliseconds(claim.Lease)
	return true
}

// free tells whether the claim gets a record that is in this state.
func (r *record) free(state cnerium.State, claim cnerium.Claim) bool {
	switch state {
	case cnerium.StateAbsent:
		return !anonymous(claim)
	case cnerium.StateUnknown:
		return claim.Takeover && (anonymous(claim) || bytes.Equal(claim.Fingerprint[:], r.fingerprint))
	}
	return false
}

// anonymous tells whether the claim is one of an operator, for a record that
// keeps its fingerprint.
func anonymous(claim cnerium.Claim) bool {
	return claim.Takeover && claim.Fingerprint == cnerium.Fingerprint{}
}

// selectRecord has the numbers of a row in one text: each column of a result
// costs the driver more than the text does.
const selectRecord = `
SELECT fingerprint, header, body, token || ' ' || attempt || ' ' || since || ' ' || lease_until || ' ' ||
	expires_at || ' ' || status || ' ' || event || ' ' || boot || ' ' || state
FROM cnerium_records
WHERE scope = ? AND operation = ? AND key = ?`

// selectPresent finds out without the row whether there is one.
const selectPresent = `SELECT 1 FROM cnerium_records WHERE scope = ? AND operation = ? AND key = ?`

// findNewRecord is findRecord for a key that is new as a rule: that there is no
// row costs less to find out than what is in it.
func findNewRecord(q queries, id cnerium.ID) (*record, error) {
	var present int
	err := q.row(selectPresent, []any{id.Scope, id.Operation, id.Key}, &present)
	if errors.Is(err, sql.ErrNoRows) {
		return &record{id: id}, nil
	}
	if err != nil {
		return nil, err
	}
	return findRecord(q, id)
}

// findRecord returns the row, or a record without a state.
func findRecord(q queries, id cnerium.ID) (*record, error) {
	r := &record{id: id}
	var numbers string
	err := q.row(selectRecord, []any{id.Scope, id.Operation, id.Key}, &r.fingerprint, &r.header, &r.body, &numbers)
	if errors.Is(err, sql.ErrNoRows) {
		return r, nil
	}
	if err == nil {
		err = r.parse(numbers)
	}
	if err == nil && len(r.fingerprint) != len(cnerium.Fingerprint{}) {
		err = errRecord
	}
	return r, err
}

var errRecord = errors.New("stored record is damaged")

// parse takes the record's numbers and its state from the text.
func (r *record) parse(text string) error {
	var numbers [8]int64
	for i := range numbers {
		var digits string
		var err error
		digits, text, _ = strings.Cut(text, " ")
		if numbers[i], err = strconv.ParseInt(digits, 10, 64); err != nil {
			return errors.Join(errRecord, err)
		}
	}
	r.token, r.attempt, r.since, r.leaseUntil = numbers[0], int(numbers[1]), numbers[2], numbers[3]
	r.expiresAt, r.status, r.event, r.boot = numbers[4], int(numbers[5]), numbers[6], numbers[7]
	r.state = text
	return nil
}

// reserveAbsent reserves a record that is absent at the time of since.
const reserveAbsent = `
INSERT INTO cnerium_records (scope, operation, key, fingerprint, token, attempt, since, lease_until, boot, state)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 'reserved')
ON CONFLICT (scope, operation, key) DO UPDATE SET
	fingerprint = excluded.fingerprint,
	state       = excluded.state,
	token       = excluded.token,
	attempt     = excluded.attempt,
	since       = excluded.since,
	lease_until = excluded.lease_until,
	boot        = excluded.boot,
	expires_at  = 0,
	status      = 0,
	header      = NULL,
	body        = NULL,
	event       = 0
WHERE cnerium_records.state = 'committed' AND cnerium_records.expires_at <= excluded.since`

// reserveAgain reserves a record that is unknown.
const reserveAgain = `
UPDATE cnerium_records SET fingerprint = ?, token = ?, attempt = ?, since = ?, lease_until = ?, boot = ?
WHERE scope = ? AND operation = ? AND key = ?`

// reserveRecord gives the record to the claim if it may have it. Without a
// token, it has no lease yet.
func reserveRecord(q queries, claim cnerium.Claim, token, boot, now int64) (*record, bool, error) {
	if !anonymous(claim) {
		r := &record{id: claim.ID}
		r.grant(claim, boot, now)
		r.token = token
		result, err := q.exec(reserveAbsent, r.id.Scope, r.id.Operation, r.id.Key,
			r.fingerprint, r.token, r.attempt, r.since, r.leaseUntil, r.boot)
		if err != nil {
			return nil, false, err
		}
		if n, err := result.RowsAffected(); n > 0 || err != nil {
			return r, true, err
		}
	}
	r, err := findRecord(q, claim.ID)
	if err != nil || !r.grant(claim, boot, now) {
		return r, false, err
	}
	r.token = token
	_, err = q.exec(reserveAgain, r.fingerprint, r.token, r.attempt, r.since, r.leaseUntil, r.boot,
		r.id.Scope, r.id.Operation, r.id.Key)
	return r, true, err
}

const insertCommitted = `
INSERT INTO cnerium_records
	(scope, operation, key, fingerprint, token, attempt, since, expires_at, status, header, body, event, boot, state)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'committed')
ON CONFLICT (scope, operation, key) DO UPDATE SET
	fingerprint = excluded.fingerprint,
	state       = excluded.state,
	token       = excluded.token,
	attempt     = excluded.attempt,
	since       = excluded.since,
	lease_until = 0,
	expires_at  = excluded.expires_at,
	status      = excluded.status,
	header      = excluded.header,
	body        = excluded.body,
	event       = excluded.event,
	boot        = excluded.boot`

// newCommitted returns what the outcome makes of a record.
func newCommitted(id cnerium.ID, token int64, outcome cnerium.Outcome) *record {
	return &record{
		id:     id,
		state:  "committed",
		token:  token,
		status: outcome.Response.Status,
		header: []byte(outcome.Response.Header),
		body:   []byte(outcome.Response.Body),
	}
}

// insert stores a committed record that was never reserved for others to see,
// and its events.
func (r *record) insert(q queries, events []cnerium.Event) (err error) {
	if r.event, err = addEvents(q, events, r.since); err != nil {
		return err
	}
	_, err = q.exec(insertCommitted, r.id.Scope, r.id.Operation, r.id.Key, r.fingerprint,
		r.token, r.attempt, r.since, r.expiresAt, r.status, r.header, r.body, r.event, r.boot)
	return err
}

const renewRecord = `
UPDATE cnerium_records SET lease_until = ?
WHERE scope = ? AND operation = ? AND key = ? AND token = ? AND state = 'reserved' AND lease_until > ?`

// commitRecord comes before the events of the commit, so that a lease that is
// lost has changed nothing: their offsets have no gaps, and so the last is
// known before.
const commitRecord = `
UPDATE cnerium_records
SET state = 'committed', since = ?, lease_until = 0, expires_at = ?, status = ?, header = ?, body = ?, event = 0
WHERE scope = ? AND operation = ? AND key = ? AND token = ? AND state = 'reserved'`

const commitRecordWithEvents = `
UPDATE cnerium_records
SET state = 'committed', since = ?, lease_until = 0, expires_at = ?, status = ?, header = ?, body = ?,
	event = ? + coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'cnerium_events'), 0)
WHERE scope = ? AND operation = ? AND key = ? AND token = ? AND state = 'reserved'`

const releaseRecord = `
DELETE FROM cnerium_records
WHERE scope = ? AND operation = ? AND key = ? AND token = ? AND state = 'reserved'`

// commit stores a record that its token still holds, and its events.
func (r *record) commit(q queries, events []cnerium.Event) (err error) {
	query := commitRecord
	args := []any{r.since, r.expiresAt, r.status, r.header, r.body}
	if n := len(events); n > 0 {
		query, args = commitRecordWithEvents, append(args, n)
	}
	if err := settle(q, query, append(args, r.id.Scope, r.id.Operation, r.id.Key, r.token)...); err != nil {
		return err
	}
	r.event, err = addEvents(q, events, r.since)
	return err
}

// settle runs one of the three changes that need the lease.
func settle(q queries, query string, args ...any) error {
	result, err := q.exec(query, args...)
	if err != nil {
		return err
	}
	switch n, err := result.RowsAffected(); {
	case err != nil:
		return err
	case n == 0:
		return cnerium.ErrLeaseLost
	}
	return nil
}
