package pgtest

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
)

// frame is one message of PostgreSQL's protocol, version 3.
type frame struct {
	kind byte // 0 for what a client sends before it is known
	raw  []byte
}

// Codes of what a client may send instead of a startup message.
const (
	codeCancel = 80877102
	codeSSL    = 80877103
	codeGSS    = 80877104
)

// kindKey is the kind of the message that gives a client the key of its
// connection, by which it can have a query cancelled. What is before the key in
// it, and in the client's request, has a length.
const (
	kindKey    = 'K'
	keyHead    = 1 + 4
	cancelHead = 4 + 4
)

// maxFrame is far above what tests send; more is a frame that was misread.
const maxFrame = 64 << 20

// readFrame reads a message that begins with its kind.
func readFrame(r *bufio.Reader) (frame, error) {
	kind, err := r.ReadByte()
	if err != nil {
		return frame{}, err
	}
	body, err := readBody(r)
	return frame{kind: kind, raw: append([]byte{kind}, body...)}, err
}

// readStartup reads a message that has no kind, and the code at its beginning.
func readStartup(r *bufio.Reader) (f frame, code uint32, err error) {
	body, err := readBody(r)
	if err != nil {
		return frame{}, 0, err
	}
	if len(body) < 8 {
		return frame{}, 0, fmt.Errorf("a startup message of %d bytes", len(body))
	}
	return frame{raw: body}, binary.BigEndian.Uint32(body[4:]), nil
}

// readBody reads a length, which counts itself, and as many bytes.
func readBody(r *bufio.Reader) ([]byte, error) {
	var head [4]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return nil, err
	}
	length := binary.BigEndian.Uint32(head[:])
	if length < 4 || length > maxFrame {
		return nil, fmt.Errorf("a message of %d bytes", length)
	}
	body := make([]byte, length)
	copy(body, head[:])
	_, err := io.ReadFull(r, body[4:])
	return body, err
}
