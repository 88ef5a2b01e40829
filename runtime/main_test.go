package cnerium_test

import (
	"flag"
	"fmt"
	"os"
	"testing"
)

// long makes the campaigns of this package as long as they are meant to be
// before a release: go test ./runtime -cnerium.long -timeout 60m.
var long = flag.Bool("cnerium.long", false, "run the campaigns at full length")

// shopVariable is the environment variable that makes the test binary a shop,
// a process that the tests start, ask and kill.
const shopVariable = "CNERIUM_TEST_SHOP"

func TestMain(m *testing.M) {
	if os.Getenv(shopVariable) != "" {
		if err := runShop(os.Stdin); err != nil {
			fmt.Fprintln(os.Stderr, "shop:", err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}
