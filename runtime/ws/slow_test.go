package ws_test

import (
	"context"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/require"

	"github.com/cnerium/cnerium-go/runtime/ws"
)

// follow reads events until the connection ends.
func follow(ctx context.Context, conn *websocket.Conn, ids *[]string) {
	for {
		m, err := read(ctx, conn)
		if err != nil {
			return
		}
		*ids = append(*ids, m.ID)
	}
}

func TestSlowClientIsClosedWhileOthersGetEverything(t *testing.T) {
	t.Parallel()
	const queue, events = 4, 100
	inBubble(t, &ws.Options{QueueSize: queue}, func(t *testing.T, n *network) {
		slow, fast := n.client(t, true), n.client(t, true)
		var got []string
		go follow(t.Context(), fast, &got)
		for id := 1; id <= events; id++ {
			n.publish(t, id, id)
			synctest.Wait()
		}
		require.Len(t, got, events)
		require.Equal(t, strconv.Itoa(events), got[events-1])

		requireIDs(t, slow, 1, 1) // it was on its way when the queue filled up
		requireClosed(t, slow, websocket.StatusTryAgainLater, "come back with your cursor")
	})
}

func TestClientAtTheLimitOfItsQueueIsKept(t *testing.T) {
	t.Parallel()
	const queue = 4
	inBubble(t, &ws.Options{QueueSize: queue}, func(t *testing.T, n *network) {
		slow := n.client(t, true)
		n.publish(t, 1, 1)
		synctest.Wait() // the first is on its way
		n.publish(t, 2, 1+queue)
		requireIDs(t, slow, 1, 1+queue)
		n.publish(t, 6, 6)
		requireIDs(t, slow, 6, 6)
	})
}

func TestClientOneEventBeyondTheLimitIsClosed(t *testing.T) {
	t.Parallel()
	const queue = 4
	inBubble(t, &ws.Options{QueueSize: queue}, func(t *testing.T, n *network) {
		slow := n.client(t, true)
		n.publish(t, 1, 1)
		synctest.Wait() // the first is on its way
		n.publish(t, 2, 1+queue+1)
		requireIDs(t, slow, 1, 1)
		requireClosed(t, slow, websocket.StatusTryAgainLater, "come back with your cursor")
	})
}

func TestClientThatTakesNothingIsCutOff(t *testing.T) {
	t.Parallel()
	inBubble(t, &ws.Options{WriteTimeout: 3 * time.Second}, func(t *testing.T, n *network) {
		n.client(t, true)
		n.publish(t, 1, 2)
		start := time.Now()
		require.NoError(t, n.hub.Close(t.Context())) // returns when no client is left
		require.Equal(t, 3*time.Second, time.Since(start))
	})
}
