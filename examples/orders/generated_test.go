package main

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cnerium/cnerium-go/generator"
)

func TestGeneratedFileIsWhatTheGeneratorWrites(t *testing.T) {
	t.Parallel()
	report, err := generator.Check(t.Context(), generator.Options{})
	require.NoError(t, err)
	require.Empty(t, report.Diagnostics)
	require.Len(t, report.Files, 1)
	require.Equal(t, string(report.Files[0].New), string(report.Files[0].Old))
	require.Equal(t, generator.UpToDate, report.Files[0].Status)
}
