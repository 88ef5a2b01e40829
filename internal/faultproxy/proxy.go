package faultproxy

import (
	"context"
	"maps"
	"net"
	"net/http"
	"net/url"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// Proxy stands between clients and one server. All its methods are safe for
// concurrent use.
type Proxy struct {
	listener net.Listener
	server   string // host and port
	choose   func(*http.Request) Fault
	wg       sync.WaitGroup
	copies   sync.WaitGroup // of duplicates on their way

	mu     sync.Mutex
	conns  map[net.Conn]bool
	closed bool
	counts map[Fault]int
}

// New listens on a free port of loopback and passes requests on to the server
// of an http URL. Choose is asked for each request that writes; it is called
// concurrently, and must leave the request's body alone. The proxy ends, with
// all its connections, when the test does.
func New(tb testing.TB, serverURL string, choose func(*http.Request) Fault) *Proxy {
	tb.Helper()
	u, err := url.Parse(serverURL)
	require.NoError(tb, err)
	listener, err := new(net.ListenConfig).Listen(tb.Context(), "tcp", "127.0.0.1:0")
	require.NoError(tb, err)
	p := &Proxy{
		listener: listener,
		server:   u.Host,
		choose:   choose,
		conns:    make(map[net.Conn]bool),
		counts:   make(map[Fault]int),
	}
	p.wg.Go(p.accept)
	tb.Cleanup(p.Close)
	return p
}

// URL is where clients find the proxy.
func (p *Proxy) URL() string { return "http://" + p.listener.Addr().String() }

// Counts returns how many requests have had which fault, with those that had
// none under None. Requests that do not write are not counted.
func (p *Proxy) Counts() map[Fault]int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return maps.Clone(p.counts)
}

// Wait returns when every duplicate is delivered, and answered as well. It is
// for when the clients have all their answers.
func (p *Proxy) Wait() { p.copies.Wait() }

// Close ends all connections, and returns when nothing more is delivered. It
// may be called more than once.
func (p *Proxy) Close() {
	p.mu.Lock()
	p.closed = true
	for conn := range p.conns {
		_ = conn.Close() // it is over
	}
	p.mu.Unlock()
	_ = p.listener.Close()
	p.wg.Wait()
	p.copies.Wait()
}

func (p *Proxy) accept() {
	for {
		conn, err := p.listener.Accept()
		if err != nil {
			return
		}
		p.wg.Go(func() { p.serve(conn) })
	}
}

// serve passes on the requests of one connection.
func (p *Proxy) serve(client net.Conn) {
	defer p.forget(client)
	server, err := p.dial()
	if !p.remember(client) || err != nil {
		return
	}
	defer p.forget(server)
	newLink(p, client, server).run()
}

// dial connects to the server.
func (p *Proxy) dial() (net.Conn, error) {
	server, err := new(net.Dialer).DialContext(context.Background(), "tcp", p.server)
	if err != nil {
		return nil, err
	}
	if !p.remember(server) {
		_ = server.Close() // the proxy is closed
		return nil, net.ErrClosed
	}
	return server, nil
}

// remember has Close end the connection; false when it is too late.
func (p *Proxy) remember(conn net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.closed {
		p.conns[conn] = true
	}
	return !p.closed
}

// forget closes a connection.
func (p *Proxy) forget(conn net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.conns, conn)
	_ = conn.Close() // it may be closed already
}

// fault chooses what happens to a request, and counts it.
func (p *Proxy) fault(req *http.Request) Fault {
	switch req.Method {
	case http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete:
	default:
		return None
	}
	fault := p.choose(req)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.counts[fault]++
	return fault
}
