package modeltest

import (
	"fmt"
	"io/fs"
	"testing"

	"github.com/stretchr/testify/require"
)

// Migrations checks that the files of a schema are numbered from 1 on, without a
// gap and in so many digits: a store applies them in the order of their names.
func Migrations(t *testing.T, migrations fs.FS, digits int) {
	t.Helper()
	files, err := fs.Glob(migrations, "schema/*")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for i, file := range files {
		require.Regexp(t, fmt.Sprintf(`^schema/%0*d_[a-z_]+\.sql$`, digits, i+1), file)
	}
}
