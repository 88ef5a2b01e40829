//go:build unix && race

package sqlitestore_test

// stride is from one fault to the next. Under the race detector SQLite is ten
// times slower, and what it looks for does not depend on which call fails: the
// run without it has them all.
const stride = 3
