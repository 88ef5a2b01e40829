//go:build race

package pgstore_test

// raced says that the race detector is on. It makes everything slower,
// so what differs in a setting only is left to the run without it.
const raced = true
