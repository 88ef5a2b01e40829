package pgtest_test

import (
	"fmt"
	"os"
	"testing"

	"github.com/cnerium/cnerium-go/internal/pgtest"
)

// asVictim makes the test binary a process that starts a cluster and waits to
// be killed.
const asVictim = "PGTEST_TEST_AS_VICTIM"

func TestMain(m *testing.M) { pgtest.Main(m) }

// TestVictim is the process that TestNoClusterOutlivesItsTests kills.
func TestVictim(t *testing.T) {
	if os.Getenv(asVictim) == "" {
		t.Skip("runs as a process of another test only")
	}
	fmt.Println(pgtest.NewCluster(t).URL())
	select {}
}
