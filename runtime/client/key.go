package client

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
)

// KeyHeader is the request header that carries the key.
const KeyHeader = "Idempotency-Key"

// maxKey is the longest key that servers accept, in bytes.
const maxKey = 255

// ErrKeyInvalid is wrapped by the error of a call whose key no server would
// accept. Nothing has been sent.
var ErrKeyInvalid = errors.New("a key is 1 to 255 visible ASCII characters")

// NewKey returns a key that nobody else has: 26 random characters. It is for
// callers who store the key before they call; the others get one by
// themselves.
func NewKey() string { return rand.Text() }

// KeyHash returns what stands for a key in logs: enough to find the lines of
// one key, too little to use it. The server's log has the same text as
// key_hash.
func KeyHash(key string) string {
	sum := sha256.Sum256([]byte(key))
	return hex.EncodeToString(sum[:8])
}

// checkKey refuses what the server would refuse.
func checkKey(key string) error {
	if key == "" || len(key) > maxKey {
		return fmt.Errorf("%w: it has %d", ErrKeyInvalid, len(key))
	}
	for i := range len(key) {
		if key[i] <= ' ' || key[i] > '~' {
			return fmt.Errorf("%w: the one at position %d is not", ErrKeyInvalid, i+1)
		}
	}
	return nil
}

// keyField returns the key as it stands in the header. Only a key that begins
// with a quotation mark must be written as a structured field string (RFC
// 9651, section 3.3.3), because it would be read as one.
func keyField(key string) string {
	if !strings.HasPrefix(key, `"`) {
		return key
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(key) + `"`
}
