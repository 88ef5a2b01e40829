package pgtest

import (
	"net"
	"sync"
)

// link is one client's connection and the one to the server that belongs to
// it.
type link struct {
	client net.Conn
	server net.Conn
	ready  bool   // the server takes queries; guarded by the proxy
	key    []byte // the server's message with the key; there before it is ready

	mu   sync.Mutex
	gate chan struct{} // closed when messages may pass
	gone bool          // the client was cut off
}

func newLink(client, server net.Conn) *link {
	l := &link{client: client, server: server, gate: make(chan struct{})}
	close(l.gate)
	return l
}

// strike does what the point says.
func (l *link) strike(point *Point) {
	if !point.Hang {
		l.cut()
		return
	}
	l.mu.Lock()
	if !l.gone {
		l.gate = make(chan struct{})
	}
	l.mu.Unlock()
	l.wait()
}

// wait returns when messages may pass.
func (l *link) wait() {
	l.mu.Lock()
	gate := l.gate
	l.mu.Unlock()
	<-gate
}

// open lets messages pass.
func (l *link) open() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.openLocked()
}

func (l *link) openLocked() {
	select {
	case <-l.gate:
	default:
		close(l.gate)
	}
}

// cut ends the connection for the client. The server sees an orderly end as
// soon as it has read what it was sent: closing its connection with answers
// unread could take away messages that count as sent.
func (l *link) cut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.gone = true
	l.openLocked()
	_ = l.client.Close()
}

func (l *link) isCut() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.gone
}

// finish tells the server that nothing more comes from its client; not before
// a hanging connection is released, because a network that hangs tells nobody.
func (l *link) finish() {
	l.wait()
	if half, ok := l.server.(*net.TCPConn); ok {
		_ = half.CloseWrite()
	}
}

// end frees both connections at once.
func (l *link) end() {
	l.cut()
	_ = l.server.Close()
}
