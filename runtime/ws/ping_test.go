package ws_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cnerium/cnerium-go/runtime/ws"
)

func TestClientThatAnswersPingsIsKept(t *testing.T) {
	t.Parallel()
	inBubble(t, nil, func(t *testing.T, n *network) {
		conn := n.client(t, true)
		timer := time.AfterFunc(24*time.Hour, func() { n.publish(t, 1, 1) })
		defer timer.Stop()
		requireIDs(t, conn, 1, 1)
	})
}

func TestClientThatAnswersNoPingIsCutOff(t *testing.T) {
	t.Parallel()
	inBubble(t, nil, func(t *testing.T, n *network) {
		conn := n.client(t, false)
		start := time.Now()
		_, _, err := conn.Read(context.Background())
		require.Error(t, err)
		require.Equal(t, 40*time.Second, time.Since(start)) // the ping's interval and its timeout
	})
}

func TestPingsFollowTheOptions(t *testing.T) {
	t.Parallel()
	opts := &ws.Options{PingInterval: time.Minute, WriteTimeout: time.Second}
	inBubble(t, opts, func(t *testing.T, n *network) {
		conn := n.client(t, false)
		start := time.Now()
		_, _, err := conn.Read(context.Background())
		require.Error(t, err)
		require.Equal(t, 61*time.Second, time.Since(start))
	})
}
