package cnerium

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestRequestKey(t *testing.T) {
	t.Parallel()
	for field, want := range map[string]string{
		`k`:                      "k",
		`8e03978e-40d5-43dd`:     "8e03978e-40d5-43dd",
		`"8e03978e-40d5-43dd"`:   "8e03978e-40d5-43dd",
		`"a\"b\\c"`:              `a"b\c`,
		`a"b`:                    `a"b`,
		strings.Repeat("~", 255): strings.Repeat("~", 255),
	} {
		key, err := requestKey(http.Header{keyHeader: {field}})
		require.NoError(t, err, field)
		require.Equal(t, want, key)
	}
	key, err := requestKey(http.Header{keyHeader: {" \"k\"\t"}})
	require.NoError(t, err)
	require.Equal(t, "k", key)
	for _, field := range []string{
		"", " ", `""`, `"`, `"k`, `"k" x`, `"k";v=1`, `"k\x"`, `"k\`, `"a b"`, "a b", "a\tb", "\x7f", "ü", strings.Repeat("k", 256),
	} {
		_, err := requestKey(http.Header{keyHeader: {field}})
		require.ErrorIs(t, err, &Error{Status: http.StatusBadRequest, Type: ProblemKeyInvalid}, field)
	}
	_, err = requestKey(http.Header{})
	require.ErrorIs(t, err, &Error{Status: http.StatusBadRequest, Type: ProblemKeyMissing})
	_, err = requestKey(http.Header{keyHeader: {"k", "k"}})
	require.ErrorContains(t, err, "given 2 times")
}

// FuzzKey checks that whatever is accepted is a key, and that its quoted form
// names the same one.
func FuzzKey(f *testing.F) {
	for _, seed := range []string{"k", `"k"`, `"a\"b"`, `"`, " k", "\x00", "a,b"} {
		f.Add(seed)
	}
	quoter := strings.NewReplacer(`\`, `\\`, `"`, `\"`)
	f.Fuzz(func(t *testing.T, field string) {
		key, err := parseKey(field)
		if err != nil {
			require.Empty(t, key)
			return
		}
		require.NotEmpty(t, key)
		require.LessOrEqual(t, len(key), maxKey)
		for i := range len(key) {
			require.True(t, key[i] > ' ' && key[i] <= '~')
		}
		again, err := parseKey(`"` + quoter.Replace(key) + `"`)
		require.NoError(t, err)
		require.Equal(t, key, again)
	})
}

func TestFingerprintFraming(t *testing.T) {
	t.Parallel()
	seen := map[Fingerprint]int{}
	requests := []struct {
		path  []string
		query string
		body  string
	}{
		{nil, "", ""},
		{[]string{""}, "", ""},
		{[]string{"", ""}, "", ""},
		{[]string{"a"}, "", ""},
		{nil, "a", ""},
		{nil, "", "a"},
		{[]string{"ab"}, "", ""},
		{[]string{"a", "b"}, "", ""},
		{[]string{"a"}, "b", ""},
		{[]string{"a"}, "", "b"},
		{nil, "a", "b"},
		{nil, "ab", ""},
		{nil, "", "ab"},
	}
	for i, r := range requests {
		sum := fingerprint(r.path, r.query, []byte(r.body))
		other, ok := seen[sum]
		require.False(t, ok, "requests %d and %d", i, other)
		seen[sum] = i
		require.Equal(t, sum, fingerprint(r.path, r.query, []byte(r.body)))
	}
}

// FuzzFingerprint checks that no two different requests are framed alike.
func FuzzFingerprint(f *testing.F) {
	f.Add("a", "b", "q", []byte("x"), "ab", "", "q", []byte("x"))
	f.Add("", "", "", []byte{0, 0, 0, 0, 0, 0, 0, 0}, "", "", "\x00", []byte{})
	f.Fuzz(func(t *testing.T, p1, p2, q string, b []byte, r1, r2, s string, c []byte) {
		same := p1 == r1 && p2 == r2 && q == s && string(b) == string(c)
		equal := fingerprint([]string{p1, p2}, q, b) == fingerprint([]string{r1, r2}, s, c)
		require.Equal(t, same, equal)
		require.NotEqual(t, fingerprint([]string{p1, p2}, q, b), fingerprint([]string{p1}, p2+q, b))
	})
}
