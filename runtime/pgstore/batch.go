package pgstore

import (
	"context"
	"errors"
	"slices"
	"strconv"

	"github.com/jackc/pgx/v5"
)

var errAnswer = errors.New("the server has answered for a record that was not asked for")

// send executes the operations, of which no two are of one record, as one
// transaction.
func (s *Store) send(ctx context.Context, ops []*operation) error {
	emits := slices.ContainsFunc(ops, (*operation).emits)
	err := s.using(ctx, func(conn *pgx.Conn) error {
		if len(ops) == 1 && !emits {
			return s.sendOne(ctx, conn, ops[0])
		}
		return transact(ctx, conn, s.sql.beginRead, func(b *pgx.Batch) {
			if len(ops) > 1 {
				b.Queue(s.sql.settings, strconv.FormatInt(flushWait.Milliseconds(), 10))
			}
			if emits {
				s.queueTicket(b, ops)
			}
			s.queue(b, ops)
		})
	})
	if emits && err == nil {
		s.notifier.wake()
	}
	return err
}

// sendOne executes an operation as a statement that commits itself.
func (s *Store) sendOne(ctx context.Context, conn *pgx.Conn, op *operation) error {
	query, args := s.statement(op)
	rows, err := conn.Query(ctx, query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	return scanFound(rows, []*operation{op})
}

// queue adds statements for the operations: one for all of a kind.
func (s *Store) queue(b *pgx.Batch, ops []*operation) {
	var kinds [kindEvents + 1][]*operation
	for _, op := range ops {
		kinds[op.kind] = append(kinds[op.kind], op)
	}
	for _, op := range kinds[kindAlone] {
		s.queueStatement(b, []*operation{op})
	}
	for _, of := range kinds[kindAlone+1:] {
		if len(of) > 0 {
			s.queueStatement(b, of)
		}
	}
}

func (s *Store) queueStatement(b *pgx.Batch, ops []*operation) {
	query, args := s.statement(ops[0])
	if len(ops) > 1 {
		query, args = s.together(ops)
	}
	b.Queue(query, args...).Query(func(rows pgx.Rows) error { return scanFound(rows, ops) })
}

// queueTicket takes what is to be held for a ticket. In the portable order that
// is a lock that all share. Who takes it and then waits for a record could wait
// for a handler that has the record and wants the lock; so the record comes
// first, or, with several of them, the wait is short.
func (s *Store) queueTicket(b *pgx.Batch, ops []*operation) {
	if s.opts.Portable && len(ops) == 1 {
		b.Queue(s.sql.lockRecord, names(ops[0].id)...)
	}
	b.Queue(s.sql.lockTicket)
}
