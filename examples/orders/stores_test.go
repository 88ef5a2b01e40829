package main

import (
	"strings"
	"testing"

	"github.com/cnerium/cnerium-go/internal/pgtest"
)

// onEachStore runs a test on an empty database of each kind. The place is what
// open and launch take.
func onEachStore(t *testing.T, test func(t *testing.T, place string)) {
	t.Helper()
	for name, place := range map[string]func(t *testing.T) string{
		"sqlite":   func(t *testing.T) string { t.Helper(); return t.TempDir() },
		"postgres": func(t *testing.T) string { t.Helper(); return pgtest.Start(t).Database(t) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, place(t))
		})
	}
}

// isURL reports whether a place is a database's and not a folder.
func isURL(place string) bool { return strings.Contains(place, "://") }
