package ws_test

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cnerium/cnerium-go/internal/raced"
	"github.com/coder/websocket"
	"github.com/stretchr/testify/require"

	cnerium "github.com/cnerium/cnerium-go/runtime"
	"github.com/cnerium/cnerium-go/runtime/ws"
)

// narrow bounds what the system sends ahead on a connection of the server, so
// that a client that does not read is noticed soon.
func narrow(conn net.Conn) net.Conn {
	_ = conn.(*net.TCPConn).SetWriteBuffer(64 << 10) // a larger one only makes the test longer
	return conn
}

// listener reads events, which have to be in order, and counts them for all.
// It has no context, because a thousand would queue for the lock of one, and
// decodes nothing, because that takes most of the time.
func listener(conn *websocket.Conn, last int, arrived *atomic.Int64) error {
	for want := 1; want <= last; want++ {
		_, text, err := conn.Read(context.Background())
		if err != nil {
			return err
		}
		if begin := fmt.Sprintf(`{"specversion":"1.0","id":"%d",`, want); !bytes.HasPrefix(text, []byte(begin)) {
			return fmt.Errorf("%.50s instead of event %d", text, want)
		}
		arrived.Add(1)
	}
	return nil
}

// Not parallel: it leaves no time for others.
func TestTenSlowOfAThousandClientsHoldUpNobodyAndMissNothing(t *testing.T) {
	const fast, slow, batch, queue = 990, 10, 10, 16
	events := 200
	if raced.On {
		events = 100
	}
	s := serveWrapped(t, &ws.Options{QueueSize: queue, Recent: 8, PingInterval: time.Hour, WriteTimeout: time.Hour}, narrow)
	var arrived atomic.Int64
	var listeners sync.WaitGroup
	failures := make(chan error, fast)
	for range fast {
		conn, _ := join(t, s.url)
		listeners.Go(func() {
			if err := listener(conn, events, &arrived); err != nil {
				failures <- err
			}
		})
	}
	var sleepers []*websocket.Conn
	for range slow {
		conn, _ := join(t, s.url)
		sleepers = append(sleepers, conn)
	}
	for first := 1; first <= events; first += batch {
		var all []cnerium.Event
		for id := first; id < first+batch; id++ {
			all = append(all, sized(id, 8<<10))
		}
		s.publishAll(t, all)
		require.Eventually(t, func() bool { return arrived.Load() == int64(fast*(first+batch-1)) || len(failures) > 0 },
			time.Minute, time.Millisecond)
	}
	listeners.Wait()
	close(failures)
	for err := range failures {
		require.NoError(t, err)
	}
	for _, conn := range sleepers {
		wakeUp(t, s.url, conn, events)
	}
}

// wakeUp reads what a slow client has got before it was closed, comes back
// with its cursor, and reads the rest.
func wakeUp(t *testing.T, url string, conn *websocket.Conn, events int) {
	t.Helper()
	got := 0
	for {
		m, err := read(t.Context(), conn)
		if err != nil {
			require.Equal(t, websocket.StatusTryAgainLater, websocket.CloseStatus(err), "%v", err)
			break
		}
		got++
		require.Equal(t, strconv.Itoa(got), m.ID)
	}
	require.Less(t, got, events/2, "more was kept for it than its queue and what was on its way")
	back, welcome := join(t, url+"?last_event_id=c."+strconv.Itoa(got))
	require.True(t, *welcome.Recovered)
	requireIDs(t, back, got+1, events)
}
