package sqlitestore

import (
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
	if err := s.readable(ctx); err != nil {
		return cnerium.Record{}, describe("look up", err)
	}
	if s.cache != nil {
		if found, ok := s.cache.get(id, s.now().UnixMilli()); ok {
			return found, nil
		}
	}
	found, r, err := s.lookup(ctx, id)
	if err != nil {
		return cnerium.Record{}, err
	}
	again, err := s.bury(ctx, r, found.State)
	if again && err == nil {
		found, r, err = s.lookup(ctx, id)
	}
	if err != nil {
		return cnerium.Record{}, err
	}
	if found.State == cnerium.StateCommitted {
		s.cache.keep(r, found.Cursor)
	}
	return found, nil
}

func (s *Store) lookup(ctx context.Context, id cnerium.ID) (found cnerium.Record, r *record, err error) {
	err = s.read(ctx, "look up", func(q queries) error {
		if r, err = findNewRecord(q, id); err != nil {
			return err
		}
		found = r.at(s.now().UnixMilli(), s.eventCursor)
		return nil
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
	s.meet(r)
	if !granted {
		return found, nil, nil
	}
	s.cache.expect(r)
	return found, &cnerium.Lease{ID: r.id, Token: r.token, Attempt: r.attempt}, nil
}

func (s *Store) reserve(ctx context.Context, claim cnerium.Claim) (found cnerium.Record, r *record, granted bool, err error) {
	err = s.write(ctx, "reserve", func(q queries, now int64) error {
		r, granted, err = reserveRecord(q, claim, s.writer.tokens.next(), s.boot.id, now)
		if err == nil {
			found = r.at(now, s.eventCursor)
		}
		return err
	})
	return found, r, granted, err
}

// Renew lets the lease last for d from now. See [cnerium.Records].
func (s *Store) Renew(ctx context.Context, lease *cnerium.Lease, d time.Duration) error {
	return s.writeUrgently(ctx, "renew", func(q queries, now int64) error {
		return settle(q, renewRecord, now+max(0, milliseconds(d)),
			lease.ID.Scope, lease.ID.Operation, lease.ID.Key, lease.Token, now)
	})
}

// Commit stores the outcome and returns the cursor of its last event. See
// [cnerium.Records].
func (s *Store) Commit(ctx context.Context, lease *cnerium.Lease, outcome cnerium.Outcome) (string, error) {
	if err := checkOutcome(outcome); err != nil {
		return "", describe("commit", err)
	}
	row := newCommitted(lease.ID, lease.Token, outcome)
	err := s.writeUrgently(ctx, "commit", func(q queries, now int64) error {
		row.since, row.expiresAt = now, now+milliseconds(outcome.Retention)
		return row.commit(q, outcome.Events)
	})
	if err != nil {
		return "", err
	}
	s.meet(row)
	cursor := s.eventCursor(row.event)
	s.cache.commit(row, cursor)
	return cursor, nil
}

func checkOutcome(outcome cnerium.Outcome) error {
	switch {
	case outcome.Response.IsZero():
		return errResponse
	case outcome.Retention <= 0:
		return errRetention
	}
	return nil
}

// Release makes the record absent again. See [cnerium.Records].
func (s *Store) Release(ctx context.Context, lease *cnerium.Lease) error {
	return s.writeUrgently(ctx, "release", func(q queries, _ int64) error {
		return settle(q, releaseRecord, lease.ID.Scope, lease.ID.Operation, lease.ID.Key, lease.Token)
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
