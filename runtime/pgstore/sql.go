package pgstore

import (
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
)

// queries are the statements of a store, with its schema and its way of
// ordering events filled in. In their texts {s} is the schema, {clock} the
// database's clock in milliseconds, {begun} the same when the statement began, {id} the condition that finds a record by
// the first three parameters, and {open} the one that it is not committed.
type queries struct {
	reserve, takeOver, exists, lookup, renew, commit, release, settled string // of one record

	reserveMany, commitMany, commitEvents string // of any number of records

	insert, insertEvents                                 string // of a handler's transaction
	open, openTakeOver, lockRecord, finish, finishEvents string // the same where the row is the lock

	lockTicket, horizon, events, bounds, head string

	published, mark string

	unknown, sweepRecords, lockRemoved, oldest, excess, deleteEvents, setRemoved string

	epoch, ordering, adopt, probe, notify string

	beginRead, settings string // of the store's own transactions
}

func newQueries(schema string, portable bool) *queries {
	now := func(text, expression string) string { return strings.ReplaceAll(text, "{now}", expression) }
	q := &queries{
		reserve:    now(sqlReserve, sqlReserveNow),
		takeOver:   now(sqlTakeOver, sqlTakeOverNow),
		exists:     sqlExists,
		lookup:     sqlLookup,
		renew:      sqlRenew,
		commit:     sqlCommit,
		release:    sqlRelease,
		settled:    sqlSettled,
		commitMany: sqlCommitMany, reserveMany: sqlReserveMany, commitEvents: announcing(sqlCommitEvents, 10),
		insert: sqlInsert, insertEvents: announcing(sqlInsertEvents, 12),
		open: now(sqlOpen, sqlOpenNow), openTakeOver: now(sqlOpenTakeOver, sqlOpenTakeOverNow),
		lockRecord: sqlLockRecord, finish: sqlFinish, finishEvents: announcing(sqlFinishEvents, 10),
		lockTicket: sqlLockTicket, horizon: sqlHorizon, events: sqlEvents, bounds: sqlBounds, head: sqlHead,
		published: sqlPublished, mark: sqlMark,
		unknown: sqlUnknown, sweepRecords: sqlSweepRecords, lockRemoved: sqlLockRemoved, oldest: sqlOldest,
		excess: sqlExcess, deleteEvents: sqlDeleteEvents, setRemoved: sqlSetRemoved,
		epoch: sqlEpoch, ordering: sqlOrdering, adopt: sqlAdopt, probe: sqlProbe, notify: sqlNotify,
		beginRead: "BEGIN ISOLATION LEVEL READ COMMITTED", settings: sqlSettings,
	}
	ticket, known, last := sqlTicket, sqlKnownHorizon, sqlLast
	if portable {
		ticket, known, last = sqlPortableTicket, sqlPortableKnown, sqlPortableKnown
		q.lockTicket, q.horizon, q.beginRead = sqlPortableLock, sqlPortableHorizon, "BEGIN"
		q.sweepRecords, q.settings = sqlPortableSweepRecords, sqlPortableSettings
	}
	q.fill(strings.NewReplacer("{ticket}", ticket, "{horizon}", known, "{last}", last))
	q.fill(strings.NewReplacer(
		"{s}", pgx.Identifier{schema}.Sanitize(),
		"{clock}", "floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint",
		"{begun}", "floor(extract(epoch FROM statement_timestamp()) * 1000)::bigint",
		"{id}", "r.scope = $1 AND r.operation = $2 AND r.key = $3",
		"{open}", "r.committed::integer = 0",
	))
	return q
}

// announcing puts into a statement that stores events which parameters say so:
// the first is the horizon as it is known, then come the columns of the events.
// These are hidden in queries, so that the server does not plan anew for each
// number of events.
func announcing(text string, first int) string {
	parameter := func(i int, kind string) string { return "$" + strconv.Itoa(first+i) + "::" + kind }
	columns := []string{"(SELECT " + parameter(1, "bigint[]") + ")"}
	for i := 2; i <= 6; i++ {
		columns = append(columns, "(SELECT "+parameter(i, "bytea[]")+")")
	}
	return strings.NewReplacer(
		"{known}", parameter(0, "bigint"),
		"{emitted}", parameter(1, "bigint[]"),
		"{columns}", strings.Join(columns, ", "),
	).Replace(strings.ReplaceAll(text, "{place}", sqlPlace))
}

// fill puts into each statement what the replacer knows.
func (q *queries) fill(r *strings.Replacer) {
	for _, text := range []*string{
		&q.reserve, &q.takeOver, &q.exists, &q.lookup, &q.renew, &q.commit, &q.release, &q.settled,
		&q.reserveMany, &q.commitMany, &q.commitEvents,
		&q.insert, &q.insertEvents,
		&q.open, &q.openTakeOver, &q.lockRecord, &q.finish, &q.finishEvents,
		&q.lockTicket, &q.horizon, &q.events, &q.bounds, &q.head, &q.published, &q.mark,
		&q.unknown, &q.sweepRecords, &q.lockRemoved, &q.oldest, &q.excess, &q.deleteEvents, &q.setRemoved,
		&q.epoch, &q.ordering, &q.adopt, &q.probe, &q.notify,
	} {
		*text = r.Replace(*text)
	}
}

// Columns of a record, in the order in which a row is scanned: see record.
const recordColumns = `r.fingerprint, r.committed, r.token, r.attempt, r.since, r.due_at,
	r.status, r.header, r.body, r.event_ticket, r.event_n`

const sqlExists = `SELECT true FROM {s}.records r WHERE {id}`

const sqlLookup = `
SELECT coalesce($4::bigint, {clock}), ` + recordColumns + ` FROM {s}.records r WHERE {id}`

const sqlSettled = `
SELECT r.committed, r.since, r.event_ticket, r.event_n FROM {s}.records r WHERE {id} AND r.token = $4::bigint`

const sqlUnknown = `
SELECT r.scope, r.operation, r.key, coalesce($1::bigint, {clock}), ` + recordColumns + `
FROM {s}.records r
WHERE NOT r.committed AND r.due_at <= coalesce($1::bigint, {clock})
ORDER BY r.due_at
LIMIT $2`

const (
	sqlEpoch    = `SELECT epoch FROM {s}.meta`
	sqlOrdering = `SELECT coalesce(ordering, '') FROM {s}.meta`
	sqlAdopt    = `UPDATE {s}.meta SET ordering = $1 WHERE ordering IS NULL`
	sqlProbe    = `UPDATE {s}.meta SET probe = probe + 1`
	// A notification is a commit, too, and need not be durable.
	sqlNotify = `SELECT set_config('synchronous_commit', 'off', true), pg_notify($1, '')`
)
