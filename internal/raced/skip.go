package raced

import "testing"

// Skip skips a test under the race detector, and says why that would see
// nothing new in it.
func Skip(tb testing.TB, why string) {
	tb.Helper()
	if On {
		tb.Skip("the race detector has nothing to see here: " + why)
	}
}
