package ws

import (
	"fmt"
	"net"
	"sync"
	"time"
)

// socket is the connection below the library. The library reads through it,
// and writes its control frames; messages are written past the library, many
// at once. The lock keeps the frames of both apart.
type socket struct {
	net.Conn
	timeout time.Duration // for one write; set before the first

	mu    sync.Mutex // held for whole frames
	ended bool       // a close frame was written: nothing may follow it
}

const (
	opText  = 0x1
	opClose = 0x8
	opPing  = 0x9

	final = 0x80 // the bit of a frame that is the last of its message

	// maxControlFrame is the size of the library's buffer. A control frame
	// fits into it, so each is one Write.
	maxControlFrame = 2 + 125
)

// Write writes one control frame of the library.
func (s *socket) Write(frame []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if frame[0] == final|opClose {
		s.ended = true
	}
	if err := s.SetWriteDeadline(time.Now().Add(s.timeout)); err != nil {
		return 0, err
	}
	return s.Conn.Write(frame)
}

// send writes frames, which may be in parts. The connection is of no use after
// an error: a frame may have been cut in two.
func (s *socket) send(parts ...[]byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended {
		return net.ErrClosed
	}
	if err := s.SetWriteDeadline(time.Now().Add(s.timeout)); err != nil {
		return fmt.Errorf("send: %w", err)
	}
	for _, part := range parts {
		if _, err := s.Conn.Write(part); err != nil {
			return fmt.Errorf("send: %w", err)
		}
	}
	return nil
}

// cutOff ends the connection at once, whatever is waiting for it. The Close of
// a TLS connection would first try to say goodbye.
func (s *socket) cutOff() {
	conn := s.Conn
	if secure, ok := conn.(interface{ NetConn() net.Conn }); ok {
		conn = secure.NetConn()
	}
	_ = conn.Close() // it was going to end anyway
}
