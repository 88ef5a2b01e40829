package pgtest

import (
	"bufio"
	"bytes"
	"io"
	"slices"
)

// fromClient passes on what the client sends, until that ends.
func (p *Proxy) fromClient(l *link) error {
	r := bufio.NewReader(l.client)
	for {
		startup, code, err := readStartup(r)
		if err != nil {
			return err
		}
		if code == codeSSL || code == codeGSS {
			if _, err := io.WriteString(l.client, "N"); err != nil {
				return err
			}
			continue
		}
		if code == codeCancel && p.wasStruck(startup) {
			return nil
		}
		if _, err := l.server.Write(startup.raw); err != nil || code == codeCancel {
			return err
		}
		return p.pass(l, Client, r, l.server)
	}
}

// fromBackend passes on what the server sends, until that ends. When the
// client is gone it reads on, so that the server is not disturbed in what it
// still does.
func (p *Proxy) fromBackend(l *link) error {
	r := bufio.NewReader(l.server)
	err := p.pass(l, Backend, r, l.client)
	l.cut()
	_, _ = io.Copy(io.Discard, r) // its end is what is waited for
	return err
}

// pass passes messages on, one at a time, until the sender ends or the
// connection is cut.
func (p *Proxy) pass(l *link, side Side, from *bufio.Reader, to io.Writer) error {
	for {
		f, err := readFrame(from)
		if err != nil {
			return err
		}
		l.wait()
		if l.isCut() {
			return nil
		}
		if side == Backend && f.kind == kindKey {
			l.key = f.raw
		}
		point := p.count(l, side, f.kind)
		if point != nil && !point.Sent {
			p.strike(l, point)
		}
		if l.isCut() {
			return nil
		}
		if _, err := to.Write(f.raw); err != nil {
			return err
		}
		if point != nil && point.Sent {
			p.strike(l, point)
		}
	}
}

// strike does what a point is for. That is the same each time only if nothing
// else comes of it: pgx asks the server to cancel what it was cut off from, and
// whether that comes in time is chance. So it is lost, as it may be.
func (p *Proxy) strike(l *link, point *Point) {
	if !point.Hang {
		p.mu.Lock()
		p.struck = append(p.struck, l)
		p.mu.Unlock()
	}
	l.strike(point)
}

// wasStruck tells whether a request to cancel is for a connection that was cut
// at a point.
func (p *Proxy) wasStruck(request frame) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.ContainsFunc(p.struck, func(l *link) bool {
		return l.isCut() && len(l.key) > keyHead && bytes.Equal(l.key[keyHead:], request.raw[cancelHead:])
	})
}

// count takes note of a message, and returns the point if this is the place.
func (p *Proxy) count(l *link, side Side, kind byte) *Point {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !l.ready {
		l.ready = side == Backend && kind == 'Z'
		return nil
	}
	if p.recording {
		p.steps = append(p.steps, Step{Side: side, Kind: kind})
	}
	p.counts[side]++
	if p.point == nil || p.point.Side != side || p.point.N != p.counts[side] {
		return nil
	}
	point := p.point
	p.point, p.hit = nil, true
	return point
}
