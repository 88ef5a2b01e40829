package pgstore

// The record of a transactional handler is written once, at the end. Until
// then a lock on its name keeps others away, which costs much less than a row
// that is written first and changed later. What makes the record the only one
// is its primary key all the same: who comes to write one without the lock, as
// Reserve does, is in the way, and the transaction is undone.
const (
	// The name of the lock is $1. The transaction is known again at its end by
	// a setting that ends with it.
	sqlLockClaim = `
SELECT pg_advisory_xact_lock($1::bigint), set_config('cnerium.claim', $3::text, true)
FROM set_config('lock_timeout', $2::text, true)`

	// sqlLook is sqlLookup in a statement of its own, which sees what was
	// committed while the lock was waited for. A row that is there is locked.
	// The limit of waiting ends with it.
	sqlLook = `
SELECT t.now, coalesce(r.fingerprint, ''), coalesce(r.committed, false), coalesce(r.token, 0), coalesce(r.attempt, 0),
	coalesce(r.since, 0), coalesce(r.due_at, 0), coalesce(r.status, 0), r.header, r.body,
	coalesce(r.event_ticket, 0), coalesce(r.event_n, 0), set_config('lock_timeout', NULL, true),
	pg_current_xact_id()::text
FROM (SELECT coalesce($4::bigint, {clock}) AS now) t
LEFT JOIN LATERAL (SELECT r.* FROM {s}.records r WHERE {id} FOR UPDATE) r ON true`

	// sqlStatus tells what has become of a transaction.
	sqlStatus = `SELECT coalesce(pg_xact_status($1::xid8) = 'committed', false)`

	// sqlHeld is no division by zero in the transaction that was begun.
	sqlHeld = `1 / coalesce(current_setting('cnerium.claim', true) = $4::bigint::text, false)::integer`

	sqlInsertColumns = `scope, operation, key, token, fingerprint, attempt, committed, since, due_at,
	status, header, body, event_ticket, event_n`

	// The row that was found before, if there was one, has the token {seen};
	// with another one in the way that is no number.
	sqlReplace = `
ON CONFLICT (scope, operation, key) DO UPDATE SET
	token = (CASE WHEN r.token = {seen} THEN excluded.token::text ELSE 'taken' END)::bigint,
	fingerprint = excluded.fingerprint, attempt = excluded.attempt, committed = true,
	since = excluded.since, due_at = excluded.due_at, status = excluded.status, header = excluded.header,
	body = excluded.body, event_ticket = excluded.event_ticket, event_n = excluded.event_n
RETURNING r.since, r.event_ticket, r.event_n, 1::bigint`

	sqlInsert = `
INSERT INTO {s}.records AS r (` + sqlInsertColumns + `)
SELECT $1::bytea, $2::bytea, $3::bytea, $4::bigint, $10::bytea, $11::bigint, true, t.now, t.now + $6::bigint * t.held,
	$7::bigint, $8::bytea, $9::bytea, 0, 0
FROM (SELECT coalesce($5::bigint, {clock}) AS now, ` + sqlHeld + ` AS held) t` + sqlReplace

	sqlInsertEvents = `
WITH t AS MATERIALIZED (SELECT coalesce($5::bigint, {clock}) AS now, ` + sqlHeld + ` AS held),
{ticket},
` + sqlPlace + `,
settled AS (
	INSERT INTO {s}.records AS r (` + sqlInsertColumns + `)
	SELECT $1::bytea, $2::bytea, $3::bytea, $4::bigint, $17::bytea, $18::bigint, true, t.now, t.now + $6::bigint * t.held,
		$7::bigint, $8::bytea, $9::bytea, place.at, CASE WHEN place.exact THEN cardinality($11::bigint[]) ELSE 0 END
	FROM t, place` + sqlReplace + `
),` + sqlEmitted + `
SELECT since, event_ticket, event_n, 1::bigint FROM settled`
)

// The row is the lock where there are no advisory locks, or where a lock that
// was waited for does not bring what was committed meanwhile into view:
// sqlOpen is sqlReserve for a transactional handler, and sqlOpenTakeOver is
// sqlTakeOver. They wait for the transaction of another one on the same record
// as long as their last parameter says, and leave the transaction without such
// a limit.
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
` + sqlPlace + `,
settled AS (
	UPDATE {s}.records r SET committed = true, since = t.now, due_at = t.now + $6::bigint,
		status = $7::bigint, header = $8::bytea, body = $9::bytea,
		event_ticket = place.at, event_n = CASE WHEN place.exact THEN cardinality($11::bigint[]) ELSE 0 END
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
	FROM t, place,
		unnest((SELECT $11::bigint[]), (SELECT $12::bytea[]), (SELECT $13::bytea[]),
			(SELECT $14::bytea[]), (SELECT $15::bytea[]), (SELECT $16::bytea[]))
			WITH ORDINALITY AS e (emitted_at, operation, room, type, subject, data, n)
	WHERE EXISTS (SELECT 1 FROM settled)
)`
)
