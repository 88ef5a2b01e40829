package pgstore

// The record of a transactional handler is written once, at the end. Until
// then a lock on its name keeps others away, which costs much less than a row
// that is written first and changed later. What makes the record the only one
// is its primary key all the same: when somebody has written it without the
// lock, as Reserve does, the row at the end is in its way, and the transaction
// is undone.
const (
	// sqlTry locks a name if it is free, and returns the number of the
	// transaction, by which it is known again. sqlWait waits for the lock, and
	// sqlPatient ends the limit of waiting. Behind them comes sqlExists, in a
	// statement of its own, which sees what was committed before the name was
	// locked.
	sqlTry     = `SELECT pg_try_advisory_xact_lock($1::bigint), pg_current_xact_id()::text`
	sqlWait    = `SELECT pg_advisory_xact_lock($1::bigint) FROM set_config('lock_timeout', $2::text, true)`
	sqlPatient = `SELECT set_config('lock_timeout', NULL, true)`

	// sqlStatus tells what has become of a transaction.
	sqlStatus = `SELECT coalesce(pg_xact_status($1::text::xid8) = 'committed', false)`

	// sqlHeld is no division by zero in the transaction $11.
	sqlHeld = `1 / (pg_current_xact_id() = $11::text::xid8)::integer`

	sqlInsertColumns = `scope, operation, key, token, fingerprint, attempt, committed, since, due_at,
	status, header, body, event_ticket, event_n`

	// The time is that of the statement, which is the same wherever it is
	// asked for, so that this needs no query that it inserts from.
	sqlInsert = `
INSERT INTO {s}.records AS r (` + sqlInsertColumns + `)
VALUES ($1::bytea, $2::bytea, $3::bytea, $4::bigint, $10::bytea, ` + sqlHeld + `, true,
	coalesce($5::bigint, {begun}), coalesce($5::bigint, {begun}) + $6::bigint,
	$7::bigint, $8::bytea, $9::bytea, 0, 0)
RETURNING r.since, 0::bigint, 0::bigint, 1::bigint`

	sqlInsertEvents = `
WITH t AS MATERIALIZED (SELECT coalesce($5::bigint, {clock}) AS now, ` + sqlHeld + ` AS held),
{ticket},
{place},
settled AS (
	INSERT INTO {s}.records AS r (` + sqlInsertColumns + `)
	SELECT $1::bytea, $2::bytea, $3::bytea, $4::bigint, $10::bytea, t.held, true, t.now, t.now + $6::bigint,
		$7::bigint, $8::bytea, $9::bytea, place.at, CASE WHEN place.exact THEN cardinality({emitted}) ELSE 0 END
	FROM t, place
	RETURNING r.since, r.event_ticket, r.event_n
),` + sqlEmitted + `
SELECT since, event_ticket, event_n, 1::bigint FROM settled`
)

// The row is the lock for a record that is there already, and where there are
// no advisory locks, or where a lock that was waited for does not bring what was
// committed meanwhile into view: sqlOpen is sqlReserve for a transactional
// handler, and sqlOpenTakeOver is sqlTakeOver. They wait for the transaction of
// another one on the same record as long as their last parameter says, and
// leave the transaction without such a limit.
const (
	sqlOpen         = sqlReserve + sqlUnlimited
	sqlOpenTakeOver = sqlTakeOver + sqlUnlimited

	sqlUnlimited = `, set_config('lock_timeout', NULL, true)`

	sqlOpenNow         = `(SELECT coalesce($7::bigint, {clock}) AS now FROM set_config('lock_timeout', $9::text, true))`
	sqlOpenTakeOverNow = `(SELECT coalesce($6::bigint, {clock}) AS now FROM set_config('lock_timeout', $7::text, true))`
)

const sqlLockRecord = `SELECT 1 FROM {s}.records r WHERE {id} FOR UPDATE`

// sqlFinish is sqlCommit for the end of such a transaction, and
// sqlFinishEvents the same with events. They fail unless the lease holds the
// record: nothing of a transaction that has lost it may be committed.
const (
	sqlFinish = `
WITH settled AS (
	UPDATE {s}.records r SET committed = true, since = t.now, due_at = t.now + $6::bigint,
		status = $7::bigint, header = $8::bytea, body = $9::bytea
	FROM (SELECT coalesce($5::bigint, {clock}) AS now) t
	WHERE {id} AND r.token = $4::bigint AND {open}
	RETURNING t.now
)
SELECT max(now), 0::bigint, 0::bigint, 1 / count(*) FROM settled`

	sqlFinishEvents = `
WITH t AS MATERIALIZED (SELECT coalesce($5::bigint, {clock}) AS now),
{ticket},
{place},
settled AS (
	UPDATE {s}.records r SET committed = true, since = t.now, due_at = t.now + $6::bigint,
		status = $7::bigint, header = $8::bytea, body = $9::bytea,
		event_ticket = place.at, event_n = CASE WHEN place.exact THEN cardinality({emitted}) ELSE 0 END
	FROM t, place
	WHERE {id} AND r.token = $4::bigint AND {open}
	RETURNING t.now, r.event_ticket, r.event_n
),` + sqlEmitted + `
SELECT max(now), max(event_ticket), max(event_n), 1 / count(*) FROM settled`

	// sqlEmitted stores the events of one record.
	sqlEmitted = `
emitted AS (
	INSERT INTO {s}.events (ticket, n, committed_at, emitted_at, operation, room, type, subject, data)
	SELECT place.ticket, e.n, t.now, e.emitted_at, e.operation, e.room, e.type, e.subject, e.data
	FROM t, place, unnest({columns}) WITH ORDINALITY AS e (emitted_at, operation, room, type, subject, data, n)
	WHERE EXISTS (SELECT 1 FROM settled)
)`
)
