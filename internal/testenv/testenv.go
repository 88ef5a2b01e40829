// Package testenv finds what tests need besides Go, and ends those that do not
// find it in the way that the environment asks for.
package testenv

import (
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// Required names the environment variable that lists, with commas between
// them, what must be there: a test that needs it fails without, where it
// would be skipped otherwise.
const Required = "CNERIUM_TEST_REQUIRE"

// Requires reports whether the environment lets no test be skipped for want of
// something.
func Requires(what string) bool {
	return slices.ContainsFunc(strings.Split(os.Getenv(Required), ","), func(name string) bool {
		return strings.TrimSpace(name) == what
	})
}

// Missing fails the test when what it needs is required, and skips it
// otherwise. The reason says what is not there.
func Missing(tb testing.TB, what, reason string) {
	tb.Helper()
	if Requires(what) {
		tb.Fatalf("%s is required by %s: %s", what, Required, reason)
	}
	tb.Skipf("needs %s: %s", what, reason)
}

// Node returns the path of node, or ends the test: see [Missing], "node".
func Node(tb testing.TB) string {
	tb.Helper()
	path, err := exec.LookPath("node")
	if err != nil {
		Missing(tb, "node", err.Error())
	}
	return path
}

// Chromium returns the path of a Chromium, or ends the test: see [Missing],
// "browser". CNERIUM_TEST_CHROMIUM is the path of one that is to be used.
func Chromium(tb testing.TB) string {
	tb.Helper()
	names := []string{"chromium", "chromium-browser", "google-chrome", "headless-shell", "chrome-headless-shell"}
	if chosen := os.Getenv("CNERIUM_TEST_CHROMIUM"); chosen != "" {
		names = []string{chosen}
	}
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	Missing(tb, "browser", "there is none of "+strings.Join(names, ", "))
	return ""
}
