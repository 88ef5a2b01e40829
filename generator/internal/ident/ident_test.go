package ident_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cnerium/cnerium-go/generator/internal/ident"
)

func TestIdentifiersChangeTheirCase(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]struct{ lower, upper string }{
		"Service":    {"service", "Service"},
		"service":    {"service", "Service"},
		"HTTPServer": {"httpServer", "HTTPServer"},
		"HTTP":       {"http", "HTTP"},
		"A":          {"a", "A"},
		"AService":   {"aService", "AService"},
		"Übung":      {"übung", "Übung"},
		"éclair":     {"éclair", "Éclair"},
		"ID2":        {"id2", "ID2"},
	} {
		require.Equal(t, want.lower, ident.Unexported(name))
		require.Equal(t, want.upper, ident.Exported(name))
	}
}
