package ws_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/require"

	"github.com/cnerium/cnerium-go/runtime/ws"
)

func TestMessageThatIsNoWishEndsTheConnection(t *testing.T) {
	t.Parallel()
	s := serve(t, &ws.Options{Authorize: anyRoom})
	witness, _ := join(t, s.url)
	for name, test := range map[string]struct {
		kind   websocket.MessageType
		text   string
		status websocket.StatusCode
		reason string
	}{
		"binary":         {websocket.MessageBinary, `{"action":"subscribe","rooms":["a"]}`, websocket.StatusUnsupportedData, "text"},
		"empty":          {websocket.MessageText, "", websocket.StatusInvalidFramePayloadData, "JSON"},
		"no JSON":        {websocket.MessageText, "subscribe", websocket.StatusInvalidFramePayloadData, "JSON"},
		"cut short":      {websocket.MessageText, `{"action":"subscribe"`, websocket.StatusInvalidFramePayloadData, "JSON"},
		"two values":     {websocket.MessageText, `{} {}`, websocket.StatusInvalidFramePayloadData, "JSON"},
		"bad UTF-8":      {websocket.MessageText, "{\"action\":\"subscribe\",\"rooms\":[\"\xff\"]}", websocket.StatusInvalidFramePayloadData, "UTF-8"},
		"very deep":      {websocket.MessageText, strings.Repeat("[", 20_000), websocket.StatusInvalidFramePayloadData, "JSON"},
		"no object":      {websocket.MessageText, `["subscribe"]`, websocket.StatusPolicyViolation, "expected"},
		"null":           {websocket.MessageText, `null`, websocket.StatusPolicyViolation, "expected"},
		"no action":      {websocket.MessageText, `{"rooms":["a"]}`, websocket.StatusPolicyViolation, "expected"},
		"unknown action": {websocket.MessageText, `{"action":"publish","rooms":["a"]}`, websocket.StatusPolicyViolation, "expected"},
		"unknown member": {websocket.MessageText, `{"action":"subscribe","rooms":["a"],"cursor":"c.1"}`, websocket.StatusPolicyViolation, "expected"},
		"wrong type":     {websocket.MessageText, `{"action":"subscribe","rooms":"a"}`, websocket.StatusPolicyViolation, "expected"},
		"too large":      {websocket.MessageText, strings.Repeat(" ", 32<<10) + "1", websocket.StatusMessageTooBig, "32768"},
		"huge":           {websocket.MessageText, strings.Repeat(" ", 1<<20), websocket.StatusMessageTooBig, "32768"},
	} {
		conn, _ := join(t, s.url)
		require.NoError(t, conn.Write(t.Context(), test.kind, []byte(test.text)), name)
		requireClosed(t, conn, test.status, test.reason)
	}
	s.publish(t, 1, 1)
	requireIDs(t, witness, 1, 1)
}

func TestFragmentsAreLimitedTogether(t *testing.T) {
	t.Parallel()
	s := serve(t, nil)
	conn, _ := join(t, s.url)
	w, err := conn.Writer(t.Context(), websocket.MessageText)
	require.NoError(t, err)
	for range 40 {
		_, err := w.Write([]byte(strings.Repeat(" ", 1000)))
		require.NoError(t, err)
	}
	requireClosed(t, conn, websocket.StatusMessageTooBig, "32768")
}

func TestFloodOfMessagesEndsTheConnection(t *testing.T) {
	t.Parallel()
	inBubble(t, &ws.Options{Authorize: anyRoom}, func(t *testing.T, n *network) {
		conn := n.client(t, true)
		for i := range 1000 { // as many as are allowed, for a long time
			say(t, conn, `{"action":"subscribe","rooms":["a"]}`)
			require.Equal(t, "subscribed", next(t, conn).Notice, i)
			time.Sleep(time.Second / 20) // of the bubble's clock
		}
		for range 200 {
			say(t, conn, `{"action":"unsubscribe","rooms":["a"]}`)
			require.Equal(t, "unsubscribed", next(t, conn).Notice)
		}
		say(t, conn, `{"action":"unsubscribe","rooms":["a"]}`)
		requireClosed(t, conn, websocket.StatusPolicyViolation, "too many messages")
	})
}

func TestClientThatReadsNoAnswersCostsABoundedQueue(t *testing.T) {
	t.Parallel()
	inBubble(t, &ws.Options{QueueSize: 10}, func(t *testing.T, n *network) {
		conn := n.client(t, true)
		n.publish(t, 1, 1)
		synctest.Wait() // the event is on its way
		for i := range 11 {
			say(t, conn, fmt.Sprintf(`{"action":"unsubscribe","rooms":["room %d"]}`, i))
		}
		synctest.Wait()
		requireIDs(t, conn, 1, 1)
		requireClosed(t, conn, websocket.StatusTryAgainLater, "come back")
	})
}
