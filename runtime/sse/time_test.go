package sse_test

import (
	"bufio"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cnerium/cnerium-go/runtime/sse"
)

func noOptions() *options { return new(options) }

func TestHeartbeatIsACommentUnlessThereIsAPosition(t *testing.T) {
	t.Parallel()
	inBubbles(t, noOptions, func(t *testing.T, n *network) {
		lines := bufio.NewScanner(n.get(t, "").Body)
		read := func(count int) (text string) {
			for range count {
				require.True(t, lines.Scan(), "%v", lines.Err())
				text += lines.Text() + "\n"
			}
			return text
		}
		read(5)
		begin := time.Now()
		require.Equal(t, ":\n\n", read(2))
		require.Equal(t, 15*time.Second, time.Since(begin))
		n.add(t, "a")
		require.Equal(t, "event: position\nid: e.1\ndata: {\"notice\":\"position\",\"cursor\":\"e.1\"}\n\n", read(4))
		require.Equal(t, 30*time.Second, time.Since(begin))
		require.Equal(t, ":\n\n", read(2))
		require.Equal(t, 45*time.Second, time.Since(begin))
	})
}

func TestHeartbeatFollowsTheOptions(t *testing.T) {
	t.Parallel()
	opts := func() *options { return &options{sse: sse.Options{Heartbeat: time.Hour}} }
	inBubbles(t, opts, func(t *testing.T, n *network) {
		p := sse.NewParser(n.get(t, "").Body)
		requireNotice(t, p, `{"notice":"welcome","cursor":"e.0"}`)
		timer := time.AfterFunc(24*time.Hour+time.Minute, func() { n.add(t, "") })
		defer timer.Stop()
		requireEvents(t, p, "e.1")
		require.Equal(t, 24, p.Comments)
	})
}

func TestStreamOutlivesTheTimeoutsOfTheServer(t *testing.T) {
	t.Parallel()
	opts := func() *options {
		return &options{server: http.Server{ReadTimeout: 3 * time.Second, WriteTimeout: 4 * time.Second, IdleTimeout: 5 * time.Second}}
	}
	inBubbles(t, opts, func(t *testing.T, n *network) {
		p := sse.NewParser(n.get(t, "").Body)
		requireNotice(t, p, `{"notice":"welcome","cursor":"e.0"}`)
		for _, cursor := range []string{"e.1", "e.2"} {
			timer := time.AfterFunc(time.Hour+time.Second, func() { n.add(t, "") })
			defer timer.Stop()
			requireEvents(t, p, cursor)
		}
	})
}
