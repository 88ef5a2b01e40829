package ws_test

import (
	"fmt"
	"os"
	"testing"
)

// TestMain lets the test binary be the crowd of a benchmark, too, so that what
// the clients cost is in another process.
func TestMain(m *testing.M) {
	if url := os.Getenv(crowdURL); url != "" {
		if err := runCrowd(url, os.Getenv(crowdSize), os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}
