package pgstore

import (
	cnerium "github.com/cnerium/cnerium-go/runtime"
)

// kind tells operations apart by what they can share: those of one kind go
// together in one statement.
type kind int

const (
	kindAlone    kind = iota // has a statement for itself
	kindReserve              // a claim of a record that is free
	kindTakeover             // such a claim, or one of an unknown record
	kindCommit               // an outcome without events
	kindEvents               // an outcome with events
)

// operation is a change of one record. What it has found is written each time
// that it is sent.
type operation struct {
	id    cnerium.ID
	kind  kind
	token int64
	size  int // about what is sent, in bytes

	fingerprint []byte // of a claim
	lease       int64  // of a claim, in milliseconds

	retention int64 // of an outcome, in milliseconds
	status    int64
	header    []byte
	body      []byte
	events    []cnerium.Event

	// Of an operation that goes alone: what it is, and the parameters behind
	// the record's names and the token.
	query string
	args  []any

	found found
}

// found is what an operation has come to.
type found struct {
	done        bool // it was granted, or the lease held the record
	now         int64
	attempt     int64  // of a claim
	fingerprint []byte // of a claim
	event       place  // of an outcome
}

// emits reports whether the operation takes a ticket.
func (op *operation) emits() bool { return op.kind == kindEvents }

// claims reports whether the operation is a claim.
func (op *operation) claims() bool { return op.lease > 0 }

// statement returns what does the operation on its own.
func (s *Store) statement(op *operation) (query string, args []any) {
	args = append(names(op.id), op.token)
	switch op.kind {
	case kindReserve, kindTakeover:
		return s.sql.reserve, append(args, op.fingerprint, op.lease, s.now(), op.kind == kindTakeover)
	case kindCommit:
		return s.sql.commit, append(args, s.now(), op.retention, op.status, op.header, op.body)
	case kindEvents:
		return s.together([]*operation{op})
	}
	return op.query, append(args, op.args...)
}

// together returns what does operations of one kind at once, of which no two
// are of one record.
func (s *Store) together(ops []*operation) (query string, args []any) {
	args = []any{
		column(ops, func(op *operation) []byte { return []byte(op.id.Scope) }),
		column(ops, func(op *operation) []byte { return []byte(op.id.Operation) }),
		column(ops, func(op *operation) []byte { return []byte(op.id.Key) }),
		column(ops, func(op *operation) int64 { return op.token }),
	}
	switch ops[0].kind {
	case kindReserve, kindTakeover:
		return s.sql.reserveMany, append(args,
			column(ops, func(op *operation) []byte { return op.fingerprint }),
			column(ops, func(op *operation) int64 { return op.lease }),
			s.now(), ops[0].kind == kindTakeover)
	}
	args = append(args, s.now(),
		column(ops, func(op *operation) int64 { return op.retention }),
		column(ops, func(op *operation) int64 { return op.status }),
		column(ops, func(op *operation) []byte { return op.header }),
		column(ops, func(op *operation) []byte { return op.body }))
	if ops[0].kind == kindCommit {
		return s.sql.commitMany, args
	}
	return s.sql.commitEvents, append(args, s.emitting(ops)...)
}

// column is one thing of each operation, for an array of the statement.
func column[T any](ops []*operation, of func(op *operation) T) []T {
	values := make([]T, len(ops))
	for i, op := range ops {
		values[i] = of(op)
	}
	return values
}

// emitting returns the last parameters of commitEvents: the horizon, up to
// which of all events those of each operation go, and the events.
func (s *Store) emitting(ops []*operation) []any {
	var events []cnerium.Event
	var owners []int64
	ends := make([]int64, len(ops))
	for i, op := range ops {
		events = append(events, op.events...)
		ends[i] = int64(len(events))
		for range op.events {
			owners = append(owners, int64(i+1))
		}
	}
	return append([]any{s.horizon.Load(), ends, owners}, columns(events)...)
}

// columns are the events as arrays.
func columns(events []cnerium.Event) []any {
	emitted := make([]int64, len(events))
	var texts [5][][]byte
	for i := range texts {
		texts[i] = make([][]byte, len(events))
	}
	for i, e := range events {
		emitted[i] = e.Time.UnixMilli()
		for c, text := range []string{e.Operation, e.Room, e.Type, e.Subject} {
			texts[c][i] = []byte(text)
		}
		texts[4][i] = e.Data
	}
	return []any{emitted, texts[0], texts[1], texts[2], texts[3], texts[4]}
}

// scanFound takes in what has come of the operations of a statement. Those
// without a row were not done.
func scanFound(rows answer, ops []*operation) error {
	for _, op := range ops {
		op.found = found{}
	}
	for rows.Next() {
		var which int64
		f := found{done: true}
		if err := rows.Scan(&which, &f.now, &f.attempt, &f.fingerprint, &f.event.ticket, &f.event.n); err != nil {
			return err
		}
		op := asked(ops, which)
		if op == nil {
			return errAnswer
		}
		op.found = f
	}
	return rows.Err()
}

// asked returns the operation that a row is about: a claim has its token,
// everything else its number.
func asked(ops []*operation, which int64) *operation {
	if ops[0].claims() {
		for _, op := range ops {
			if op.token == which {
				return op
			}
		}
		return nil
	}
	if which < 1 || which > int64(len(ops)) {
		return nil
	}
	return ops[which-1]
}

// record returns what a claim that was granted has made of its record.
func (op *operation) record() *record {
	return &record{
		id: op.id, fingerprint: op.found.fingerprint, token: op.token, attempt: op.found.attempt,
		now: op.found.now, since: op.found.now, dueAt: op.found.now + op.lease,
	}
}
