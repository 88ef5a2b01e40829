package client

import (
	"bytes"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestKeysOfDifferentRequestsDiffer(t *testing.T) {
	t.Parallel()
	m := newMessage("host", firstBody)
	seen := map[string]bool{}
	for connection := range uint64(64) {
		for n := range uint64(500) {
			m.setKey(7, connection, n)
			seen[string(m.key)] = true
		}
	}
	require.Len(t, seen, 64*500)
	m.setKey(7, 3, 5)
	again := newMessage("host", otherBody)
	again.setKey(7, 3, 5)
	require.Equal(t, m.key, again.key, "a retry finds its key again")
	require.Regexp(t, "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$", string(m.key))
}

func TestAnAnswerIsReadOnlyWhenItIsWhole(t *testing.T) {
	t.Parallel()
	key := []byte("k-1")
	whole := []byte("HTTP/1.1 201 Created\r\nIdempotency-Replayed: true\r\nContent-Length: 5\r\n\r\n[k-1]")
	for n := range whole {
		_, done, err := parse(whole[:n], key)
		require.NoError(t, err)
		require.False(t, done, "%q", whole[:n])
	}
	a, done, err := parse(whole, key)
	require.NoError(t, err)
	require.True(t, done)
	require.Equal(t, answer{status: 201, replayed: true}, a)
}

func TestAnAnswerThatIsWrongIsAnError(t *testing.T) {
	t.Parallel()
	whole := []byte("HTTP/1.1 201 Created\r\nContent-Length: 5\r\n\r\n[k-1]")
	for name, text := range map[string][]byte{
		"another key":    bytes.Replace(whole, []byte("k-1"), []byte("k-2"), 1),
		"more":           append(bytes.Clone(whole), 'x'),
		"no length":      bytes.Replace(whole, []byte("Content-Length: 5\r\n"), nil, 1),
		"no status":      bytes.Replace(whole, []byte("201"), []byte("xyz"), 1),
		"nothing at all": []byte("\r\n\r\n"),
	} {
		_, _, err := parse(text, []byte("k-1"))
		require.Error(t, err, name)
	}
}

func TestQuantilesAreOfTheSortedValues(t *testing.T) {
	t.Parallel()
	var values []time.Duration
	for i := range 1000 {
		values = append(values, time.Duration(i+1))
	}
	require.EqualValues(t, 500, quantile(values, 0.5))
	require.EqualValues(t, 990, quantile(values, 0.99))
	require.EqualValues(t, 999, quantile(values, 0.999))
	require.EqualValues(t, 1, quantile(values[:1], 0.999))
}
