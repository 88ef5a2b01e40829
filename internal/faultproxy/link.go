package faultproxy

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"time"
)

// errOver ends a link.
var errOver = errors.New("the connection is over")

// link is a client's connection and the one to the server that belongs to it.
type link struct {
	proxy      *Proxy
	client     net.Conn
	server     net.Conn
	fromClient *bufio.Reader
	fromServer *bufio.Reader
	sent       bytes.Buffer // what was read from the client and not passed on
	next       chan error   // tells of the client's next byte, after a request
	answers    io.Writer    // gets what is read from the server, as it comes
}

func newLink(p *Proxy, client, server net.Conn) *link {
	l := &link{proxy: p, client: client, server: server}
	l.fromClient = bufio.NewReader(io.TeeReader(client, &l.sent))
	l.fromServer = bufio.NewReader(readerFunc(l.readServer))
	return l
}

type readerFunc func([]byte) (int, error)

// Read calls the function.
func (f readerFunc) Read(b []byte) (int, error) { return f(b) }

// readServer reads from the server and hands on what it has read.
func (l *link) readServer(b []byte) (int, error) {
	n, err := l.server.Read(b)
	if _, failed := l.answers.Write(b[:n]); failed != nil {
		return n, failed
	}
	return n, err
}

// run passes on one request after the other.
func (l *link) run() {
	for {
		req, err := http.ReadRequest(l.fromClient)
		if err != nil {
			return
		}
		if _, err := io.Copy(io.Discard, req.Body); err != nil {
			return
		}
		raw := bytes.Clone(l.sent.Next(l.sent.Len() - l.fromClient.Buffered()))
		l.watch()
		if l.exchange(req, raw) != nil || <-l.next != nil {
			return
		}
	}
}

// watch waits for the next request, and has the server know when the client is
// gone instead.
func (l *link) watch() {
	next := make(chan error, 1)
	l.next = next
	l.proxy.wg.Go(func() {
		_, err := l.fromClient.Peek(1)
		if err != nil {
			_ = l.server.Close() // there is nobody who could be told
		}
		next <- err
	})
}

// exchange delivers a request and its answer, as far as its fault allows.
func (l *link) exchange(req *http.Request, raw []byte) error {
	switch l.proxy.fault(req) {
	case DropRequest:
		return errOver
	case CutRequest:
		_, _ = l.server.Write(raw[:len(raw)/2]) // it is cut in any case
		reset(l.server)
		reset(l.client)
		return errOver
	case DropResponse:
		_ = l.pass(req, raw, io.Discard) // the client hears the same of all that can happen
		return errOver
	case CutResponse:
		var answer bytes.Buffer
		_ = l.pass(req, raw, &answer) // as above
		_, _ = l.client.Write(answer.Bytes()[:answer.Len()/2])
		reset(l.client)
		return errOver
	case Hang:
		_ = l.pass(req, raw, io.Discard)
		<-l.next //nolint:errcheck // whatever it is, the client gives up
		return errOver
	case Slow:
		return l.slow(req, raw)
	case Duplicate:
		l.proxy.copies.Go(func() { l.proxy.deliver(req, raw) })
	case LateDuplicate:
		answered := make(chan struct{})
		defer close(answered)
		l.proxy.copies.Go(func() {
			<-answered
			l.proxy.deliver(req, raw)
		})
	}
	return l.pass(req, raw, l.client)
}

// pass sends a request to the server and what it answers to a writer.
func (l *link) pass(req *http.Request, raw []byte, answers io.Writer) error {
	l.answers = answers
	if _, err := l.server.Write(raw); err != nil {
		return err
	}
	for {
		resp, err := http.ReadResponse(l.fromServer, req) //nolint:bodyclose // it is read to its end
		if err != nil {
			return err
		}
		if resp.StatusCode == http.StatusSwitchingProtocols {
			return l.tunnel()
		}
		if _, err := io.Copy(io.Discard, resp.Body); err != nil {
			return err
		}
		if resp.StatusCode >= http.StatusOK {
			return closing(resp)
		}
	}
}

// closing ends the link after an answer that is the last of its connection.
func closing(resp *http.Response) error {
	if resp.Close {
		return errOver
	}
	return nil
}

// tunnel passes on whatever comes, until one side ends it.
func (l *link) tunnel() error {
	l.proxy.wg.Go(func() {
		if <-l.next == nil {
			_, _ = io.Copy(l.server, l.fromClient) // either side may end it
		}
		_ = l.server.Close()
	})
	_, err := io.Copy(io.Discard, l.fromServer) // readServer hands it on
	return errors.Join(errOver, err)
}

// pieces is in how many pieces a slow answer comes, and pieceGap what time is
// between them.
const (
	pieces   = 5
	pieceGap = 2 * time.Millisecond
)

// slow delivers the answer piece by piece.
func (l *link) slow(req *http.Request, raw []byte) error {
	var answer bytes.Buffer
	err := l.pass(req, raw, &answer)
	size := answer.Len()/pieces + 1
	for answer.Len() > 0 {
		<-time.After(pieceGap)
		if _, err := l.client.Write(answer.Next(size)); err != nil {
			return err
		}
	}
	return err
}

// reset ends a connection with an error for the other side, not in order.
func reset(conn net.Conn) {
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // else it ends in order
	}
	_ = conn.Close()
}

// deliver sends a request on a connection of its own. Nobody gets the answer.
func (p *Proxy) deliver(req *http.Request, raw []byte) {
	server, err := p.dial()
	if err != nil {
		return
	}
	defer p.forget(server)
	if _, err := server.Write(raw); err != nil {
		return
	}
	resp, err := http.ReadResponse(bufio.NewReader(server), req)
	if err != nil {
		return
	}
	_, _ = io.Copy(io.Discard, resp.Body)
	_ = resp.Body.Close()
}
