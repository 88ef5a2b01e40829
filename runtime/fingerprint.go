package cnerium

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
)

// Fingerprint tells a retry from another use of the same key. It is the
// SHA-256 of the request's path values, query and body.
type Fingerprint [sha256.Size]byte

// String returns the fingerprint in hexadecimal.
func (f Fingerprint) String() string { return hex.EncodeToString(f[:]) }

// fingerprint hashes what makes two requests of an operation the same. Every
// part is preceded by its length and the path values by their number, so no
// two different requests are framed alike. The pattern and the names of its
// wildcards are not hashed: a route may be renamed and old keys still replay.
func fingerprint(pathValues []string, query string, body []byte) Fingerprint {
	h := sha256.New()
	frame := make([]byte, 0, 256) // stays on the stack as long as it is enough
	frame = binary.BigEndian.AppendUint64(frame, uint64(len(pathValues)))
	for _, value := range pathValues {
		frame = appendPart(frame, value)
	}
	frame = appendPart(frame, query)
	frame = binary.BigEndian.AppendUint64(frame, uint64(len(body)))
	h.Write(frame)
	h.Write(body)
	return Fingerprint(h.Sum(frame[:0]))
}

func appendPart(frame []byte, part string) []byte {
	frame = binary.BigEndian.AppendUint64(frame, uint64(len(part)))
	return append(frame, part...)
}
