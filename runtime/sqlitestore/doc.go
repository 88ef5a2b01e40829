// Package sqlitestore keeps records and events in an SQLite database. It is
// the store to begin with: one file, no server, no C compiler.
//
// # Durability
//
// When Commit or Reserve has returned, what it stored survives kill -9 and a
// power cut: the store writes with journal_mode=WAL and synchronous=FULL on a
// connection of its own and verifies both, however the application has opened
// its pool. A database in memory (":memory:") lives as long as its store and
// no longer.
//
// # Files
//
// Beside orders.db there are orders.db-wal and orders.db-shm while it is in
// use, and after a crash. They belong to it: a copy of orders.db alone may
// lack the last commits. To back up a running application use VACUUM INTO or
// the sqlite3 program's .backup command, or stop the application first. A
// database that is put back from a backup gives out event offsets again that
// clients may have seen; have them begin anew.
//
// Several processes on one machine may use the same file. Network file
// systems are not supported: WAL needs shared memory between the processes,
// and their locks are often not to be trusted.
//
// # Growth
//
// Sweep, which the App calls, removes records whose retention is over and
// events as [Options] say; SQLite uses their room again, but the file does not
// shrink. Events that wait for a publisher are limited in time, not in number,
// and so are those of a publisher that is no longer in use: its mark stays, as
// a row of cnerium_marks, until somebody deletes it.
//
// # Beside the application's tables
//
// [Open] takes a path and keeps to itself. [New] takes the application's own
// *sql.DB, so that its tables live in the same file; [OpenDB] opens one that
// is set up well for both. The store's tables begin with cnerium_, its schema
// is versioned and brought up to date when the store opens.
//
// SQLite has one writer at a time. What the store has to write while another
// write is under way is committed together afterwards, with one sync of the
// disk. It waits up to ten seconds for the transactions of the application and
// of other processes. A transaction of the application that is kept open while
// it waits for something else holds up every durable route.
//
// Handlers that take a [Tx] share transactions, too, each in a savepoint of its
// own: one that fails, or whose time is over, is undone alone. Where SQLite
// undoes the whole transaction (a statement that writes is interrupted, the
// disk is full, a handler runs COMMIT or ROLLBACK), the others are carried out
// once more.
//
// # Memory
//
// Records that were committed or read lately are kept in memory, so that a
// replay costs no query, and a filter of all keys, so that a new one costs none
// before its handler runs: see Options.CacheBytes. While several processes have
// the file open there is no such filter. The statements that handlers
// used last, 128 at most, stay prepared; give values as arguments rather than in
// the text, and there are not many.
package sqlitestore
