//go:build !race

package sqlitestore_test

// raced says that the race detector is off.
const raced = false
