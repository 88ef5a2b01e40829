package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// shop answers each order with a status, and a success with the order.
func shop(t *testing.T, status int) (url string, keys *[]string) {
	t.Helper()
	keys = new([]string)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		*keys = append(*keys, r.Header.Get("Idempotency-Key"))
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, `{"ok":true,"order_id":"ord_1","product_id":"p1","quantity":2}`)
	}))
	t.Cleanup(server.Close)
	return server.URL, keys
}

// placeorder runs the program and returns what it has printed.
func placeorder(t *testing.T, want int, url, file string, args ...string) string {
	t.Helper()
	var printed bytes.Buffer
	code := run(append([]string{"-url", url, "-file", file}, args...), &printed, &printed)
	require.Equal(t, want, code, printed.String())
	return printed.String()
}

func TestAnOrderWithoutAnAnswerKeepsItsKey(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "kept.json")
	broken, first := shop(t, http.StatusInternalServerError)
	require.Contains(t, placeorder(t, 1, broken, file), "run this again")
	before, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Contains(t, placeorder(t, 1, broken, file), "run this again")
	after, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, string(before), string(after))

	whole, second := shop(t, http.StatusCreated)
	require.Equal(t, "ord_1: placed, 2 of p1\n", placeorder(t, 0, whole, file))
	require.NoFileExists(t, file)
	require.Equal(t, []string{(*second)[0], (*second)[0]}, *first)

	placeorder(t, 0, whole, file)
	require.NotEqual(t, (*second)[0], (*second)[1])
}

func TestARefusedOrderIsNotKept(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "kept.json")
	url, keys := shop(t, http.StatusBadRequest)
	require.Contains(t, placeorder(t, 1, url, file, "-quantity", "0"), "orders.create: 400")
	require.NoFileExists(t, file)
	require.Len(t, *keys, 1)
}

func TestWhatIsKeptIsNotSentBlindly(t *testing.T) {
	t.Parallel()
	url, keys := shop(t, http.StatusCreated)
	const form = `{"key":"k1","since":%q,"order":{"product_id":"p1","quantity":%d}}`
	for text, want := range map[string]string{
		fmt.Sprintf(form, "2020-01-01T00:00:00Z", 1): "look there for ord_k1",
		fmt.Sprintf(form, "2020-01-01T00:00:00Z", 7): "-product p1 -quantity 7",
		`{"key":"k1","si`: "has not been sent: delete it",
	} {
		file := filepath.Join(t.TempDir(), "kept.json")
		require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
		require.Contains(t, placeorder(t, 1, url, file), want)
		require.FileExists(t, file)
	}
	require.Empty(t, *keys)
}

func TestPlaceorderSaysWhatIsWrongWithItsArguments(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "kept.json")
	require.Contains(t, placeorder(t, 2, "", file, "-color", "red"), "-product")
	require.Contains(t, placeorder(t, 0, "", file, "-help"), "-product")
	require.Contains(t, placeorder(t, 1, "nowhere", file), "nowhere")
	require.NoFileExists(t, file)
}
