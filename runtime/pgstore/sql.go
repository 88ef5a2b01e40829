package pgstore

import (
	"strings"

	"github.com/jackc/pgx/v5"
)

// queries are the statements of a store, with its schema and its way of
// ordering events filled in. In their texts {s} is the schema, {clock} the
// database's clock in milliseconds, and {id} the condition that finds a record
// by the first three parameters.
type queries struct {
	reserve, takeOver, lookup, renew, commit, commitEvents, finish, finishEvents, release, settled string

	open, openTakeOver string // of a transactional handler

	lockTicket, lockRecord, horizon, events, bounds, head string

	published, mark string

	unknown, sweepRecords, lockRemoved, oldest, excess, deleteEvents, setRemoved string

	epoch, ordering, adopt, probe, notify string

	beginRead string
}

func newQueries(schema string, portable bool) *queries {
	q := &queries{
		reserve:      strings.ReplaceAll(sqlReserve, "{now}", sqlReserveNow),
		takeOver:     strings.ReplaceAll(sqlTakeOver, "{now}", sqlTakeOverNow),
		open:         strings.ReplaceAll(sqlOpen, "{now}", sqlOpenNow),
		openTakeOver: strings.ReplaceAll(sqlOpenTakeOver, "{now}", sqlOpenTakeOverNow),
		lookup:       sqlLookup, renew: sqlRenew, commit: sqlCommit, release: sqlRelease, settled: sqlSettled,
		finish:     sqlFinish,
		lockTicket: sqlLockTicket, lockRecord: sqlLockRecord, horizon: sqlHorizon,
		commitEvents: strings.ReplaceAll(sqlCommitEvents, "{ticket}", sqlTicket),
		finishEvents: strings.ReplaceAll(sqlFinishEvents, "{ticket}", sqlTicket),
		events:       strings.ReplaceAll(sqlEvents, "{horizon}", sqlKnownHorizon),
		bounds:       strings.ReplaceAll(sqlBounds, "{last}", sqlLast),
		head:         strings.ReplaceAll(sqlHead, "{horizon}", sqlKnownHorizon),
		published:    sqlPublished, mark: sqlMark,
		unknown: sqlUnknown, sweepRecords: sqlSweepRecords, lockRemoved: sqlLockRemoved, oldest: sqlOldest,
		excess: sqlExcess, deleteEvents: sqlDeleteEvents, setRemoved: sqlSetRemoved,
		epoch: sqlEpoch, ordering: sqlOrdering, adopt: sqlAdopt, probe: sqlProbe, notify: sqlNotify,
		beginRead: "BEGIN ISOLATION LEVEL READ COMMITTED",
	}
	if portable {
		q.lockTicket, q.horizon, q.beginRead = sqlPortableLock, sqlPortableHorizon, "BEGIN"
		q.commitEvents = strings.ReplaceAll(sqlCommitEvents, "{ticket}", sqlPortableTicket)
		q.finishEvents = strings.ReplaceAll(sqlFinishEvents, "{ticket}", sqlPortableTicket)
		q.events = strings.ReplaceAll(sqlEvents, "{horizon}", sqlPortableKnown)
		q.bounds = strings.ReplaceAll(sqlBounds, "{last}", sqlPortableKnown)
		q.head = strings.ReplaceAll(sqlHead, "{horizon}", sqlPortableKnown)
		q.sweepRecords = sqlPortableSweepRecords
	}
	q.fill(strings.NewReplacer(
		"{s}", pgx.Identifier{schema}.Sanitize(),
		"{clock}", "floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint",
		"{id}", "r.scope = $1 AND r.operation = $2 AND r.key = $3",
	))
	return q
}

// fill puts into each statement what the replacer knows.
func (q *queries) fill(r *strings.Replacer) {
	for _, text := range []*string{
		&q.reserve, &q.takeOver, &q.lookup, &q.renew, &q.commit, &q.commitEvents, &q.finish, &q.finishEvents, &q.release, &q.settled,
		&q.open, &q.openTakeOver, &q.lockTicket, &q.lockRecord, &q.horizon, &q.events, &q.bounds, &q.head, &q.published, &q.mark,
		&q.unknown, &q.sweepRecords, &q.lockRemoved, &q.oldest, &q.excess, &q.deleteEvents, &q.setRemoved,
		&q.epoch, &q.ordering, &q.adopt, &q.probe, &q.notify,
	} {
		*text = r.Replace(*text)
	}
}

// Columns of a record, in the order in which a row is scanned: see record.
const recordColumns = `r.fingerprint, r.committed, r.token, r.attempt, r.since, r.due_at,
	r.status, r.header, r.body, r.event_ticket, r.event_n`

// sqlReserve returns a row only if the claim was granted: true, the time, and
// the record.
const sqlReserve = sqlUpsert + `
	RETURNING true, since, ` + recordColumns

// sqlUpsert takes a record that is absent, expired, or unknown and asked for
// with a takeover.
const sqlUpsert = `
	INSERT INTO {s}.records AS r (scope, operation, key, fingerprint, committed, token, attempt, since, due_at)
	SELECT $1::bytea, $2::bytea, $3::bytea, $4::bytea, false, $5::bigint, 1, t.now, t.now + $6::bigint FROM {now} t
	ON CONFLICT (scope, operation, key) DO UPDATE SET
		fingerprint = excluded.fingerprint, committed = false, token = excluded.token,
		attempt = CASE WHEN r.committed THEN 1 ELSE r.attempt + 1 END,
		since = excluded.since, due_at = excluded.due_at,
		status = 0, header = NULL, body = NULL, event_ticket = 0, event_n = 0
	WHERE r.due_at <= excluded.since AND (r.committed OR $8::boolean AND r.fingerprint = excluded.fingerprint)`

// sqlTakeOver is sqlReserve for a takeover by an operator, who knows no
// fingerprint.
const sqlTakeOver = `
	UPDATE {s}.records r SET token = $4::bigint, attempt = r.attempt + 1, since = t.now, due_at = t.now + $5::bigint
	FROM {now} t
	WHERE {id} AND NOT r.committed AND r.due_at <= t.now
	RETURNING true, r.since, ` + recordColumns

const sqlLookup = `
SELECT false, coalesce($4::bigint, {clock}), ` + recordColumns + ` FROM {s}.records r WHERE {id}`

// sqlOpen is sqlReserve for a transactional handler, and sqlOpenTakeOver is
// sqlTakeOver: they wait for the transaction of another one on the same record
// as long as their last parameter says, and leave the transaction without such
// a limit.
const (
	sqlOpen         = sqlReserve + sqlUnlimited
	sqlOpenTakeOver = sqlTakeOver + sqlUnlimited

	sqlUnlimited = `, set_config('lock_timeout', NULL, true)`
)

// The time, by which the limit of waiting is set where there is one.
const (
	sqlReserveNow      = `(SELECT coalesce($7::bigint, {clock}) AS now)`
	sqlTakeOverNow     = `(SELECT coalesce($6::bigint, {clock}) AS now)`
	sqlOpenNow         = `(SELECT coalesce($7::bigint, {clock}) AS now FROM set_config('lock_timeout', $9::text, true))`
	sqlOpenTakeOverNow = `(SELECT coalesce($6::bigint, {clock}) AS now FROM set_config('lock_timeout', $7::text, true))`
)

const sqlLockRecord = `SELECT 1 FROM {s}.records r WHERE {id} FOR UPDATE`

const sqlRenew = `
WITH t AS MATERIALIZED (SELECT coalesce($6::bigint, {clock}) AS now)
UPDATE {s}.records r SET due_at = t.now + $5::bigint
FROM t
WHERE {id} AND r.token = $4::bigint AND NOT r.committed AND r.due_at > t.now
RETURNING t.now, 0::bigint, 0::bigint`

const sqlCommit = `
UPDATE {s}.records r SET committed = true, since = t.now, due_at = t.now + $6::bigint,
	status = $7::bigint, header = $8::bytea, body = $9::bytea, event_ticket = 0, event_n = 0
FROM (SELECT coalesce($5::bigint, {clock}) AS now) t
WHERE {id} AND r.token = $4::bigint AND NOT r.committed
RETURNING t.now, 0::bigint, 0::bigint`

// sqlFinish is sqlCommit for the end of a transaction, and sqlFinishEvents
// sqlCommitEvents. They fail unless the lease holds the record: nothing of a
// transaction that has lost it may be committed.
const (
	sqlFinish       = `WITH settled AS (` + sqlCommit + `) SELECT max(now), 0::bigint, 0::bigint, 1 / count(*) FROM settled`
	sqlFinishEvents = sqlSettling + `
SELECT max(now), max(event_ticket), max(event_n), 1 / count(*) FROM settled`
)

// sqlCommitEvents needs sqlLockTicket before it. The arrays are hidden in
// queries, so that the server does not plan anew for each number of events.
// While other commits are under way the cursor is that of the place behind
// which all events are to come.
const sqlCommitEvents = sqlSettling + `
SELECT now, event_ticket, event_n FROM settled`

const sqlSettling = `
WITH t AS MATERIALIZED (SELECT coalesce($5::bigint, {clock}) AS now),
{ticket},
place AS MATERIALIZED (
	SELECT ticket,
		CASE WHEN alone OR ticket <= $10::bigint + 1 THEN ticket ELSE $10::bigint + 1 END AS at,
		CASE WHEN alone OR ticket <= $10::bigint + 1 THEN cardinality($11::bigint[]) ELSE 0 END AS n
	FROM ticket
),
settled AS (
	UPDATE {s}.records r SET committed = true, since = t.now, due_at = t.now + $6::bigint,
		status = $7::bigint, header = $8::bytea, body = $9::bytea, event_ticket = place.at, event_n = place.n
	FROM t, place
	WHERE {id} AND r.token = $4::bigint AND NOT r.committed
	RETURNING t.now, r.event_ticket, r.event_n
),
emitted AS (
	INSERT INTO {s}.events (ticket, n, committed_at, emitted_at, operation, room, type, subject, data)
	SELECT place.ticket, e.n, t.now, e.emitted_at, e.operation, e.room, e.type, e.subject, e.data
	FROM t, place,
		unnest((SELECT $11::bigint[]), (SELECT $12::bytea[]), (SELECT $13::bytea[]),
			(SELECT $14::bytea[]), (SELECT $15::bytea[]), (SELECT $16::bytea[]))
			WITH ORDINALITY AS e (emitted_at, operation, room, type, subject, data, n)
	WHERE EXISTS (SELECT 1 FROM settled)
)`

const sqlRelease = `
DELETE FROM {s}.records r WHERE {id} AND r.token = $4::bigint AND NOT r.committed
RETURNING 0::bigint, 0::bigint, 0::bigint`

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
