package ws_test

import (
	"context"
	"encoding/json"
	"net"
	"net/http/httptest"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	cnerium "github.com/cnerium/cnerium-go/runtime"
	"github.com/cnerium/cnerium-go/runtime/ws"
)

// wrapper is a listener that changes its connections.
type wrapper struct {
	net.Listener
	wrap func(net.Conn) net.Conn
}

func (w wrapper) Accept() (net.Conn, error) {
	conn, err := w.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return w.wrap(conn), nil
}

// serveWrapped returns a hub behind a server whose connections are wrapped.
func serveWrapped(t *testing.T, opts *ws.Options, wrap func(net.Conn) net.Conn) *site {
	t.Helper()
	s := newSite(t, opts)
	server := httptest.NewUnstartedServer(s.hub)
	server.Listener = wrapper{Listener: server.Listener, wrap: wrap}
	server.Start()
	t.Cleanup(server.Close)
	t.Cleanup(func() { require.NoError(t, s.hub.Close(context.Background())) })
	s.url = server.URL
	return s
}

type countingConn struct {
	net.Conn
	writes *atomic.Int64
}

func (c countingConn) Write(p []byte) (int, error) {
	c.writes.Add(1)
	return c.Conn.Write(p)
}

func TestEventsThatWaitGoOutInOneWrite(t *testing.T) {
	t.Parallel()
	var writes atomic.Int64
	s := serveWrapped(t, nil, func(conn net.Conn) net.Conn { return countingConn{Conn: conn, writes: &writes} })
	conn, _ := join(t, s.url)
	before := writes.Load()
	s.publish(t, 1, 40)
	requireIDs(t, conn, 1, 40)
	require.Equal(t, before+1, writes.Load())
}

// yieldingConn lets others run after each write, so that they get between two
// that are not kept together.
type yieldingConn struct{ net.Conn }

func (c yieldingConn) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	for range 100 {
		runtime.Gosched()
	}
	return n, err
}

// sized returns an event whose data has that many bytes.
func sized(id, size int) cnerium.Event {
	e := event(id, "")
	e.Data = json.RawMessage(`"` + strings.Repeat("x", size-2) + `"`)
	return e
}

func TestEventsOfAllSizesArriveBesideControlFrames(t *testing.T) {
	t.Parallel()
	// Around the limits of a header's forms and of the hub's buffer.
	sizes := []int{2, 100, 1000, 16_000, 16_383, 16_384, 16_385, 65_000, 65_535, 65_536, 200_000}
	for extra := range 40 {
		sizes = append(sizes, 15_900+20*extra)
	}
	s := serveWrapped(t, &ws.Options{QueueSize: 1 << 20, QueueBytes: 1 << 30, WriteTimeout: time.Minute}, func(conn net.Conn) net.Conn {
		return yieldingConn{conn}
	})
	conn, _ := join(t, s.url)
	ctx, cancel := context.WithCancel(t.Context())
	var pings atomic.Int64
	var pingers sync.WaitGroup
	for range 4 {
		pingers.Go(func() {
			for ctx.Err() == nil && conn.Ping(t.Context()) == nil {
				pings.Add(1)
			}
		})
	}
	id := 0
	for round := range 8 {
		var events []cnerium.Event
		for i := range sizes {
			id++
			events = append(events, sized(id, sizes[(i*(round+1))%len(sizes)]))
		}
		s.publishAll(t, events)
	}
	for want := 1; want <= id; want++ {
		require.Equal(t, strconv.Itoa(want), next(t, conn).ID)
	}
	cancel()
	go func() { _, _, _ = conn.Read(context.Background()) }() // takes the last pongs
	pingers.Wait()
	require.Positive(t, pings.Load())
}
