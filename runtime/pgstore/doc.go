// Package pgstore keeps records and events in PostgreSQL. It is the store for
// an application that runs on several machines, or whose database has to
// survive one: all nodes share one ledger, and a retry may come to any of them.
//
// # Durability
//
// What Commit, Reserve or Transact have stored is as durable as a commit of
// the server is: on its disk, and with synchronous_standby_names also on
// another machine. A server with fsync or synchronous_commit off, or one that
// is a standby, is refused. A standby that is promoted without having been
// synchronous lacks the last commits, answered ones among them; see
// Options.RequireSynchronousStandby.
//
// # The schema
//
// The store's tables are in a schema of their own. The store makes and
// upgrades them itself, which takes the privilege CREATE on the database. Or
// somebody else applies [Migrations], plain SQL files in the order of their
// names, with goose, tern, atlas or psql; then the store's role needs only
//
//	GRANT USAGE ON SCHEMA cnerium TO app;
//	GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA cnerium TO app;
//	GRANT SELECT, USAGE ON ALL SEQUENCES IN SCHEMA cnerium TO app;
//
// # Time
//
// Leases and retentions are counted by the database's clock, so the clocks of
// the nodes do not matter.
//
// # The order of events
//
// A commit with events takes a ticket from a sequence, while it holds an
// advisory lock that says so, and readers stop before the ticket of the first
// commit that is still under way. So no event is ever skipped, however long a
// transaction takes, and nobody waits for a transaction that emits nothing.
// The locks and the tickets are taken together with the commit, when the
// handler is done, so a slow handler delays no events.
//
// A commit that others were overlapping returns a cursor that may lie some
// milliseconds before its events: who goes on from there gets them once more,
// and misses nothing.
//
// Options.Portable orders events by the lock of one row instead, which engines
// that speak PostgreSQL's protocol have, too. Commits with events then follow
// one another, each with its own sync.
//
// # Memory
//
// The store remembers the keys that it has had to do with, two bytes for each
// and 16 MiB at most, so that it looks up only those: see
// [Store.LikelyAbsent].
//
// # Connection poolers
//
// Behind PgBouncer in transaction mode give the URL
// default_query_exec_mode=exec, or let PgBouncer track prepared statements
// (max_prepared_statements), and give Options.ListenURL a direct URL.
package pgstore
