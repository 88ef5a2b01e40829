package pgstore

import (
	"io/fs"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func FuzzHeaderComesBackAsItWas(f *testing.F) {
	f.Add("Content-Type", "text/plain", "Link", "<a>", "<b>")
	f.Add("X-Latin", "caf\xe9", "", "", "\x00\n")
	f.Fuzz(func(t *testing.T, name, value, other, first, second string) {
		header := http.Header{name: {value}, other: {first, second}}
		data := encodeHeader(header)
		got, err := decodeHeader(data)
		require.NoError(t, err)
		require.Equal(t, header, got)
		require.Equal(t, data, encodeHeader(got))
		for cut := range data {
			// A part is an error or a header with less in it.
			got, err := decodeHeader(data[:cut])
			require.True(t, err != nil || len(got) < len(header), "the first %d bytes", cut)
		}
	})
}

func FuzzDamagedHeaderIsAnErrorOrSomeHeader(f *testing.F) {
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01})
	f.Add([]byte{1, 'a', 0xff, 0xff, 0xff, 0xff, 0x0f})
	f.Add(encodeHeader(http.Header{"A": {"b", "c"}, "D": nil}))
	f.Fuzz(func(t *testing.T, data []byte) {
		header, err := decodeHeader(data)
		if err != nil {
			require.ErrorIs(t, err, errHeader)
			return
		}
		again, err := decodeHeader(encodeHeader(header))
		require.NoError(t, err)
		require.Equal(t, header, again)
	})
}

func TestEmptyHeaderTakesNoBytes(t *testing.T) {
	t.Parallel()
	require.Empty(t, encodeHeader(nil))
	require.Empty(t, encodeHeader(http.Header{}))
}

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
