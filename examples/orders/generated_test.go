package main

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cnerium/cnerium-go/generator"
)

// TestGeneratedFilesAreWhatTheGeneratorWrites covers the routes, the documents
// and the clients.
func TestGeneratedFilesAreWhatTheGeneratorWrites(t *testing.T) {
	t.Parallel()
	report, err := generator.Check(t.Context(), generator.Options{})
	require.NoError(t, err)
	require.Empty(t, report.Diagnostics)
	require.Greater(t, len(report.Files), 5)
	for _, file := range report.Files {
		require.Equal(t, string(file.New), string(file.Old), file.Path)
		require.Equal(t, generator.UpToDate, file.Status, file.Path)
	}
}
