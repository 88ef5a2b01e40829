package ws_test

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/require"

	"github.com/cnerium/cnerium-go/runtime/ws"
)

func TestFirstMessageIsTheWelcome(t *testing.T) {
	t.Parallel()
	s := serve(t, &ws.Options{Authorize: anyRoom})
	s.publish(t, 1, 3)
	conn, welcome := join(t, s.url+"?room=b&room=a")
	require.Equal(t, message{Notice: "welcome", Cursor: "c.3", Rooms: []string{"a", "b"}}, welcome)
	s.publish(t, 4, 4)
	requireIDs(t, conn, 4, 4)
}

func TestEventIsOneTextMessageWithItsCloudEvent(t *testing.T) {
	t.Parallel()
	s := serve(t, nil)
	conn, _ := join(t, s.url)
	s.publish(t, 7, 7)
	kind, text, err := conn.Read(t.Context())
	require.NoError(t, err)
	require.Equal(t, websocket.MessageText, kind)
	want, err := json.Marshal(event(7, ""))
	require.NoError(t, err)
	require.Equal(t, string(want), string(text))
}

func TestEveryClientGetsEveryEventInOrder(t *testing.T) {
	t.Parallel()
	s := serve(t, nil)
	first, _ := join(t, s.url)
	second, _ := join(t, s.url)
	s.publish(t, 1, 50)
	s.publish(t, 51, 100)
	requireIDs(t, first, 1, 100)
	requireIDs(t, second, 1, 100)
}

func TestHubIsNotThereBeforeItsAppHasStarted(t *testing.T) {
	t.Parallel()
	url := listen(t, ws.NewHub(nil))
	resp := refused(t, url, nil)
	require.Equal(t, http.StatusServiceUnavailable, resp.StatusCode)
	require.Equal(t, "1", resp.Header.Get("Retry-After"))
}

func TestClientComesBackWithItsCursor(t *testing.T) {
	t.Parallel()
	yes, no := true, false
	s := serve(t, &ws.Options{Recent: 2})
	s.publish(t, 1, 250)
	for name, test := range map[string]struct {
		query, header string
		want          message
		first         int // event that comes first, before 251
	}{
		"from memory":         {query: "?last_event_id=c.249", want: message{Notice: "welcome", Cursor: "c.249", Recovered: &yes}, first: 250},
		"from the history":    {query: "?last_event_id=c.20", want: message{Notice: "welcome", Cursor: "c.20", Recovered: &yes}, first: 21},
		"by header":           {header: "c.240", want: message{Notice: "welcome", Cursor: "c.240", Recovered: &yes}, first: 241},
		"of another store":    {query: "?last_event_id=x.20", want: message{Notice: "welcome", Cursor: "c.250", Recovered: &no}, first: 251},
		"nothing was missed":  {query: "?last_event_id=c.250", want: message{Notice: "welcome", Cursor: "c.250", Recovered: &yes}, first: 251},
		"header before query": {header: "c.249", query: "?last_event_id=c.1", want: message{Notice: "welcome", Cursor: "c.249", Recovered: &yes}, first: 250},
	} {
		header := http.Header{}
		if test.header != "" {
			header.Set("Last-Event-ID", test.header)
		}
		conn := dial(t, s.url+test.query, &websocket.DialOptions{HTTPHeader: header})
		require.Equal(t, test.want, next(t, conn), name)
		requireIDs(t, conn, test.first, 250)
		defer func() { requireIDs(t, conn, 251, 251) }()
	}
	s.publish(t, 251, 251)
}

func TestUnreadableHistoryEndsTheConnectionForLater(t *testing.T) {
	t.Parallel()
	s := serve(t, &ws.Options{Recent: 2})
	s.publish(t, 1, 250)
	s.journal.failAfter("c.100")
	conn, _ := join(t, s.url+"?last_event_id=c.0")
	requireIDs(t, conn, 1, 100)
	requireClosed(t, conn, websocket.StatusInternalError, "come back")
}

func TestPanicOfTheHistoryEndsOneConnectionOnly(t *testing.T) {
	t.Parallel()
	s := serve(t, &ws.Options{Recent: 2})
	s.publish(t, 1, 250)
	s.journal.panicAfter("c.100")
	witness, _ := join(t, s.url)
	conn, _ := join(t, s.url+"?last_event_id=c.0")
	requireIDs(t, conn, 1, 100)
	_, _, err := conn.Read(t.Context())
	require.Error(t, err)
	s.requireLogged(t, "history is broken")
	s.publish(t, 251, 251)
	requireIDs(t, witness, 251, 251)
}
