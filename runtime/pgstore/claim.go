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
			t.found, err = t.view(t.record)
			return false, err
		}
	}
}

// take begins a transaction and claims the record in it, in one go. When the
// claim is not granted, nothing is left of the transaction, and the record is
// what was in the way.
func (t *transaction) take(ctx context.Context) (granted bool, err error) {
	conn, err := t.acquire(ctx)
	if err != nil {
		return false, err
	}
	t.token, t.seen, t.xid = newToken(), 0, ""
	var b pgx.Batch
	b.Queue(beginHandler(t.opts.Isolation))
	if t.byName {
		t.queueLock(&b, &granted)
	} else {
		t.queueRow(&b, &granted)
	}
	err = finding(conn.Conn(), conn.SendBatch(ctx, &b).Close())
	if err == nil && granted {
		t.handle = newHandle(conn)
		return true, nil
	}
	rollBack(ctx, conn.Conn())
	settleDown(conn.Conn())
	conn.Release()
	if err == nil && !t.byName {
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

// queueLock locks the record's name and looks at the record. See sqlLockClaim.
func (t *transaction) queueLock(b *pgx.Batch, granted *bool) {
	b.Queue(t.sql.lockClaim, lockName(t.opts.Schema, t.claim.ID), t.patience(), strconv.FormatInt(t.token, 10))
	b.Queue(t.sql.look, append(names(t.claim.ID), t.now())...).Query(func(rows pgx.Rows) error {
		r := &record{id: t.claim.ID}
		t.record = r
		if _, err := first(rows, append(append([]any{&r.now}, r.columns()...), new(string), &t.xid)...); err != nil {
			return err
		}
		*granted = r.grants(t.claim)
		if *granted {
			t.seen, t.record = r.token, r.taken(t.claim)
		}
		return nil
	})
}

// queueRow claims the record by writing it, as Reserve does.
func (t *transaction) queueRow(b *pgx.Batch, granted *bool) {
	op := t.claiming(t.claim, t.token)
	query := t.sql.open
	if anonymous(t.claim) {
		query = t.sql.openTakeOver
	}
	_, args := t.statement(op)
	b.Queue(query, append(args, t.patience())...).Query(func(rows pgx.Rows) error {
		*granted = rows.Next()
		if !*granted {
			return rows.Err()
		}
		r := &record{id: t.claim.ID}
		t.record = r
		return rows.Scan(&r.token, &r.now, &r.attempt, &r.fingerprint, &r.event.ticket, &r.event.n, new(string))
	})
}

// lockName is a number for the name of a record, the same on all nodes. Two
// records with the same number, which are hard to find, wait for each other.
func lockName(schema string, id cnerium.ID) int64 {
	var text []byte
	for _, part := range []string{schema, id.Scope, id.Operation, id.Key} {
		text = appendText(text, part)
	}
	sum := sha256.Sum256(text)
	return int64(binary.BigEndian.Uint64(sum[:]))
}
