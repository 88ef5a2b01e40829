package sqlitestore

import (
	"bytes"
	"context"
	"errors"
	"time"

	cnerium "github.com/cnerium/cnerium-go/runtime"
)

var (
	errLease     = errors.New("the lease of a claim must be positive")
	errRetention = errors.New("the retention of an outcome must be positive")
	errResponse  = errors.New("an outcome must have a response")
)

// Lookup returns the record as it is now. See [cnerium.Records].
func (s *Store) Lookup(ctx context.Context, id cnerium.ID) (cnerium.Record, error) {
	found, r, err := s.lookup(ctx, id)
	if err != nil {
		return cnerium.Record{}, err
	}
	again, err := s.bury(ctx, r, found.State)
	if again && err == nil {
		found, _, err = s.lookup(ctx, id)
	}
	if err != nil {
		return cnerium.Record{}, err
	}
	return found, nil
}

func (s *Store) lookup(ctx context.Context, id cnerium.ID) (found cnerium.Record, r *record, err error) {
	err = s.read(ctx, "look up", func(ctx context.Context, q *statements) error {
		if r, err = findRecord(ctx, q, id); err != nil {
			return err
		}
		found, err = r.at(s.now().UnixMilli(), s.eventCursor)
		return err
	})
	return found, r, err
}

// Reserve grants the claim when the record is free for it. See
// [cnerium.Records].
func (s *Store) Reserve(ctx context.Context, claim cnerium.Claim) (cnerium.Record, *cnerium.Lease, error) {
	if claim.Lease <= 0 {
		return cnerium.Record{}, nil, describe("reserve", errLease)
	}
	found, r, granted, err := s.reserve(ctx, claim)
	if err == nil && !granted {
		var again bool
		if again, err = s.bury(ctx, r, found.State); again {
			found, r, granted, err = s.reserve(ctx, claim)
		}
	}
	if err != nil {
		return cnerium.Record{}, nil, err
	}
	if !granted {
		return found, nil, nil
	}
	return found, &cnerium.Lease{ID: r.id, Token: r.token, Attempt: r.attempt}, nil
}

func (s *Store) reserve(ctx context.Context, claim cnerium.Claim) (found cnerium.Record, r *record, granted bool, err error) {
	err = s.write(ctx, "reserve", func(ctx context.Context, q *statements, now int64) error {
		if r, granted, err = reserve(ctx, q, claim, s.boot.id, now); err != nil {
			return err
		}
		found, err = r.at(now, s.eventCursor)
		return err
	})
	return found, r, granted, err
}

// reserve gives the record to the claim if it may have it.
func reserve(ctx context.Context, q *statements, claim cnerium.Claim, boot, now int64) (*record, bool, error) {
	r, err := findRecord(ctx, q, claim.ID)
	if err != nil {
		return nil, false, err
	}
	state := r.stateAt(now)
	if !grants(r, state, claim) {
		return r, false, nil
	}
	if state == cnerium.StateAbsent {
		r = &record{id: claim.ID, fingerprint: claim.Fingerprint[:]}
	}
	r.state = "reserved"
	r.attempt++
	r.since = now
	r.boot = boot
	r.leaseUntil = now + milliseconds(claim.Lease)
	return r, true, claimRecord(ctx, q, r)
}

// grants tells whether the claim gets a record that is in this state.
func grants(r *record, state cnerium.State, claim cnerium.Claim) bool {
	anonymous := claim.Takeover && claim.Fingerprint == cnerium.Fingerprint{}
	switch state {
	case cnerium.StateAbsent:
		return !anonymous
	case cnerium.StateUnknown:
		return claim.Takeover && (anonymous || bytes.Equal(claim.Fingerprint[:], r.fingerprint))
	}
	return false
}

// Renew lets the lease last for d from now. See [cnerium.Records].
func (s *Store) Renew(ctx context.Context, lease *cnerium.Lease, d time.Duration) error {
	return s.writeUrgently(ctx, "renew", func(ctx context.Context, q *statements, now int64) error {
		return settle(ctx, q, renewRecord, now+max(0, milliseconds(d)),
			lease.ID.Scope, lease.ID.Operation, lease.ID.Key, lease.Token, now)
	})
}

// Commit stores the outcome and returns the cursor of its last event. See
// [cnerium.Records].
func (s *Store) Commit(ctx context.Context, lease *cnerium.Lease, outcome cnerium.Outcome) (string, error) {
	if err := checkOutcome(outcome); err != nil {
		return "", describe("commit", err)
	}
	var last int64
	err := s.writeUrgently(ctx, "commit", func(ctx context.Context, q *statements, now int64) (err error) {
		last, err = store(ctx, q, lease, outcome, now)
		return err
	})
	if err != nil {
		return "", err
	}
	return s.eventCursor(last), nil
}

func checkOutcome(outcome cnerium.Outcome) error {
	switch {
	case outcome.Response == nil:
		return errResponse
	case outcome.Retention <= 0:
		return errRetention
	}
	return nil
}

// store writes the outcome and returns the offset of its last event, 0 for
// none.
func store(ctx context.Context, q *statements, lease *cnerium.Lease, outcome cnerium.Outcome, now int64) (int64, error) {
	last, err := addEvents(ctx, q, outcome.Events, now)
	if err != nil {
		return 0, err
	}
	return last, settle(ctx, q, commitRecord, now, now+milliseconds(outcome.Retention),
		outcome.Response.Status, encodeHeader(outcome.Response.Header), outcome.Response.Body, last,
		lease.ID.Scope, lease.ID.Operation, lease.ID.Key, lease.Token)
}

// Release makes the record absent again. See [cnerium.Records].
func (s *Store) Release(ctx context.Context, lease *cnerium.Lease) error {
	return s.writeUrgently(ctx, "release", func(ctx context.Context, q *statements, _ int64) error {
		return settle(ctx, q, releaseRecord, lease.ID.Scope, lease.ID.Operation, lease.ID.Key, lease.Token)
	})
}

// milliseconds rounds up, so that what is positive stays positive.
func milliseconds(d time.Duration) int64 {
	ms := d.Milliseconds()
	if d > time.Duration(ms)*time.Millisecond {
		ms++
	}
	return ms
}
