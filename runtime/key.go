package cnerium

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"strings"
)

// keyHeader is the request header that carries the key
// (draft-ietf-httpapi-idempotency-key-header).
const keyHeader = "Idempotency-Key"

// maxKey is the longest key, in bytes.
const maxKey = 255

// requestKey returns the key of a request, or the answer that refuses it.
func requestKey(header http.Header) (string, error) {
	lines := header.Values(keyHeader)
	switch {
	case len(lines) == 0:
		return "", &Error{
			Status: http.StatusBadRequest,
			Type:   ProblemKeyMissing,
			Detail: "this operation needs an Idempotency-Key header: a text of your choice, new for each operation and the same for each retry",
		}
	case len(lines) > 1:
		return "", invalidKey(fmt.Sprintf("is given %d times", len(lines)))
	}
	return parseKey(lines[0])
}

// parseKey accepts the bare key and the quoted form of a structured field
// string (RFC 9651, section 3.3.3), which name the same key.
func parseKey(field string) (string, error) {
	key := strings.Trim(field, " \t")
	if strings.HasPrefix(key, `"`) {
		var ok bool
		if key, ok = unquote(key); !ok {
			return "", invalidKey("begins with a quotation mark and is not a quoted string")
		}
	}
	switch {
	case key == "":
		return "", invalidKey("is empty")
	case len(key) > maxKey:
		return "", invalidKey(fmt.Sprintf("has %d characters, more than %d", len(key), maxKey))
	}
	for i := range len(key) {
		if key[i] <= ' ' || key[i] > '~' {
			return "", invalidKey(fmt.Sprintf("has a character that is not visible ASCII, at position %d", i+1))
		}
	}
	return key, nil
}

// unquote returns the text of a structured field string. Parameters after it
// are not accepted: nothing defines any.
func unquote(quoted string) (string, bool) {
	var text strings.Builder
	for i := 1; i < len(quoted); i++ {
		switch c := quoted[i]; c {
		case '"':
			return text.String(), i == len(quoted)-1
		case '\\':
			i++
			if i == len(quoted) || (quoted[i] != '"' && quoted[i] != '\\') {
				return "", false
			}
			text.WriteByte(quoted[i])
		default:
			text.WriteByte(c)
		}
	}
	return "", false
}

func invalidKey(why string) error {
	return &Error{
		Status: http.StatusBadRequest,
		Type:   ProblemKeyInvalid,
		Detail: "the Idempotency-Key header " + why + "; a key is 1 to 255 visible ASCII characters",
	}
}

// keyHash is what the log has in place of a key: enough to find the lines of
// one key, too little to use it.
func keyHash(key string) string {
	if key == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(key))
	return hex.EncodeToString(sum[:8])
}
