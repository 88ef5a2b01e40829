package pgstore

// Each of these statements changes records, and has a row for each that it has
// changed: which of the operations that was, the time, the attempt, the
// fingerprint, and the place of the last event. A claim is known by its token,
// everything else by its number.
//
// That a record is not committed is said in a way that no partial index fits.
// Otherwise the server takes the index of all leases to be the shortest way to
// a record, and reads all that is left in it of those that are over.

// sqlReserve takes a record that is absent, expired, or unknown and asked for
// with a takeover.
const sqlReserve = `
	INSERT INTO {s}.records AS r (scope, operation, key, fingerprint, committed, token, attempt, since, due_at)
	SELECT $1::bytea, $2::bytea, $3::bytea, $5::bytea, false, $4::bigint, 1, t.now, t.now + $6::bigint FROM {now} t` +
	sqlOnConflict + sqlReserved

const sqlReserveMany = `
	INSERT INTO {s}.records AS r (scope, operation, key, fingerprint, committed, token, attempt, since, due_at)
	SELECT u.scope, u.operation, u.key, u.fingerprint, false, u.token, 1, t.now, t.now + u.lease
	FROM (SELECT coalesce($7::bigint, {clock}) AS now) t,
		unnest((SELECT $1::bytea[]), (SELECT $2::bytea[]), (SELECT $3::bytea[]), (SELECT $4::bigint[]),
			(SELECT $5::bytea[]), (SELECT $6::bigint[]))
			AS u (scope, operation, key, token, fingerprint, lease)` +
	sqlOnConflict + sqlReserved

const sqlOnConflict = `
	ON CONFLICT (scope, operation, key) DO UPDATE SET
		fingerprint = excluded.fingerprint, committed = false, token = excluded.token,
		attempt = CASE WHEN r.committed THEN 1 ELSE r.attempt + 1 END,
		since = excluded.since, due_at = excluded.due_at,
		status = 0, header = NULL, body = NULL, event_ticket = 0, event_n = 0
	WHERE r.due_at <= excluded.since AND (r.committed OR $8::boolean AND r.fingerprint = excluded.fingerprint)`

const sqlReserved = `
	RETURNING r.token, r.since, r.attempt, r.fingerprint, 0::bigint, 0::bigint`

// sqlTakeOver is sqlReserve for a takeover by an operator, who knows no
// fingerprint.
const sqlTakeOver = `
	UPDATE {s}.records r SET token = $4::bigint, attempt = r.attempt + 1, since = t.now, due_at = t.now + $5::bigint
	FROM {now} t
	WHERE {id} AND {open} AND r.due_at <= t.now` +
	sqlReserved

const (
	sqlReserveNow  = `(SELECT coalesce($7::bigint, {clock}) AS now)`
	sqlTakeOverNow = `(SELECT coalesce($6::bigint, {clock}) AS now)`
)

const sqlRenew = `
WITH t AS MATERIALIZED (SELECT coalesce($6::bigint, {clock}) AS now)
UPDATE {s}.records r SET due_at = t.now + $5::bigint
FROM t
WHERE {id} AND r.token = $4::bigint AND {open} AND r.due_at > t.now
RETURNING 1::bigint, t.now, 0::bigint, NULL::bytea, 0::bigint, 0::bigint`

const sqlRelease = `
DELETE FROM {s}.records r WHERE {id} AND r.token = $4::bigint AND {open}
RETURNING 1::bigint, 0::bigint, 0::bigint, NULL::bytea, 0::bigint, 0::bigint`

const sqlCommit = `
UPDATE {s}.records r SET committed = true, since = t.now, due_at = t.now + $6::bigint,
	status = $7::bigint, header = $8::bytea, body = $9::bytea, event_ticket = 0, event_n = 0
FROM (SELECT coalesce($5::bigint, {clock}) AS now) t
WHERE {id} AND r.token = $4::bigint AND {open}
RETURNING 1::bigint, t.now, 0::bigint, NULL::bytea, 0::bigint, 0::bigint`

// The arrays are hidden in queries, so that the server does not plan anew for
// each number of records and events.
const sqlOutcomes = `unnest((SELECT $1::bytea[]), (SELECT $2::bytea[]), (SELECT $3::bytea[]), (SELECT $4::bigint[]),
	(SELECT $6::bigint[]), (SELECT $7::bigint[]), (SELECT $8::bytea[]), (SELECT $9::bytea[])`

const sqlOutcomeColumns = `scope, operation, key, token, retention, status, header, body`

const sqlThese = `r.scope = u.scope AND r.operation = u.operation AND r.key = u.key AND r.token = u.token AND {open}`

const sqlCommitMany = `
UPDATE {s}.records r SET committed = true, since = t.now, due_at = t.now + u.retention,
	status = u.status, header = u.header, body = u.body, event_ticket = 0, event_n = 0
FROM (SELECT coalesce($5::bigint, {clock}) AS now) t,
	` + sqlOutcomes + `) WITH ORDINALITY AS u (` + sqlOutcomeColumns + `, i)
WHERE ` + sqlThese + `
RETURNING u.i, t.now, 0::bigint, NULL::bytea, 0::bigint, 0::bigint`

// sqlCommitEvents needs sqlLockTicket before it. All records share a ticket;
// $11 says up to which of the events those of each go. While other commits are
// under way the cursor is that of the place behind which all events are to
// come.
const sqlCommitEvents = `
WITH t AS MATERIALIZED (SELECT coalesce($5::bigint, {clock}) AS now),
{ticket},
{place},
settled AS (
	UPDATE {s}.records r SET committed = true, since = t.now, due_at = t.now + u.retention,
		status = u.status, header = u.header, body = u.body,
		event_ticket = place.at, event_n = CASE WHEN place.exact THEN u.last ELSE 0 END
	FROM t, place,
		` + sqlOutcomes + `, (SELECT $11::bigint[])) WITH ORDINALITY AS u (` + sqlOutcomeColumns + `, last, i)
	WHERE ` + sqlThese + `
	RETURNING u.i, t.now, r.event_ticket, r.event_n
),
emitted AS (
	INSERT INTO {s}.events (ticket, n, committed_at, emitted_at, operation, room, type, subject, data)
	SELECT place.ticket, e.n, t.now, e.emitted_at, e.operation, e.room, e.type, e.subject, e.data
	FROM t, place,
		unnest((SELECT $12::bigint[]), (SELECT $13::bigint[]), (SELECT $14::bytea[]), (SELECT $15::bytea[]),
			(SELECT $16::bytea[]), (SELECT $17::bytea[]), (SELECT $18::bytea[]))
			WITH ORDINALITY AS e (i, emitted_at, operation, room, type, subject, data, n)
	WHERE e.i IN (SELECT i FROM settled)
)
SELECT i, now, 0::bigint, NULL::bytea, event_ticket, event_n FROM settled`

// sqlPlace is the place of the cursor. {known} is the horizon as it is known.
const sqlPlace = `place AS MATERIALIZED (
	SELECT ticket, alone OR ticket <= {known} + 1 AS exact,
		CASE WHEN alone OR ticket <= {known} + 1 THEN ticket ELSE {known} + 1 END AS at
	FROM ticket
)`

// sqlSettings bounds how long a flush waits for the records of others. It also
// sees to it that the records are looked up one after the other, in the order
// in which they are named: while the table is small the server would rather
// read all of it, or all of its index, and keep to that plan when it has grown.
// Without these ways the bitmap scan is left, which needs names to look for.
// Where a way has no other, as with events, the server thinks that it costs a
// lot, and would compile the plan, which does.
const (
	sqlSettings = sqlPortableSettings + `, set_config('enable_seqscan', 'off', true),
	set_config('enable_indexscan', 'off', true), set_config('enable_hashjoin', 'off', true),
	set_config('enable_mergejoin', 'off', true), set_config('jit', 'off', true)`

	sqlPortableSettings = `SELECT set_config('lock_timeout', $1, true)`
)
