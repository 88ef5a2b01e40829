package ws_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/require"

	cnerium "github.com/cnerium/cnerium-go/runtime"
	"github.com/cnerium/cnerium-go/runtime/feed"
	"github.com/cnerium/cnerium-go/runtime/ws"
)

func TestRoomEventsGoToMembersOnly(t *testing.T) {
	t.Parallel()
	s := serve(t, &ws.Options{Authorize: anyRoom})
	everybody, _ := join(t, s.url)
	inA, _ := join(t, s.url+"?room=a")
	inBoth, _ := join(t, s.url+"?room=a&room=b&room=a")
	s.publishAll(t, []cnerium.Event{event(1, "a"), event(2, "b"), event(3, "c"), event(4, "")})
	requireIDs(t, everybody, 4, 4)
	requireIDs(t, inA, 1, 1)
	requireIDs(t, inA, 4, 4)
	requireIDs(t, inBoth, 1, 2)
	requireIDs(t, inBoth, 4, 4)
}

func TestResumedClientGetsItsRoomsOnly(t *testing.T) {
	t.Parallel()
	s := serve(t, &ws.Options{Authorize: anyRoom, Recent: 1})
	s.publishAll(t, []cnerium.Event{event(1, "a"), event(2, "b"), event(3, "c"), event(4, ""), event(5, "a")})
	conn, _ := join(t, s.url+"?room=a&last_event_id=c.0")
	requireIDs(t, conn, 1, 1)
	requireIDs(t, conn, 4, 5)
}

func TestClientJoinsAndLeavesRoomsByMessage(t *testing.T) {
	t.Parallel()
	s := serve(t, &ws.Options{Authorize: anyRoom})
	conn, _ := join(t, s.url)
	s.publishAll(t, []cnerium.Event{event(1, "a")})
	say(t, conn, `{"action":"subscribe","rooms":["a","b"]}`)
	require.Equal(t, message{Notice: "subscribed", Rooms: []string{"a", "b"}, Cursor: "c.1"}, next(t, conn))
	s.publishAll(t, []cnerium.Event{event(2, "a"), event(3, "b")})
	requireIDs(t, conn, 2, 3)
	say(t, conn, `{"action":"unsubscribe","rooms":["a"]}`)
	require.Equal(t, message{Notice: "unsubscribed", Rooms: []string{"a"}, Cursor: "c.3"}, next(t, conn))
	s.publishAll(t, []cnerium.Event{event(4, "a"), event(5, "b")})
	requireIDs(t, conn, 5, 5)
}

func TestRefusedRoomIsToldAndTheConnectionStays(t *testing.T) {
	t.Parallel()
	s := serve(t, &ws.Options{Authorize: func(*http.Request) (feed.Rooms, error) { return feed.Only("a"), nil }})
	conn, _ := join(t, s.url)
	say(t, conn, `{"action":"subscribe","rooms":["a","secret"]}`)
	answer := next(t, conn)
	require.Equal(t, "error", answer.Notice)
	require.Contains(t, answer.Detail, "secret")
	say(t, conn, `{"action":"subscribe","rooms":[]}`)
	require.Equal(t, "error", next(t, conn).Notice)
	s.publishAll(t, []cnerium.Event{event(1, "secret"), event(2, "a"), event(3, "")})
	requireIDs(t, conn, 3, 3) // it has joined none of them
}

func TestMessageWithAHundredRoomsFits(t *testing.T) {
	t.Parallel()
	s := serve(t, &ws.Options{Authorize: anyRoom})
	conn, _ := join(t, s.url)
	var rooms []string
	for i := range 100 {
		rooms = append(rooms, strings.Repeat(string(rune('a'+i%26)), 155+i))
	}
	text, err := json.Marshal(map[string]any{"action": "subscribe", "rooms": rooms})
	require.NoError(t, err)
	say(t, conn, string(text))
	require.Equal(t, rooms, next(t, conn).Rooms)
}

func TestRoomsAreRefusedWithoutAuthorize(t *testing.T) {
	t.Parallel()
	s := serve(t, nil)
	require.Equal(t, http.StatusForbidden, refused(t, s.url+"?room=a", nil).StatusCode)
	conn, _ := join(t, s.url)
	say(t, conn, `{"action":"subscribe","rooms":["a"]}`)
	require.Equal(t, "error", next(t, conn).Notice)
}

func TestAuthorizeDecidesBeforeTheHandshake(t *testing.T) {
	t.Parallel()
	s := serve(t, &ws.Options{Authorize: func(r *http.Request) (feed.Rooms, error) {
		switch user := r.Header.Get("X-User"); user {
		case "":
			return nil, cnerium.Unauthorized("log in first")
		case "busy":
			return nil, cnerium.TooManyRequests("slow down", 1500*time.Millisecond)
		case "evil":
			return nil, errors.New("secret reason")
		default:
			return feed.Only(user), nil
		}
	}})
	as := func(user string) http.Header { return http.Header{"X-User": {user}} }

	dial(t, s.url+"?room=ann", &websocket.DialOptions{HTTPHeader: as("ann")})
	resp := refused(t, s.url, nil)
	require.Equal(t, http.StatusUnauthorized, resp.StatusCode)
	require.Equal(t, "application/problem+json", resp.Header.Get("Content-Type"))
	require.Contains(t, body(t, resp), "log in first")
	resp = refused(t, s.url, as("busy"))
	require.Equal(t, http.StatusTooManyRequests, resp.StatusCode)
	require.Equal(t, "2", resp.Header.Get("Retry-After"))
	require.Equal(t, http.StatusForbidden, refused(t, s.url+"?room=bob", as("ann")).StatusCode)
	resp = refused(t, s.url, as("evil"))
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
	s := serve(t, &ws.Options{Authorize: anyRoom})
	require.Equal(t, http.StatusBadRequest, refused(t, s.url+"?room=", nil).StatusCode)
	require.Equal(t, http.StatusBadRequest, refused(t, s.url+"?room=a"+strings.Repeat("&room=a", 100), nil).StatusCode)
}

func TestPanicInRoomsEndsOneConnectionOnly(t *testing.T) {
	t.Parallel()
	s := serve(t, &ws.Options{MaxClients: 2, Authorize: func(*http.Request) (feed.Rooms, error) {
		return func(string) bool { panic("rules are broken") }, nil
	}})
	witness, _ := join(t, s.url)
	conn, _ := join(t, s.url)
	say(t, conn, `{"action":"subscribe","rooms":["a"]}`)
	_, _, err := conn.Read(t.Context())
	require.Error(t, err)
	s.publish(t, 1, 1)
	requireIDs(t, witness, 1, 1)
	eventually(t, s.url) // it does not count any more
	s.requireLogged(t, "rules are broken")
}

// eventually connects once there is room for one more.
func eventually(t *testing.T, url string) *websocket.Conn {
	t.Helper()
	var conn *websocket.Conn
	require.Eventually(t, func() bool {
		var err error
		conn, _, err = websocket.Dial(t.Context(), url, nil)
		return err == nil
	}, time.Minute, time.Millisecond)
	t.Cleanup(func() { _ = conn.CloseNow() })
	return conn
}

func TestOneClientTooManyIsRefusedUntilAnotherLeaves(t *testing.T) {
	t.Parallel()
	s := serve(t, &ws.Options{MaxClients: 1})
	first, _ := join(t, s.url)
	resp := refused(t, s.url, nil)
	require.Equal(t, http.StatusServiceUnavailable, resp.StatusCode)
	require.NotEmpty(t, resp.Header.Get("Retry-After"))

	require.NoError(t, first.Close(websocket.StatusNormalClosure, ""))
	second := eventually(t, s.url)
	require.Equal(t, "welcome", next(t, second).Notice)
	s.publish(t, 1, 1)
	requireIDs(t, second, 1, 1)
}
