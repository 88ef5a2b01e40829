package ws_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/require"

	cnerium "github.com/cnerium/cnerium-go/runtime"
	"github.com/cnerium/cnerium-go/runtime/ws"
)

// serve returns a hub behind a real server and the server's URL.
func serve(t *testing.T, opts *ws.Options) (*ws.Hub, string) {
	t.Helper()
	hub := ws.NewHub(opts)
	server := httptest.NewServer(hub)
	t.Cleanup(server.Close)
	t.Cleanup(func() { require.NoError(t, hub.Close(context.Background())) })
	return hub, server.URL
}

// dial returns a connected client, which is gone when the test ends.
func dial(t *testing.T, url string, opts *websocket.DialOptions) *websocket.Conn {
	t.Helper()
	conn, _, err := websocket.Dial(t.Context(), url, opts)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.CloseNow() })
	return conn
}

// refused returns the answer to a handshake that must fail.
func refused(t *testing.T, url string, header http.Header) *http.Response {
	t.Helper()
	_, resp, err := websocket.Dial(t.Context(), url, &websocket.DialOptions{HTTPHeader: header})
	require.Error(t, err)
	require.NotNil(t, resp)
	return resp
}

// event returns an event as a store would hand it over.
func event(id int, room string) cnerium.Event {
	return cnerium.Event{
		ID:        strconv.Itoa(id),
		Cursor:    "c." + strconv.Itoa(id),
		Operation: "orders.create",
		Room:      room,
		Type:      "order.created",
		Time:      time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
		Data:      json.RawMessage(`{"order_id":"ord_1"}`),
	}
}

// publish hands over events that are numbered from first to last.
func publish(t *testing.T, hub *ws.Hub, first, last int) {
	t.Helper()
	var events []cnerium.Event
	for id := first; id <= last; id++ {
		events = append(events, event(id, ""))
	}
	require.NoError(t, hub.Publish(t.Context(), events))
}

// nextID reads one event and returns its ID.
func nextID(ctx context.Context, conn *websocket.Conn) (string, error) {
	_, text, err := conn.Read(ctx)
	if err != nil {
		return "", err
	}
	var e struct {
		ID string `json:"id"`
	}
	if err := json.Unmarshal(text, &e); err != nil {
		return "", fmt.Errorf("decode %q: %w", text, err)
	}
	return e.ID, nil
}

// requireIDs reads the events from first to last, in their order.
func requireIDs(t *testing.T, conn *websocket.Conn, first, last int) {
	t.Helper()
	for want := first; want <= last; want++ {
		got, err := nextID(t.Context(), conn)
		require.NoError(t, err)
		require.Equal(t, strconv.Itoa(want), got)
	}
}

// requireClosed reads until the end of the connection and returns how the
// server ended it.
func requireClosed(t *testing.T, conn *websocket.Conn, status websocket.StatusCode) {
	t.Helper()
	_, _, err := conn.Read(t.Context())
	require.Equal(t, status, websocket.CloseStatus(err), "%v", err)
}

func TestEventIsOneTextMessageWithItsCloudEvent(t *testing.T) {
	t.Parallel()
	hub, url := serve(t, nil)
	conn := dial(t, url, nil)
	publish(t, hub, 7, 7)
	kind, text, err := conn.Read(t.Context())
	require.NoError(t, err)
	require.Equal(t, websocket.MessageText, kind)
	want, err := json.Marshal(event(7, ""))
	require.NoError(t, err)
	require.Equal(t, string(want), string(text))
}

func TestEveryClientGetsEveryEventInOrder(t *testing.T) {
	t.Parallel()
	hub, url := serve(t, nil)
	first, second := dial(t, url, nil), dial(t, url, nil)
	publish(t, hub, 1, 50)
	publish(t, hub, 51, 100)
	requireIDs(t, first, 1, 100)
	requireIDs(t, second, 1, 100)
}

func TestClientGetsWhatIsPublishedAfterItsHandshakeOnly(t *testing.T) {
	t.Parallel()
	hub, url := serve(t, nil)
	publish(t, hub, 1, 1)
	conn := dial(t, url, nil)
	publish(t, hub, 2, 2)
	requireIDs(t, conn, 2, 2)
}

func TestPublishRefusesDataThatIsNotJSON(t *testing.T) {
	t.Parallel()
	hub, url := serve(t, nil)
	conn := dial(t, url, nil)
	bad := event(2, "")
	bad.Data = json.RawMessage("{")
	err := hub.Publish(t.Context(), []cnerium.Event{event(1, ""), bad})
	require.ErrorContains(t, err, "publish event 2")
	requireIDs(t, conn, 1, 1)
}

func TestMessageFromClientEndsItsConnection(t *testing.T) {
	t.Parallel()
	hub, url := serve(t, nil)
	talker, listener := dial(t, url, nil), dial(t, url, nil)
	require.NoError(t, talker.Write(t.Context(), websocket.MessageText, []byte("subscribe")))
	requireClosed(t, talker, websocket.StatusPolicyViolation)
	publish(t, hub, 1, 1)
	requireIDs(t, listener, 1, 1)
}

func TestClientsComeAndGoWhileEventsArePublished(t *testing.T) {
	t.Parallel()
	const clients, visits = 10, 3
	hub, url := serve(t, &ws.Options{QueueSize: 10_000})
	publishing, stop := context.WithCancel(t.Context())
	var publisher, visitors sync.WaitGroup
	publisher.Go(func() {
		for id := 1; publishing.Err() == nil; id++ {
			_ = hub.Publish(publishing, []cnerium.Event{event(id, "")})
		}
	})
	failures := make(chan error, clients)
	for range clients {
		visitors.Go(func() {
			for range visits {
				if err := visit(t.Context(), url); err != nil {
					failures <- err
					return
				}
			}
		})
	}
	visitors.Wait()
	stop()
	publisher.Wait()
	close(failures)
	for err := range failures {
		require.NoError(t, err)
	}
}

// visit connects, requires a run of events without a gap, and leaves.
func visit(ctx context.Context, url string) error {
	conn, _, err := websocket.Dial(ctx, url, nil)
	if err != nil {
		return err
	}
	defer func() { _ = conn.CloseNow() }()
	last := 0
	for range 20 {
		text, err := nextID(ctx, conn)
		if err != nil {
			return err
		}
		id, err := strconv.Atoi(text)
		if err != nil {
			return err
		}
		if last != 0 && id != last+1 {
			return fmt.Errorf("event %d came after %d", id, last)
		}
		last = id
	}
	return nil
}
