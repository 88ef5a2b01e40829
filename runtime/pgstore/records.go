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
			found, err = s.view(r)
		}
		return err
	})
	if err != nil {
		return cnerium.Record{}, err
	}
	return found, nil
}

// find returns the row, or a record without a state.
func (s *Store) find(ctx context.Context, id cnerium.ID) (*record, error) {
	r := &record{id: id}
	err := s.using(ctx, func(conn *pgx.Conn) error {
		rows, err := conn.Query(ctx, s.sql.lookup, append(names(id), s.now())...)
		if err != nil {
			return err
		}
		defer rows.Close()
		if _, err := r.scan(rows); err != nil {
			return err
		}
		rows.Close()
		return rows.Err()
	})
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
	found, err := s.view(r)
	if err != nil {
		return cnerium.Record{}, nil, describe("reserve", err)
	}
	return found, lease, nil
}

// reserve claims until the record says why not: what was in the way may be
// gone when it is looked at.
func (s *Store) reserve(ctx context.Context, claim cnerium.Claim) (*record, *cnerium.Lease, error) {
	token := newToken()
	for {
		var r *record
		granted := false
		op := s.claiming(claim, token, func(rows pgx.Rows) (err error) {
			r = &record{id: claim.ID}
			granted, err = r.scan(rows)
			return err
		})
		err := s.persist(ctx, func(ctx context.Context) error { return s.group.run(ctx, op) })
		if err == nil && !granted {
			err = s.persist(ctx, func(ctx context.Context) (err error) {
				r, err = s.find(ctx, claim.ID)
				return err
			})
		}
		switch {
		case err != nil:
			return nil, nil, err
		// A claim whose answer was lost was granted all the same.
		case granted, r.token == token && !r.committed:
			return r, &cnerium.Lease{ID: claim.ID, Token: token, Attempt: int(r.attempt)}, nil
		case !r.grants(claim):
			return r, nil, nil
		case ctx.Err() != nil:
			return nil, nil, ctx.Err()
		}
	}
}

func (s *Store) claiming(claim cnerium.Claim, token int64, read func(rows pgx.Rows) error) *operation {
	op := &operation{id: claim.ID, size: len(claim.ID.Scope) + 500, read: read}
	lease := milliseconds(claim.Lease)
	if anonymous(claim) {
		op.query, op.args = s.sql.takeOver, append(names(claim.ID), token, lease, s.now())
		return op
	}
	op.query = s.sql.reserve
	op.args = append(names(claim.ID), slices.Clone(claim.Fingerprint[:]), token, lease, s.now(), claim.Takeover)
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
	found, err := s.settle(ctx, "commit", lease, func() *operation { return s.committing(outcome) }, s.isCommitted)
	if err != nil {
		return "", err
	}
	return s.eventCursor(found.event), nil
}

// Release makes the record absent again. See [cnerium.Records].
func (s *Store) Release(ctx context.Context, lease *cnerium.Lease) error {
	_, err := s.settle(ctx, "release", lease, func() *operation {
		return &operation{query: s.sql.release}
	}, s.isReleased)
	return err
}

// settled is what a change that needs a lease has done.
type settled struct {
	done  bool
	now   int64
	event place
}

// settle makes one of the three changes that need a lease. When the answer to
// an earlier attempt was lost and the lease no longer holds the record, done
// tells whether it was that attempt that has settled it.
func (s *Store) settle(
	ctx context.Context, what string, lease *cnerium.Lease, operationOf func() *operation,
	done func(ctx context.Context, lease cnerium.Lease, lost error) (settled, error),
) (settled, error) {
	end, err := s.begin(ctx)
	if err != nil {
		return settled{}, describe(what, err)
	}
	defer end()
	mine := *lease // the caller's may change while another goroutine sends this one
	var found settled
	var lost error
	err = s.persist(ctx, func(ctx context.Context) error {
		op := operationOf()
		op.id = mine.ID
		op.args = append(append(names(mine.ID), mine.Token), op.args...)
		op.read = func(rows pgx.Rows) (err error) {
			found = settled{}
			found.done, err = first(rows, &found.now, &found.event.ticket, &found.event.n)
			return err
		}
		err := s.group.run(ctx, op)
		if isLost(err) {
			lost = err
		}
		return err
	})
	if err == nil && !found.done {
		err = cnerium.ErrLeaseLost
		if lost != nil && done != nil {
			found, err = done(ctx, mine, lost)
		}
	}
	if err != nil {
		return settled{}, describe(what, err)
	}
	return found, nil
}

// isCommitted returns what a commit has done whose answer was lost.
func (s *Store) isCommitted(ctx context.Context, lease cnerium.Lease, _ error) (settled, error) {
	var found settled
	err := s.persist(ctx, func(ctx context.Context) error {
		return s.using(ctx, func(conn *pgx.Conn) error {
			rows, err := conn.Query(ctx, s.sql.settled, append(names(lease.ID), lease.Token)...)
			if err != nil {
				return err
			}
			defer rows.Close()
			var committed bool
			_, err = first(rows, &committed, &found.now, &found.event.ticket, &found.event.n)
			found.done = committed
			return err
		})
	})
	if err == nil && !found.done {
		err = cnerium.ErrLeaseLost
	}
	return found, err
}

// isReleased returns the error of the connection: a record that is gone does
// not say who has removed it.
func (s *Store) isReleased(_ context.Context, _ cnerium.Lease, lost error) (settled, error) {
	return settled{}, fmt.Errorf("the record is no longer held, and it is not known by whom it was released: %w", lost)
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

// owned returns an outcome that shares no memory with the caller's, who may
// leave while it is on its way.
func owned(o cnerium.Outcome) cnerium.Outcome {
	o.Response = o.Response.Clone()
	o.Events = slices.Clone(o.Events)
	for i := range o.Events {
		o.Events[i].Data = slices.Clone(o.Events[i].Data)
	}
	return o
}

// committing returns the statement that stores an outcome, without the
// parameters that name the lease.
func (s *Store) committing(o cnerium.Outcome) *operation {
	response := o.Response
	op := &operation{
		query: s.sql.commit,
		args: []any{
			s.now(), milliseconds(o.Retention), int64(response.Status), encodeHeader(response.Header), response.Body,
		},
		size: len(response.Body) + 1000,
	}
	if len(o.Events) == 0 {
		return op
	}
	n := len(o.Events)
	emitted := make([]int64, n)
	var columns [5][][]byte
	for i := range columns {
		columns[i] = make([][]byte, n)
	}
	for i, e := range o.Events {
		emitted[i] = e.Time.UnixMilli()
		for c, text := range []string{e.Operation, e.Room, e.Type, e.Subject} {
			columns[c][i] = []byte(text)
		}
		columns[4][i] = e.Data
		op.size += len(e.Data) + 200
	}
	op.emits, op.query = true, s.sql.commitEvents
	op.args = append(op.args, s.horizon.Load(), emitted, columns[0], columns[1], columns[2], columns[3], columns[4])
	return op
}
