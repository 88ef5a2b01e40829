package ws_test

import (
	"context"
	"net"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/require"

	"github.com/cnerium/cnerium-go/runtime/ws"
)

// pipes is a network in memory for a test under synctest. Its connections
// buffer nothing: a client that does not read blocks the server's next byte.
type pipes struct {
	accept chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case conn := <-p.accept:
		return conn, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error {
	p.once.Do(func() { close(p.closed) })
	return nil
}

func (p *pipes) Addr() net.Addr { return &net.UnixAddr{Name: "pipe", Net: "unix"} }

func (p *pipes) dial(context.Context, string, string) (net.Conn, error) {
	client, server := net.Pipe()
	select {
	case p.accept <- server:
		return client, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

// network is a hub with its server in a bubble of synctest.
type network struct {
	*site
	pipes *pipes
}

// inBubble runs the test with a fake clock and a network of pipes, and requires
// that the hub leaves nothing running behind: synctest fails otherwise.
func inBubble(t *testing.T, opts *ws.Options, test func(*testing.T, *network)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		n := &network{
			site:  newSite(t, opts),
			pipes: &pipes{accept: make(chan net.Conn), closed: make(chan struct{})},
		}
		server := &http.Server{Handler: n.hub}
		go func() { _ = server.Serve(n.pipes) }()
		t.Cleanup(func() {
			require.NoError(t, server.Close())
			_ = n.hub.Close(context.Background())
		})
		test(t, n)
	})
}

// client connects and reads its welcome. Without answer it does not answer
// pings.
func (n *network) client(t *testing.T, answer bool) *websocket.Conn {
	t.Helper()
	conn := dial(t, "ws://pipe", &websocket.DialOptions{
		HTTPClient:     &http.Client{Transport: &http.Transport{DialContext: n.pipes.dial}},
		OnPingReceived: func(context.Context, []byte) bool { return answer },
	})
	require.Equal(t, "welcome", next(t, conn).Notice)
	return conn
}
