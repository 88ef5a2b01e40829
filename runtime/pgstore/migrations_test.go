package pgstore

import (
	"io/fs"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestMigrationsAreNumberedWithoutGaps(t *testing.T) {
	t.Parallel()
	files, err := fs.Glob(migrations, "schema/*")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for i, file := range files {
		number, _, found := strings.Cut(strings.TrimPrefix(file, "schema/"), "_")
		require.True(t, found, file)
		version, err := strconv.Atoi(number)
		require.NoError(t, err, file)
		require.Equal(t, i+1, version, file)
		require.Len(t, number, 3, file)
	}
}
