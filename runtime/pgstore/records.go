package pgstore

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	cnerium "github.com/cnerium/cnerium-go/runtime"
)

// Lookup returns the record as it is now. See [cnerium.Records].
func (s *Store) Lookup(ctx context.Context, id cnerium.ID) (found cnerium.Record, err error) {
	err = s.call(ctx, "look up", func(ctx context.Context) error {
		r, err := s.find(ctx, id)
		if err == nil {
			found = s.view(r)
		}
		return err
	})
	if err != nil {
		return cnerium.Record{}, err
	}
	return found, nil
}

// find returns the row, or a record without a state.
func (s *Store) find(ctx context.Context, id cnerium.ID) (r *record, err error) {
	err = s.using(ctx, func(conn *pgx.Conn) (err error) {
		r, err = s.read(ctx, conn, id)
		return err
	})
	return r, err
}

func (s *Store) read(ctx context.Context, conn *pgx.Conn, id cnerium.ID) (*record, error) {
	r := &record{id: id}
	var x exchange
	x.add(r.scan, s.sql.lookup, append(names(id), s.now())...)
	_, _, err := x.send(ctx, conn)
	return r, err
}

// names are the first three parameters of each statement about a record.
func names(id cnerium.ID) []any {
	return []any{[]byte(id.Scope), []byte(id.Operation), []byte(id.Key)}
}

// newToken returns a fencing token. It is random, so that no other claim has
// it and a claim whose answer was lost can be told from others.
func newToken() int64 {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails
	return int64(binary.BigEndian.Uint64(b[:])>>1) | 1
}

// Reserve grants the claim when the record is free for it. See
// [cnerium.Records].
func (s *Store) Reserve(ctx context.Context, claim cnerium.Claim) (cnerium.Record, *cnerium.Lease, error) {
	end, err := s.begin(ctx)
	if err != nil {
		return cnerium.Record{}, nil, describe("reserve", err)
	}
	defer end()
	if claim.Lease <= 0 {
		return cnerium.Record{}, nil, describe("reserve", errLease)
	}
	r, lease, err := s.reserve(ctx, claim)
	if err != nil {
		return cnerium.Record{}, nil, describe("reserve", err)
	}
	s.meet(claim.ID, acquaintance)
	return s.view(r), lease, nil
}

// reserve claims until the record says why not: what was in the way may be
// gone when it is looked at.
func (s *Store) reserve(ctx context.Context, claim cnerium.Claim) (*record, *cnerium.Lease, error) {
	op := s.claiming(claim, newToken())
	for {
		err := s.persist(ctx, func(ctx context.Context) error { return s.group.run(ctx, op) })
		if err != nil {
			return nil, nil, err
		}
		if op.found.done {
			r := op.record()
			return r, r.lease(), nil
		}
		var r *record
		err = s.persist(ctx, func(ctx context.Context) (err error) {
			r, err = s.find(ctx, claim.ID)
			return err
		})
		switch {
		case err != nil:
			return nil, nil, err
		// A claim whose answer was lost was granted all the same.
		case r.token == op.token && !r.committed:
			return r, r.lease(), nil
		case !r.grants(claim):
			return r, nil, nil
		case ctx.Err() != nil:
			return nil, nil, ctx.Err()
		}
	}
}

func (s *Store) claiming(claim cnerium.Claim, token int64) *operation {
	op := &operation{id: claim.ID, token: token, lease: milliseconds(claim.Lease), size: len(claim.ID.Scope) + 500}
	switch {
	case anonymous(claim):
		op.query, op.args = s.sql.takeOver, []any{op.lease, s.now()}
		return op
	case claim.Takeover:
		op.kind = kindTakeover
	default:
		op.kind = kindReserve
	}
	op.fingerprint = slices.Clone(claim.Fingerprint[:])
	return op
}

// Renew lets the lease last for d from now. See [cnerium.Records].
func (s *Store) Renew(ctx context.Context, lease *cnerium.Lease, d time.Duration) error {
	_, err := s.settle(ctx, "renew", lease, func() *operation {
		return &operation{query: s.sql.renew, args: []any{max(0, milliseconds(d)), s.now()}}
	}, nil)
	return err
}

// Commit stores the outcome and returns the cursor of its last event, or of a
// place before it when other commits were under way. See [cnerium.Records].
func (s *Store) Commit(ctx context.Context, lease *cnerium.Lease, outcome cnerium.Outcome) (string, error) {
	if err := checkOutcome(outcome); err != nil {
		return "", describe("commit", err)
	}
	outcome = owned(outcome)
	found, err := s.settle(ctx, "commit", lease, func() *operation { return committing(outcome) }, s.isCommitted)
	if err != nil {
		return "", err
	}
	s.meet(lease.ID, milliseconds(outcome.Retention))
	return s.eventCursor(found.event), nil
}

// Release makes the record absent again. See [cnerium.Records].
func (s *Store) Release(ctx context.Context, lease *cnerium.Lease) error {
	_, err := s.settle(ctx, "release", lease, func() *operation {
		return &operation{query: s.sql.release}
	}, s.isReleased)
	return err
}

// settle makes one of the three changes that need a lease. When the answer to
// an earlier attempt was lost and the lease no longer holds the record, done
// tells whether it was that attempt that has settled it.
func (s *Store) settle(
	ctx context.Context, what string, lease *cnerium.Lease, operationOf func() *operation,
	done func(ctx context.Context, lease cnerium.Lease, lost error) (found, error),
) (found, error) {
	end, err := s.begin(ctx)
	if err != nil {
		return found{}, describe(what, err)
	}
	defer end()
	op := operationOf()
	op.id, op.token = lease.ID, lease.Token // the caller's may change while another goroutine sends it
	mine := *lease
	var lost error
	err = s.persist(ctx, func(ctx context.Context) error {
		err := s.group.run(ctx, op)
		if isLost(err) {
			lost = err
		}
		return err
	})
	if err != nil {
		return found{}, describe(what, err)
	}
	got := op.found
	if !got.done {
		err = cnerium.ErrLeaseLost
		if lost != nil && done != nil {
			got, err = done(ctx, mine, lost)
		}
	}
	if err != nil {
		return found{}, describe(what, err)
	}
	return got, nil
}

// isCommitted returns what a commit has done whose answer was lost.
func (s *Store) isCommitted(ctx context.Context, lease cnerium.Lease, _ error) (found, error) {
	var f found
	err := s.persist(ctx, func(ctx context.Context) error {
		return s.using(ctx, func(conn *pgx.Conn) error {
			rows, err := conn.Query(ctx, s.sql.settled, append(names(lease.ID), lease.Token)...)
			if err != nil {
				return err
			}
			defer rows.Close()
			var committed bool
			_, err = first(rows, &committed, &f.now, &f.event.ticket, &f.event.n)
			f.done = committed
			return err
		})
	})
	if err == nil && !f.done {
		err = cnerium.ErrLeaseLost
	}
	return f, err
}

// isReleased returns the error of the connection: a record that is gone does
// not say who has removed it.
func (s *Store) isReleased(_ context.Context, _ cnerium.Lease, lost error) (found, error) {
	return found{}, fmt.Errorf("the record is no longer held, and it is not known by whom it was released: %w", lost)
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

// owned returns an outcome that shares no memory with the caller's, who may
// leave while it is on its way.
func owned(o cnerium.Outcome) cnerium.Outcome {
	o.Events = slices.Clone(o.Events)
	for i := range o.Events {
		o.Events[i].Data = slices.Clone(o.Events[i].Data)
	}
	return o
}

// committing returns the operation that stores an outcome.
func committing(o cnerium.Outcome) *operation {
	op := &operation{
		kind:      kindCommit,
		retention: milliseconds(o.Retention),
		status:    int64(o.Response.Status),
		header:    []byte(o.Response.Header),
		body:      []byte(o.Response.Body),
		events:    o.Events,
		size:      len(o.Response.Body) + 1000,
	}
	if len(o.Events) > 0 {
		op.kind = kindEvents
	}
	for _, e := range o.Events {
		op.size += len(e.Data) + 200
	}
	return op
}
