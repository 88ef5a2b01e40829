package memstore

import (
	"container/heap"
	"context"
	"errors"
	"slices"
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
	var found cnerium.Record
	err := s.read(ctx, "look up", func(now int64) error {
		found = s.view(s.records.find(id), id, now)
		return nil
	})
	return found, err
}

// Reserve grants the claim when the record is free for it. See
// [cnerium.Records].
func (s *Store) Reserve(ctx context.Context, claim cnerium.Claim) (cnerium.Record, *cnerium.Lease, error) {
	var found cnerium.Record
	var lease *cnerium.Lease
	err := s.write(ctx, "reserve", func(now int64) error {
		if claim.Lease <= 0 {
			return errLease
		}
		r := s.records.find(claim.ID)
		if state := r.state(now); grants(r, state, claim) {
			r, lease = s.claim(r, state, claim, now)
		}
		found = s.view(r, claim.ID, now)
		return nil
	})
	return found, lease, err
}

// claim gives the record, nil or expired if absent, to the claim.
func (s *Store) claim(r *record, state cnerium.State, claim cnerium.Claim, now int64) (*record, *cnerium.Lease) {
	if state == cnerium.StateAbsent {
		s.forget(r)
		r = s.records.add(claim.ID)
		r.fingerprint = claim.Fingerprint
		s.reserved.add(r)
	}
	s.tokens++
	r.token = s.tokens
	r.attempt++
	r.since = now
	r.leaseEnd = now + milliseconds(claim.Lease)
	return r, &cnerium.Lease{ID: claim.ID, Token: r.token, Attempt: r.attempt}
}

// Renew lets the lease last for d from now. See [cnerium.Records].
func (s *Store) Renew(ctx context.Context, lease *cnerium.Lease, d time.Duration) error {
	return s.write(ctx, "renew", func(now int64) error {
		r, err := s.held(lease)
		if err != nil {
			return err
		}
		if r.leaseEnd <= now {
			return cnerium.ErrLeaseLost
		}
		r.leaseEnd = now + max(0, milliseconds(d))
		return nil
	})
}

// Commit stores the outcome and returns the cursor of its last event. See [cnerium.Records].
func (s *Store) Commit(ctx context.Context, lease *cnerium.Lease, outcome cnerium.Outcome) (string, error) {
	cursor := ""
	err := s.write(ctx, "commit", func(now int64) error {
		switch {
		case outcome.Response.IsZero():
			return errResponse
		case outcome.Retention <= 0:
			return errRetention
		}
		r, err := s.held(lease)
		if err != nil {
			return err
		}
		r.answer(outcome.Response)
		r.since = now
		r.expires = now + milliseconds(outcome.Retention)
		if len(outcome.Events) > 0 {
			cursor = s.outbox.add(outcome.Events, now)
			r.event = s.outbox.last()
		}
		s.reserved.remove(r)
		heap.Push(&s.expiry, r)
		return nil
	})
	return cursor, err
}

// Release makes the record absent again. See [cnerium.Records].
func (s *Store) Release(ctx context.Context, lease *cnerium.Lease) error {
	return s.write(ctx, "release", func(int64) error {
		r, err := s.held(lease)
		if err != nil {
			return err
		}
		s.forget(r)
		return nil
	})
}

// held returns the record that the lease's token holds.
func (s *Store) held(lease *cnerium.Lease) (*record, error) {
	r := s.records.find(lease.ID)
	if r == nil || r.status != 0 || r.token != lease.Token {
		return nil, cnerium.ErrLeaseLost
	}
	return r, nil
}

// forget removes the record; nil is none.
func (s *Store) forget(r *record) {
	if r == nil {
		return
	}
	if r.status != 0 {
		heap.Remove(&s.expiry, r.place)
	} else {
		s.reserved.remove(r)
	}
	s.records.remove(r)
}

// Unknown returns up to limit records in StateUnknown, the oldest first. It
// looks at every record that is not committed.
func (s *Store) Unknown(ctx context.Context, limit int) ([]cnerium.Record, error) {
	var found []cnerium.Record
	err := s.read(ctx, "list unknown records", func(now int64) error {
		for _, place := range s.reserved.slots {
			if r := s.records.at(place); r.state(now) == cnerium.StateUnknown {
				found = append(found, s.view(r, r.id(), now))
			}
		}
		return nil
	})
	slices.SortFunc(found, func(a, b cnerium.Record) int { return a.Since.Compare(b.Since) })
	return found[:min(len(found), max(0, limit))], err
}

// Sweep removes what has expired, at most limit records and limit events. See
// [cnerium.Store].
func (s *Store) Sweep(ctx context.Context, limit int) (int, error) {
	removed := 0
	err := s.write(ctx, "sweep", func(now int64) error {
		for removed < limit && s.expiry.Len() > 0 {
			first := s.records.at(s.expiry.queue[0])
			if first.expires > now {
				break
			}
			s.forget(first)
			removed++
		}
		removed += s.outbox.sweep(now, limit)
		return nil
	})
	return removed, err
}
