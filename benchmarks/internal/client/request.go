package client

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"fmt"

	"github.com/cnerium/cnerium-go/benchmarks/internal/shop"
)

// The bodies of first requests and retries, and of other requests with a key
// that was used before. They are equally long.
const (
	firstBody = `{"product_id":"prod-1001","quantity":2}`
	otherBody = `{"product_id":"prod-1001","quantity":3}`
)

// keyLength is that of a UUID, which some middlewares insist on.
const keyLength = 36

// message is a request whose key is replaced in place.
type message struct {
	bytes []byte
	key   []byte // a part of bytes
}

func newMessage(host, body string) *message {
	head := fmt.Sprintf("POST /orders HTTP/1.1\r\nHost: %s\r\nUser-Agent: cnerium-bench\r\nContent-Type: application/json\r\n"+
		"Content-Length: %d\r\n%s: ", host, len(body), shop.KeyHeader)
	text := fmt.Appendf(nil, "%s%s\r\n\r\n%s", head, bytes.Repeat([]byte{'0'}, keyLength), body)
	return &message{bytes: text, key: text[len(head) : len(head)+keyLength]}
}

// setKey writes the key of a connection's nth request, in the form of a UUID.
// Keys are as scattered as random ones, and the same each time they are asked
// for, so that a retry needs no memory of the first request.
func (m *message) setKey(seed, connection, n uint64) {
	var raw [16]byte
	a := mix(seed ^ connection<<40 ^ n)
	binary.BigEndian.PutUint64(raw[:8], a)
	binary.BigEndian.PutUint64(raw[8:], mix(a+connection))
	hex.Encode(m.key[0:8], raw[0:4])
	hex.Encode(m.key[9:13], raw[4:6])
	hex.Encode(m.key[14:18], raw[6:8])
	hex.Encode(m.key[19:23], raw[8:10])
	hex.Encode(m.key[24:36], raw[10:16])
	m.key[8], m.key[13], m.key[18], m.key[23] = '-', '-', '-', '-'
}

// mix is the finisher of splitmix64: it scatters, and no two numbers meet.
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
