//go:build race

package sqlitestore_test

// raced says that the race detector is on. It makes SQLite ten times slower,
// so what differs in a setting only is left to the run without it.
const raced = true
