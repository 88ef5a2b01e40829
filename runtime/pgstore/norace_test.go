//go:build !race

package pgstore_test

// raced says that the race detector is off.
const raced = false
