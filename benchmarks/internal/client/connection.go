package client

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"time"
)

// connection sends one request at a time over a connection that is kept open.
// It speaks just as much HTTP/1.1 as the servers' answers need, because the
// client runs on the machine that is measured: net/http's would take as long
// as the server.
type connection struct {
	conn   net.Conn
	first  *message
	other  *message
	number uint64
	sent   uint64 // first requests so far
	buffer []byte
}

// answer is what a server said.
type answer struct {
	status   int
	replayed bool
}

func dial(ctx context.Context, addr string, number uint64) (*connection, error) {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("connect: %w", err)
	}
	return &connection{
		conn:   conn,
		first:  newMessage(addr, firstBody),
		other:  newMessage(addr, otherBody),
		number: number,
		buffer: make([]byte, 8192),
	}, nil
}

// send sends a message and reads its answer.
func (c *connection) send(m *message) (answer, error) {
	if _, err := c.conn.Write(m.bytes); err != nil {
		return answer{}, fmt.Errorf("send: %w", err)
	}
	read := 0
	for {
		n, err := c.conn.Read(c.buffer[read:])
		if err != nil {
			return answer{}, fmt.Errorf("receive: %w", err)
		}
		read += n
		a, done, err := parse(c.buffer[:read], m.key)
		if done || err != nil {
			return a, err
		}
		if read == len(c.buffer) {
			return answer{}, errors.New("receive: the answer is too long")
		}
	}
}

var (
	headEnd       = []byte("\r\n\r\n")
	contentLength = []byte("\r\nContent-Length: ")
	replayedField = []byte("\r\nIdempotency-Replayed: true\r\n")
)

// parse reads an answer. It is done when all of it is there. An answer with
// 201 must be that to the key.
func parse(text, key []byte) (answer, bool, error) {
	end := bytes.Index(text, headEnd)
	if end < 0 {
		return answer{}, false, nil
	}
	head, body := text[:end+2], text[end+4:]
	if len(head) < 12 {
		return answer{}, false, fmt.Errorf("receive: this is not HTTP: %q", head)
	}
	status, err := strconv.Atoi(string(head[9:12]))
	if err != nil {
		return answer{}, false, fmt.Errorf("receive: the status: %w", err)
	}
	_, length, found := bytes.Cut(head, contentLength)
	if !found {
		return answer{}, false, fmt.Errorf("receive: an answer without Content-Length: %q", head)
	}
	length, _, _ = bytes.Cut(length, []byte("\r\n"))
	want, err := strconv.Atoi(string(length))
	if err != nil {
		return answer{}, false, fmt.Errorf("receive: Content-Length: %w", err)
	}
	switch {
	case len(body) < want:
		return answer{}, false, nil
	case len(body) > want:
		return answer{}, false, errors.New("receive: more than was asked for")
	case status == http.StatusCreated && !bytes.Contains(body, key):
		return answer{}, false, fmt.Errorf("receive: the answer to another key than %s: %s", key, body)
	}
	return answer{status: status, replayed: bytes.Contains(head, replayedField)}, true, nil
}

// giveUp bounds how long the connection waits for anything.
func (c *connection) giveUp(at time.Time) error {
	if err := c.conn.SetDeadline(at); err != nil {
		return fmt.Errorf("set a deadline: %w", err)
	}
	return nil
}
