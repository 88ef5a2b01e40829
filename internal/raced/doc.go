// Package raced tells tests whether the race detector is on, which makes them
// several times slower. What differs from another test in its data only, and
// shares nothing between goroutines, is left to the run without it.
package raced
