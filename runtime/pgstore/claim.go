package pgstore

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	cnerium "github.com/cnerium/cnerium-go/runtime"
)

// open claims the record in a transaction, which is left open only if the
// claim is granted. When the record is in the hands of another transaction
// for too long, what is found is a reserved record.
func (t *transaction) open(ctx context.Context) (granted bool, err error) {
	for {
		err := t.persist(ctx, func(ctx context.Context) error {
			granted, err = t.take(ctx)
			return err
		})
		switch {
		case code(err) == codeLockTimeout:
			t.found = cnerium.Record{
				ID: t.claim.ID, State: cnerium.StateReserved, Fingerprint: t.claim.Fingerprint,
				Since: t.began.UTC().Truncate(time.Millisecond),
			}
			return false, nil
		case isConflict(err):
			return false, serialization(err)
		case err != nil || granted:
			return granted, err
		}
		// What was in the way may be gone by now.
		if !t.record.grants(t.claim) {
			t.found = t.view(t.record)
			return false, nil
		}
	}
}

// take begins a transaction and claims the record in it. When the claim is not
// granted, nothing is left of the transaction, and the record is what was in
// the way.
func (t *transaction) take(ctx context.Context) (granted bool, err error) {
	conn, err := t.acquire(ctx)
	if err != nil {
		return false, err
	}
	t.token, t.xid, t.record = newToken(), "", nil
	if t.byName {
		granted, err = t.takeName(ctx, conn.Conn())
	} else {
		granted, err = t.takeRow(ctx, conn.Conn(), true)
	}
	err = finding(conn.Conn(), err)
	if err == nil && granted {
		t.handle = newHandle(conn)
		return true, nil
	}
	rollBack(ctx, conn.Conn())
	settleDown(conn.Conn())
	conn.Release()
	if err == nil && t.record == nil {
		t.record, err = t.find(ctx, t.claim.ID)
	}
	return false, err
}

func beginHandler(isolation pgx.TxIsoLevel) string {
	if isolation == "" {
		return "BEGIN"
	}
	return "BEGIN ISOLATION LEVEL " + string(isolation)
}

// patience is how long the record may still be waited for, in milliseconds.
func (t *transaction) patience() string {
	return strconv.FormatInt(max(1, milliseconds(t.claim.Wait-time.Since(t.began))), 10)
}

// takeName claims the record by a lock on its name. Mostly there is no record
// yet, which costs less to find out than to read one.
func (t *transaction) takeName(ctx context.Context, conn *pgx.Conn) (granted bool, err error) {
	exists, err := t.lockName(ctx, conn)
	if err != nil {
		return false, err
	}
	t.record = &record{id: t.claim.ID}
	if exists {
		t.record, err = t.read(ctx, conn, t.claim.ID)
	}
	switch {
	case err != nil || !t.record.grants(t.claim):
		return false, err
	case t.record.attempt > 0: // what is there is to be replaced
		t.xid = ""
		return t.takeRow(ctx, conn, false)
	}
	t.record.fingerprint, t.record.attempt = t.claim.Fingerprint[:], 1
	return true, nil
}

// lockName begins the transaction, locks the name of the record and looks
// whether there is one: in one go when nobody else has the lock.
func (t *transaction) lockName(ctx context.Context, conn *pgx.Conn) (exists bool, err error) {
	name := nameLock(t.opts.Schema, t.claim.ID)
	locked := false
	look := func(rows answer) error {
		exists = rows.Next()
		return rows.Err()
	}
	var x exchange
	x.add(nil, beginHandler(t.opts.Isolation))
	x.add(func(rows answer) error {
		_, err := first(rows, &locked, &t.xid)
		return err
	}, sqlTry, name)
	x.add(look, t.sql.exists, t.names...)
	if _, _, err = x.send(ctx, conn); err != nil || locked {
		return exists, err
	}
	var wait exchange
	wait.add(nil, sqlWait, name, t.patience())
	wait.add(look, t.sql.exists, t.names...)
	wait.add(nil, sqlPatient)
	_, _, err = wait.send(ctx, conn)
	return exists, err
}

// takeRow claims the record by writing it, as Reserve does. With begin the
// transaction begins with it, in one go.
func (t *transaction) takeRow(ctx context.Context, conn *pgx.Conn, begin bool) (granted bool, err error) {
	t.record = nil
	query := t.sql.open
	if anonymous(t.claim) {
		query = t.sql.openTakeOver
	}
	op := t.claiming(t.claim, t.token)
	_, args := t.statement(op)
	var x exchange
	if begin {
		x.add(nil, beginHandler(t.opts.Isolation))
	}
	x.add(func(rows answer) (err error) {
		granted, err = first(rows, &op.token, &op.found.now, &op.found.attempt, &op.found.fingerprint,
			new(int64), new(int64), new(string))
		return err
	}, query, append(args, t.patience())...)
	if _, _, err := x.send(ctx, conn); err != nil || !granted {
		return false, err
	}
	t.record = op.record()
	return true, nil
}

// nameLock is a number for the name of a record, the same on all nodes. Two
// records with the same number, which are hard to find, wait for each other.
// It is odd, which the numbers of the other locks are not: see sqlGate.
func nameLock(schema string, id cnerium.ID) int64 {
	text := make([]byte, 0, 256) // mostly enough
	for _, part := range []string{schema, id.Scope, id.Operation, id.Key} {
		text = binary.AppendUvarint(text, uint64(len(part)))
		text = append(text, part...)
	}
	sum := sha256.Sum256(text)
	return int64(binary.BigEndian.Uint64(sum[:])) | 1
}
