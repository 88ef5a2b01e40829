package ws_test

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/require"

	cnerium "github.com/cnerium/cnerium-go/runtime"
	"github.com/cnerium/cnerium-go/runtime/feed"
	"github.com/cnerium/cnerium-go/runtime/ws"
)

func TestCloseSendsWhatIsWaitingAndSaysGoodbye(t *testing.T) {
	t.Parallel()
	inBubble(t, nil, func(t *testing.T, n *network) {
		conn := n.client(t, true)
		n.publish(t, 1, 10)
		closed := make(chan error)
		go func() { closed <- n.hub.Close(t.Context()) }()
		synctest.Wait()
		requireIDs(t, conn, 1, 10)
		requireClosed(t, conn, websocket.StatusGoingAway, "connect again with your cursor")
		require.NoError(t, <-closed)
	})
}

func TestClosedHubRefusesClientsAndEvents(t *testing.T) {
	t.Parallel()
	s := serve(t, nil)
	require.NoError(t, s.hub.Close(t.Context()))
	require.NoError(t, s.hub.Close(t.Context()))
	resp := refused(t, s.url, nil)
	require.Equal(t, http.StatusServiceUnavailable, resp.StatusCode)
	require.Equal(t, "1", resp.Header.Get("Retry-After"))
	require.ErrorIs(t, s.hub.Publish(t.Context(), []cnerium.Event{event(1, "")}), feed.ErrClosed)
}

func TestCloseCutsOffWhoIsLeftWhenItsContextEnds(t *testing.T) {
	t.Parallel()
	inBubble(t, &ws.Options{WriteTimeout: time.Hour}, func(t *testing.T, n *network) {
		n.client(t, true)
		n.publish(t, 1, 1) // nobody reads it
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		err := n.hub.Close(ctx)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.ErrorContains(t, err, "1 subscribers cut off")
		start := time.Now()
		require.NoError(t, n.hub.Close(t.Context()))
		require.Zero(t, time.Since(start))
	})
}

func TestClientThatNeverEndsItsHugeMessageIsCutOff(t *testing.T) {
	t.Parallel()
	inBubble(t, &ws.Options{WriteTimeout: 3 * time.Second}, func(t *testing.T, n *network) {
		conn, err := n.pipes.dial(t.Context(), "", "")
		require.NoError(t, err)
		start := time.Now()
		var sender sync.WaitGroup
		defer sender.Wait()
		sender.Go(func() { trickle(conn) })
		_, err = io.Copy(io.Discard, conn)
		require.NoError(t, err)
		require.Equal(t, 3*time.Second, time.Since(start))
	})
}

// trickle connects and sends a message of a terabyte: first more than the hub
// takes, and then a byte a second.
func trickle(conn net.Conn) {
	err := upgrade(conn)
	for _, text := range []string{"\x81\xff\x00\x00\x01\x00\x00\x00\x00\x00mask", strings.Repeat(".", 64<<10)} {
		if err == nil {
			_, err = io.WriteString(conn, text)
		}
	}
	for err == nil {
		time.Sleep(900 * time.Millisecond) // of the bubble's clock
		_, err = conn.Write([]byte("."))
	}
}

func TestNothingFollowsTheCloseFrame(t *testing.T) {
	t.Parallel()
	inBubble(t, &ws.Options{WriteTimeout: 3 * time.Second}, func(t *testing.T, n *network) {
		conn, err := n.pipes.dial(t.Context(), "", "")
		require.NoError(t, err)
		var got bytes.Buffer
		var reader sync.WaitGroup
		reader.Go(func() { _, err = io.Copy(&got, conn) })
		require.NoError(t, upgrade(conn))
		synctest.Wait()                                    // the welcome is there
		_, failure := io.WriteString(conn, "\x82\x80mask") // an empty binary message
		require.NoError(t, failure)
		synctest.Wait() // the hub has said goodbye, and waits for the same
		n.publish(t, 1, 1)
		reader.Wait()
		require.NoError(t, err)
		require.Contains(t, got.String(), "welcome")
		reason := "a message has to be text"
		require.True(t, strings.HasSuffix(got.String(), "\x88"+string(rune(2+len(reason)))+"\x03\xeb"+reason), "%q", got.String())
	})
}
