package sqlitestore

import (
	"context"
	"database/sql"
	"errors"
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
func (r *record) at(now int64, cursor func(offset int64) string) (cnerium.Record, error) {
	view := cnerium.Record{ID: r.id, State: r.stateAt(now)}
	if view.State == cnerium.StateAbsent {
		return view, nil
	}
	copy(view.Fingerprint[:], r.fingerprint)
	view.Attempt = r.attempt
	view.Since = time.UnixMilli(r.since).UTC()
	switch view.State {
	case cnerium.StateUnknown:
		view.Since = time.UnixMilli(r.leaseUntil).UTC()
	case cnerium.StateCommitted:
		header, err := decodeHeader(r.header)
		if err != nil {
			return cnerium.Record{}, err
		}
		view.Response = &cnerium.Response{Status: r.status, Header: header, Body: r.body}
		view.Cursor = cursor(r.event)
	}
	return view, nil
}

const selectRecord = `
SELECT fingerprint, state, token, attempt, since, lease_until, expires_at, status, header, body, event, boot
FROM cnerium_records
WHERE scope = ? AND operation = ? AND key = ?`

// findRecord returns the row, or a record without a state.
func findRecord(ctx context.Context, q *statements, id cnerium.ID) (*record, error) {
	r := &record{id: id}
	err := q.row(ctx, selectRecord, []any{id.Scope, id.Operation, id.Key},
		&r.fingerprint, &r.state, &r.token, &r.attempt, &r.since, &r.leaseUntil, &r.expiresAt,
		&r.status, &r.header, &r.body, &r.event, &r.boot)
	if errors.Is(err, sql.ErrNoRows) {
		return &record{id: id}, nil
	}
	return r, err
}

const nextToken = `UPDATE cnerium_meta SET token = token + 1 RETURNING token`

const upsertRecord = `
INSERT INTO cnerium_records (scope, operation, key, fingerprint, state, token, attempt, since, lease_until, boot)
VALUES (?, ?, ?, ?, 'reserved', ?, ?, ?, ?, ?)
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
	event       = 0`

// claimRecord gives the record a new token and stores it as reserved, in the
// place of what there was.
func claimRecord(ctx context.Context, q *statements, r *record) error {
	if err := q.row(ctx, nextToken, nil, &r.token); err != nil {
		return err
	}
	_, err := q.exec(ctx, upsertRecord, r.id.Scope, r.id.Operation, r.id.Key,
		r.fingerprint, r.token, r.attempt, r.since, r.leaseUntil, r.boot)
	return err
}

const renewRecord = `
UPDATE cnerium_records SET lease_until = ?
WHERE scope = ? AND operation = ? AND key = ? AND token = ? AND state = 'reserved' AND lease_until > ?`

const commitRecord = `
UPDATE cnerium_records
SET state = 'committed', since = ?, lease_until = 0, expires_at = ?, status = ?, header = ?, body = ?, event = ?
WHERE scope = ? AND operation = ? AND key = ? AND token = ? AND state = 'reserved'`

const releaseRecord = `
DELETE FROM cnerium_records
WHERE scope = ? AND operation = ? AND key = ? AND token = ? AND state = 'reserved'`

// settle runs one of the three changes that need the lease.
func settle(ctx context.Context, q *statements, query string, args ...any) error {
	result, err := q.exec(ctx, query, args...)
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
