// Package pgtest gives tests a real PostgreSQL: one that the environment names,
// or a throwaway cluster of their own, and a [Proxy] that cuts connections to
// it between any two messages of the protocol.
//
// A package whose tests use it has
//
//	func TestMain(m *testing.M) { pgtest.Main(m) }
//
// and each test begins with
//
//	url := pgtest.Start(t).Database(t)
//
// The environment decides what is used:
//
//   - CNERIUM_TEST_POSTGRES is the URL of a PostgreSQL whose role may create
//     databases. Without it a cluster is made with initdb, which is looked for
//     on PATH, where pg_config points, and where Debian and others put it.
//   - CNERIUM_TEST_REQUIRE is a list with commas; with "postgres" in it a test
//     that finds no PostgreSQL fails, instead of being skipped with the reason,
//     and with "pgbouncer" one that finds no PgBouncer: see [Server.Pooler].
//
// A throwaway cluster syncs as a real one does, because durability is what is
// tested. It listens on loopback with a random password, belongs to another
// user when the tests run as root, and goes away with the test process however
// that ends.
package pgtest
