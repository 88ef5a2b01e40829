package client_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cnerium/cnerium-go/runtime/client"
)

// answering calls a server that answers with a status, a content type and a body.
func answering(t *testing.T, key string, status int, contentType, body string) (*client.Response, *client.Meta, error) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}))
	t.Cleanup(server.Close)
	c, err := client.New(server.URL, nil)
	require.NoError(t, err)
	return c.Do(t.Context(), client.NewRequest("orders.create", http.MethodPost, "/orders"), &client.Call{Key: key})
}

func TestAGivenKeyMayHaveBeenSentBefore(t *testing.T) {
	t.Parallel()
	for _, status := range []int{302, 307, 401, 403, 407} {
		_, _, err := answering(t, "k1", status, "text/plain", "")
		var e *client.Error
		require.ErrorAs(t, err, &e)
		require.True(t, e.Pending(), status)
		_, _, err = answering(t, "", status, "text/plain", "")
		require.ErrorAs(t, err, &e)
		require.False(t, e.Pending(), status)
	}
	_, _, err := answering(t, "k1", http.StatusBadRequest, "text/plain", "")
	var e *client.Error
	require.ErrorAs(t, err, &e)
	require.False(t, e.Pending())
}

func TestASuccessOfSomebodyElseIsPending(t *testing.T) {
	t.Parallel()
	var e *client.Error
	_, _, err := client.JSON[int](answering(t, "", 200, "text/html", "<p>log in"))
	require.ErrorAs(t, err, &e)
	require.True(t, e.Pending())
	require.ErrorContains(t, err, "not from the operation")
	_, err = client.Empty(answering(t, "", 200, "text/html", "<p>log in"))
	require.ErrorAs(t, err, &e)
	require.True(t, e.Pending())
	_, _, err = client.JSON[int](answering(t, "", 200, "application/json", `"text"`))
	require.ErrorAs(t, err, &e)
	require.False(t, e.Pending())
}
