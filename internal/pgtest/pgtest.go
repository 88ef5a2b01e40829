package pgtest

import (
	"flag"
	"os"
	"runtime"
	"strconv"
	"sync"
	"testing"

	"github.com/cnerium/cnerium-go/internal/testenv"
)

const (
	envURL     = "CNERIUM_TEST_POSTGRES"
	envRequire = "CNERIUM_TEST_REQUIRE"
)

// shared is the server of all tests of the process. It is started by the first
// that asks.
var shared struct {
	once   sync.Once
	server *Server
	err    error
}

// Main runs the tests of a package and stops what [Start] has started. When
// the process ends without coming back here, as it does when a test takes too
// long, the cluster notices and stops by itself.
func Main(m *testing.M) {
	defer func() {
		if shared.server != nil {
			shared.server.remove()
		}
	}()
	moreAtOnce()
	m.Run() // the code that it returns is used by the testing package
}

// moreAtOnce lets more tests run at a time than there are processors, because
// most of their time they wait for a server and its disk. The flag -parallel
// has the last word.
func moreAtOnce() {
	if err := flag.Set("test.parallel", strconv.Itoa(2*runtime.GOMAXPROCS(0))); err != nil {
		panic(err)
	}
}

// Start returns the server that the tests of this process share. It skips the
// test when there is none, and says what to do, or fails it where PostgreSQL
// is required. Nobody may stop this server: see [NewCluster].
func Start(tb testing.TB) *Server {
	tb.Helper()
	shared.once.Do(func() {
		if url := os.Getenv(envURL); url != "" {
			shared.server = &Server{url: url}
			return
		}
		shared.server, shared.err = startCluster(nil)
	})
	if shared.err != nil {
		unavailable(tb, shared.err)
	}
	return shared.server
}

// NewCluster returns a server of the test's own, which it may stop and start
// again. It is a throwaway cluster also where [Start] uses one that the
// environment names. The settings are lines of postgresql.conf. The cluster is
// removed when the test ends.
func NewCluster(tb testing.TB, settings ...string) *Server {
	tb.Helper()
	server, err := startCluster(settings)
	if err != nil {
		unavailable(tb, err)
	}
	tb.Cleanup(server.remove)
	return server
}

// unavailable ends the test, in the way that the environment asks for.
func unavailable(tb testing.TB, reason error) {
	tb.Helper()
	const advice = "install PostgreSQL (Debian: apt-get install postgresql), or set " + envURL +
		" to the URL of one whose role may create databases"
	if testenv.Requires("postgres") {
		tb.Fatalf("PostgreSQL is required by %s, but %v: %s", envRequire, reason, advice)
	}
	tb.Skipf("no PostgreSQL: %v: %s", reason, advice)
}
