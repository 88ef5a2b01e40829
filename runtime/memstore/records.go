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
		found = s.records[id].view(id, now)
		return nil
	})
	// Stored responses never change, so they are copied outside the lock.
	found.Response = found.Response.Clone()
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
		r := s.records[claim.ID]
		if state := r.state(now); grants(r, state, claim) {
			r, lease = s.claim(r, state, claim, now)
		}
		found = r.view(claim.ID, now)
		return nil
	})
	found.Response = found.Response.Clone()
	return found, lease, err
}

// claim gives the record, nil or expired if absent, to the claim.
func (s *Store) claim(r *record, state cnerium.State, claim cnerium.Claim, now int64) (*record, *cnerium.Lease) {
	granted := &struct { // one allocation for both
		record record
		lease  cnerium.Lease
	}{}
	if state == cnerium.StateAbsent {
		s.forget(r)
		r = &granted.record
		r.id, r.fingerprint = claim.ID, claim.Fingerprint
		s.records[r.id] = r
		s.reserved[r.id] = r
	}
	s.tokens++
	r.token = s.tokens
	r.attempt++
	r.since = now
	r.leaseEnd = now + milliseconds(claim.Lease)
	granted.lease = cnerium.Lease{ID: r.id, Token: r.token, Attempt: r.attempt}
	return r, &granted.lease
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
	response := outcome.Response.Clone()
	cursor := ""
	err := s.write(ctx, "commit", func(now int64) error {
		switch {
		case response == nil:
			return errResponse
		case outcome.Retention <= 0:
			return errRetention
		}
		r, err := s.held(lease)
		if err != nil {
			return err
		}
		r.response = response
		r.since = now
		r.expires = now + milliseconds(outcome.Retention)
		cursor = s.outbox.add(outcome.Events, now)
		r.cursor = cursor
		delete(s.reserved, r.id)
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
	r := s.reserved[lease.ID]
	if r == nil || r.token != lease.Token {
		return nil, cnerium.ErrLeaseLost
	}
	return r, nil
}

// forget removes the record; nil is none.
func (s *Store) forget(r *record) {
	if r == nil {
		return
	}
	if r.response != nil {
		heap.Remove(&s.expiry, r.queued)
	}
	delete(s.records, r.id)
	delete(s.reserved, r.id)
}

// Unknown returns up to limit records in StateUnknown, the oldest first. It
// looks at every record that is not committed.
func (s *Store) Unknown(ctx context.Context, limit int) ([]cnerium.Record, error) {
	var found []cnerium.Record
	err := s.read(ctx, "list unknown records", func(now int64) error {
		for id, r := range s.reserved {
			if r.state(now) == cnerium.StateUnknown {
				found = append(found, r.view(id, now))
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
		for removed < limit && len(s.expiry) > 0 && s.expiry[0].expires <= now {
			s.forget(s.expiry[0])
			removed++
		}
		removed += s.outbox.sweep(now, limit)
		return nil
	})
	return removed, err
}
