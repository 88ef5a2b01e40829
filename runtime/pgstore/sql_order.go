package pgstore

// A commit with events takes its ticket in three steps. It takes an advisory
// lock on the last ticket that was given, shared, which says: I am under way,
// and my ticket will be later than this. Then it takes the ticket. The lock
// ends with the transaction. A reader first looks at the last ticket, and then
// at the locks: whoever has a ticket up to that one has had its lock before,
// and either still has it, or its events are there for the next statement. So
// the horizon is the earliest ticket that is locked, or the last one when none
// is: up to there everything is decided.
//
// The lock's first half is the number of the sequence, which no other schema
// has; the second is the ticket, modulo 2^32. The gate is another lock that
// all who are under way share: who could have it alone is alone, and later
// ones will have later tickets.
const (
	sqlClass = `'{s}.event_ticket'::regclass::oid`
	sqlGate  = `(` + sqlClass + `::bigint << 32)`

	sqlLockTicket = `
SELECT pg_advisory_xact_lock_shared(` + sqlGate + `),
	pg_advisory_xact_lock_shared(` + sqlClass + `::integer, last_value::bit(32)::integer)
FROM {s}.event_ticket`

	// The gate is let go of at once, in the same statement: the unlock is of
	// the lock that the session has taken, not of the transaction's.
	sqlTicket = `
given AS MATERIALIZED (SELECT nextval('{s}.event_ticket') AS ticket),
ticket AS MATERIALIZED (
	SELECT ticket, CASE WHEN ticket > 0 AND pg_try_advisory_lock(` + sqlGate + `)
		THEN pg_advisory_unlock(` + sqlGate + `) ELSE false END AS alone
	FROM given
)`

	// $1 is a horizon that was found before: it stays one, though somebody may
	// come to lock an earlier ticket who was slow to do so. No locks need be
	// looked at while it is the last ticket.
	sqlHorizon = `
SELECT h.horizon, set_config('cnerium.horizon', h.horizon::text, true), h.horizon < h.last_value
FROM (
	SELECT s.last_value, CASE WHEN s.last_value <= $1::bigint THEN s.last_value ELSE greatest($1::bigint, least(s.last_value, (
		SELECT min(s.last_value - ((s.last_value - l.objid::bigint) & 4294967295))
		FROM pg_locks l
		WHERE l.locktype = 'advisory' AND l.classid = ` + sqlClass + ` AND l.objsubid = 2
			AND l.database = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database())
	))) END AS horizon
	FROM {s}.event_ticket s
	OFFSET 0
) h`

	sqlKnownHorizon = `current_setting('cnerium.horizon')::bigint`

	sqlLast = `(SELECT s.last_value FROM {s}.event_ticket s)`
)

// The portable order: whoever holds the counter's row gives the next ticket,
// and holds it until its events are there for everybody.
const (
	sqlPortableLock = `SELECT ticket FROM {s}.event_counter FOR UPDATE`

	sqlPortableTicket = `
given AS (UPDATE {s}.event_counter SET ticket = ticket + 1 RETURNING ticket),
ticket AS MATERIALIZED (SELECT ticket, true AS alone FROM given)`

	sqlPortableHorizon = `SELECT ticket, '', false FROM {s}.event_counter WHERE $1::bigint IS NOT NULL`

	sqlPortableKnown = `(SELECT c.ticket FROM {s}.event_counter c)`
)

const (
	sqlEvents = `
SELECT ticket, n, emitted_at, operation, room, type, subject, data
FROM {s}.events
WHERE (ticket, n) > ($1::bigint, $2::bigint) AND ticket <= {horizon}
ORDER BY ticket, n
LIMIT $3`

	sqlBounds = `
SELECT r.ticket, r.n, {last}, EXISTS (SELECT 1 FROM {s}.events e WHERE e.ticket = $1::bigint AND e.n = $2::bigint)
FROM {s}.event_removed r`

	sqlHead = `
SELECT ticket, n
FROM (
	(SELECT ticket, n FROM {s}.events WHERE ticket <= {horizon} ORDER BY ticket DESC, n DESC LIMIT 1)
	UNION ALL
	SELECT ticket, n FROM {s}.event_removed
) places
ORDER BY ticket DESC, n DESC
LIMIT 1`

	sqlPublished = `SELECT ticket, n FROM {s}.marks WHERE publisher = $1::bytea`

	sqlMark = `
INSERT INTO {s}.marks AS m (publisher, ticket, n) VALUES ($1::bytea, $2::bigint, $3::bigint)
ON CONFLICT (publisher) DO UPDATE SET ticket = excluded.ticket, n = excluded.n
WHERE (excluded.ticket, excluded.n) > (m.ticket, m.n)`
)

const (
	sqlSweepRecords = `
WITH gone AS (
	DELETE FROM {s}.records WHERE ctid = ANY (ARRAY(
		SELECT ctid FROM {s}.records
		WHERE committed AND due_at <= coalesce($1::bigint, {clock}) AND due_at >= $3::bigint
		ORDER BY due_at
		LIMIT $2
		FOR UPDATE SKIP LOCKED))
	RETURNING due_at
)
SELECT count(*), coalesce(max(due_at), 0) FROM gone`

	sqlPortableSweepRecords = `
WITH gone AS (
	DELETE FROM {s}.records WHERE (scope, operation, key) IN (
		SELECT scope, operation, key FROM {s}.records
		WHERE committed AND due_at <= coalesce($1::bigint, {clock}) AND due_at >= $3::bigint
		ORDER BY due_at
		LIMIT $2
		FOR UPDATE SKIP LOCKED)
	RETURNING due_at
)
SELECT count(*), coalesce(max(due_at), 0) FROM gone`

	// The mark of the slowest publisher comes with it.
	sqlLockRemoved = `
SELECT r.ticket, r.n, coalesce($1::bigint, {clock}), m.ticket, m.n
FROM {s}.event_removed r
LEFT JOIN LATERAL (SELECT ticket, n FROM {s}.marks ORDER BY ticket, n LIMIT 1) m ON true
FOR UPDATE OF r SKIP LOCKED`

	sqlOldest = `
SELECT ticket, n, committed_at FROM {s}.events
WHERE (ticket, n) > ($1::bigint, $2::bigint) AND ticket <= $3::bigint
ORDER BY ticket, n
LIMIT $4`

	// The last event that is one too many, when $1 are kept.
	sqlExcess = `SELECT ticket, n FROM {s}.events ORDER BY ticket DESC, n DESC OFFSET $1::bigint LIMIT 1`

	sqlDeleteEvents = `DELETE FROM {s}.events WHERE (ticket, n) <= ($1::bigint, $2::bigint)`

	sqlSetRemoved = `UPDATE {s}.event_removed SET ticket = $1::bigint, n = $2::bigint`
)
