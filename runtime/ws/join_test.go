package ws_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/require"

	cnerium "github.com/cnerium/cnerium-go/runtime"
	"github.com/cnerium/cnerium-go/runtime/ws"
)

func allowAll(*http.Request, []string) error { return nil }

func TestRoomEventsGoToMembersOnly(t *testing.T) {
	t.Parallel()
	hub, url := serve(t, &ws.Options{Authorize: allowAll})
	everybody := dial(t, url, nil)
	inA := dial(t, url+"?room=a", nil)
	inBoth := dial(t, url+"?room=a&room=b&room=a", nil)
	events := []cnerium.Event{event(1, "a"), event(2, "b"), event(3, "c"), event(4, "")}
	require.NoError(t, hub.Publish(t.Context(), events))
	requireIDs(t, everybody, 4, 4)
	requireIDs(t, inA, 1, 1)
	requireIDs(t, inA, 4, 4)
	requireIDs(t, inBoth, 1, 2)
	requireIDs(t, inBoth, 4, 4)
}

func TestRoomsAreRefusedWithoutAuthorize(t *testing.T) {
	t.Parallel()
	_, url := serve(t, nil)
	require.Equal(t, http.StatusForbidden, refused(t, url+"?room=a", nil).StatusCode)
}

func TestAuthorizeDecides(t *testing.T) {
	t.Parallel()
	rules := func(r *http.Request, rooms []string) error {
		switch user := r.Header.Get("X-User"); {
		case user == "":
			return cnerium.Unauthorized("log in first")
		case user == "busy":
			return cnerium.TooManyRequests("slow down", 1500*time.Millisecond)
		case strings.Join(rooms, ",") != user:
			return errors.New("secret reason")
		}
		return nil
	}
	_, url := serve(t, &ws.Options{Authorize: rules})
	as := func(user string) http.Header { return http.Header{"X-User": {user}} }

	dial(t, url+"?room=ann", &websocket.DialOptions{HTTPHeader: as("ann")})
	resp := refused(t, url, nil)
	require.Equal(t, http.StatusUnauthorized, resp.StatusCode)
	require.Equal(t, "log in first\n", body(t, resp))
	resp = refused(t, url, as("busy"))
	require.Equal(t, http.StatusTooManyRequests, resp.StatusCode)
	require.Equal(t, "2", resp.Header.Get("Retry-After"))
	resp = refused(t, url+"?room=bob", as("ann"))
	require.Equal(t, http.StatusForbidden, resp.StatusCode)
	require.NotContains(t, body(t, resp), "secret")
}

func body(t *testing.T, resp *http.Response) string {
	t.Helper()
	text, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return string(text)
}

func TestUnusableRoomsAreRefused(t *testing.T) {
	t.Parallel()
	_, url := serve(t, &ws.Options{Authorize: allowAll})
	require.Equal(t, http.StatusBadRequest, refused(t, url+"?room=", nil).StatusCode)
	require.Equal(t, http.StatusBadRequest, refused(t, url+"?room=a"+strings.Repeat("&room=a", 100), nil).StatusCode)
}

func TestOneClientTooManyIsRefusedUntilAnotherLeaves(t *testing.T) {
	t.Parallel()
	hub, url := serve(t, &ws.Options{MaxClients: 1})
	first := dial(t, url, nil)
	resp := refused(t, url, nil)
	require.Equal(t, http.StatusServiceUnavailable, resp.StatusCode)
	require.NotEmpty(t, resp.Header.Get("Retry-After"))

	require.NoError(t, first.Close(websocket.StatusNormalClosure, ""))
	var second *websocket.Conn
	require.Eventually(t, func() bool {
		var err error
		second, _, err = websocket.Dial(t.Context(), url, nil)
		return err == nil
	}, time.Minute, time.Millisecond)
	defer func() { _ = second.CloseNow() }()
	publish(t, hub, 1, 1)
	requireIDs(t, second, 1, 1)
}
