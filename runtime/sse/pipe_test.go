package sse_test

import (
	"context"
	"net"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cnerium/cnerium-go/runtime/feed"
	"github.com/cnerium/cnerium-go/runtime/sse"
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

// network is a feed with its server and a client in a bubble of synctest.
type network struct {
	*source
	server *http.Server
	client *http.Client
	ended  chan time.Time // when each stream has ended
}

// options are what a test in a bubble begins with. The zero value is ready.
type options struct {
	feed   feed.Options
	sse    sse.Options
	server http.Server
}

// inBubbles runs the test with a fake clock and a network of pipes, once over
// HTTP/1.1 and once over HTTP/2, and requires that nothing is left running
// behind: synctest fails otherwise.
func inBubbles(t *testing.T, opts func() *options, test func(*testing.T, *network)) {
	t.Helper()
	for _, name := range []string{"HTTP/1.1", "HTTP/2.0"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				protocols := new(http.Protocols)
				protocols.SetHTTP1(name == "HTTP/1.1")
				protocols.SetUnencryptedHTTP2(name == "HTTP/2.0")
				test(t, newNetwork(t, opts(), protocols))
			})
		})
	}
}

func newNetwork(t *testing.T, opts *options, protocols *http.Protocols) *network {
	t.Helper()
	p := &pipes{accept: make(chan net.Conn), closed: make(chan struct{})}
	n := &network{source: newSource(t, &opts.feed), server: &opts.server, ended: make(chan time.Time, 10)}
	handler := sse.Handler(n.Feed, &opts.sse)
	n.server.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		handler.ServeHTTP(w, r)
		n.ended <- time.Now()
	})
	n.server.Protocols = protocols
	go func() { _ = n.server.Serve(p) }()
	transport := &http.Transport{DialContext: p.dial, Protocols: protocols}
	n.client = &http.Client{Transport: transport}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		require.NoError(t, n.server.Close())
		_ = n.Close(context.Background())
	})
	return n
}

// get opens a stream and reads its header only.
func (n *network) get(t *testing.T, query string) *http.Response {
	t.Helper()
	resp := get(t, n.client, "http://pipe/events?"+query)
	require.Equal(t, http.StatusOK, resp.StatusCode)
	return resp
}
