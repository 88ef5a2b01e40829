//go:build unix && !race

package sqlitestore_test

// stride is from one fault to the next: all calls fail, one after the other.
const stride = 1
