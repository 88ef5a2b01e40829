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
			var x exchange // its only statement commits itself
			s.queueStatement(&x, ops)
			_, _, err := x.send(ctx, conn)
			return err
		}
		return transact(ctx, conn, s.sql.beginRead, func(x *exchange) {
			if len(ops) > 1 {
				x.add(nil, s.sql.settings, strconv.FormatInt(flushWait.Milliseconds(), 10))
			}
			if emits {
				s.queueTicket(x, ops)
			}
			s.queue(x, ops)
		})
	})
	if emits && err == nil {
		s.notifier.wake()
	}
	return err
}

// queue adds statements for the operations: one for all of a kind.
func (s *Store) queue(x *exchange, ops []*operation) {
	var kinds [kindEvents + 1][]*operation
	for _, op := range ops {
		kinds[op.kind] = append(kinds[op.kind], op)
	}
	for _, op := range kinds[kindAlone] {
		s.queueStatement(x, []*operation{op})
	}
	for _, of := range kinds[kindAlone+1:] {
		if len(of) > 0 {
			s.queueStatement(x, of)
		}
	}
}

func (s *Store) queueStatement(x *exchange, ops []*operation) {
	query, args := s.statement(ops[0])
	if len(ops) > 1 {
		query, args = s.together(ops)
	}
	x.add(func(rows answer) error { return scanFound(rows, ops) }, query, args...)
}

// queueTicket takes what is to be held for a ticket. In the portable order that
// is a lock that all share. Who takes it and then waits for a record could wait
// for a handler that has the record and wants the lock; so the record comes
// first, or, with several of them, the wait is short.
func (s *Store) queueTicket(x *exchange, ops []*operation) {
	if s.opts.Portable && len(ops) == 1 {
		x.add(nil, s.sql.lockRecord, names(ops[0].id)...)
	}
	x.add(nil, s.sql.lockTicket)
}
