package pgtest

import (
	"context"
	"net"
	"net/url"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// Proxy stands between clients and a PostgreSQL. It passes their messages on,
// one at a time, counts them, and cuts a connection at the place that a test
// names. A test runs an operation once to learn its steps, and then once for
// each place at which it can be cut:
//
//	steps := proxy.Record(func() { operation() })
//	for _, point := range pgtest.Points(steps) {
//		proxy.Arm(point)
//		operation()
//		hit := proxy.Disarm()
//	}
//
// Messages count from the moment at which a connection is ready for its first
// query: how a connection is made is not a step. All methods are safe for
// concurrent use.
type Proxy struct {
	listener net.Listener
	target   *url.URL
	wg       sync.WaitGroup

	mu        sync.Mutex
	links     map[*link]bool
	down      bool
	closed    bool
	recording bool
	steps     []Step
	point     *Point  // nil when nothing is to happen, also once it has
	struck    []*link // those that were cut at a point
	counts    [2]int  // by side, since Arm
	hit       bool
}

// NewProxy listens on loopback and connects each client to the server of the
// URL. It ends, with all its connections, when the test does.
func NewProxy(tb testing.TB, target string) *Proxy {
	tb.Helper()
	u, err := url.Parse(target)
	require.NoError(tb, err)
	listener, err := new(net.ListenConfig).Listen(tb.Context(), "tcp", "127.0.0.1:0")
	require.NoError(tb, err)
	p := &Proxy{listener: listener, target: u, links: make(map[*link]bool)}
	p.wg.Go(p.accept)
	tb.Cleanup(p.close)
	return p
}

// URL is the target's, by way of the proxy.
func (p *Proxy) URL() string {
	u := *p.target
	u.Host = p.listener.Addr().String()
	query := u.Query()
	query.Set("sslmode", "disable") // the proxy must read what it passes on
	u.RawQuery = query.Encode()
	return u.String()
}

// Record runs the operation and returns the messages that passed, in order.
func (p *Proxy) Record(operation func()) []Step {
	p.mu.Lock()
	p.recording, p.steps = true, nil
	p.mu.Unlock()
	operation()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.recording = false
	return slices.Clone(p.steps)
}

// Arm counts from here, over all connections, and does at the point what it
// says, once: whoever connects afterwards is served.
func (p *Proxy) Arm(point Point) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.point, p.counts, p.hit = &point, [2]int{}, false
}

// Disarm forgets the point, and reports whether it was reached.
func (p *Proxy) Disarm() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.point = nil
	return p.hit
}

// Armed reports whether a point waits to be reached.
func (p *Proxy) Armed() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.point != nil
}

// Release lets go on what hangs.
func (p *Proxy) Release() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for l := range p.links {
		l.open()
	}
}

// Down cuts every connection and, until Up, each that comes: the server is not
// to be reached.
func (p *Proxy) Down() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.down = true
	for l := range p.links {
		l.cut()
	}
}

// Up ends what Down began.
func (p *Proxy) Up() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.down = false
}

func (p *Proxy) close() {
	_ = p.listener.Close() // ends accept
	p.mu.Lock()
	p.closed = true
	for l := range p.links {
		l.end()
	}
	p.mu.Unlock()
	p.wg.Wait()
}

func (p *Proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		p.wg.Go(func() { p.serve(client) })
	}
}

// serve passes messages between a client and a connection to the target, until
// both have ended.
func (p *Proxy) serve(client net.Conn) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	server, err := new(net.Dialer).DialContext(ctx, "tcp", p.target.Host)
	cancel()
	if err != nil {
		_ = client.Close() // the client sees that nobody is there
		return
	}
	l := newLink(client, server)
	defer l.end()
	if !p.add(l) {
		return
	}
	defer p.remove(l)
	var both sync.WaitGroup
	both.Go(func() {
		_ = p.fromClient(l) // whatever ended it, the server gets no more
		l.finish()
	})
	both.Go(func() {
		_ = p.fromBackend(l)
		l.cut()
	})
	both.Wait()
}

func (p *Proxy) add(l *link) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.down || p.closed {
		return false
	}
	p.links[l] = true
	return true
}

func (p *Proxy) remove(l *link) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.links, l)
}
