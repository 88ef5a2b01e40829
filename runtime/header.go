package cnerium

import (
	"cmp"
	"maps"
	"net/http"
	"net/textproto"
	"slices"
	"strings"
)

// seal makes of what a handler returned the response that is kept and sent
// again, and the secrets that only the first answer has beside it. What belongs
// to the connection or cannot be sent is in neither.
func seal(resp *Response) (stored StoredResponse, secrets http.Header) {
	stored = StoredResponse{Status: cmp.Or(resp.Status, http.StatusOK)}
	if allowsBody(stored.Status) {
		stored.Body = string(resp.Body)
	}
	var few [8]string // on the stack, as long as they are enough
	names, header := few[:0], resp.Header
	for name := range header {
		if !isPlain(name) { // Connection, which can name others, is one of these
			header, secrets = separate(header)
			names = slices.AppendSeq(names[:0], maps.Keys(header))
			break
		}
		names = append(names, name)
	}
	stored.Header = storeHeader(header, names)
	return stored, secrets
}

// isPlain reports whether a field is kept as it is.
func isPlain(name string) bool {
	return name == textproto.CanonicalMIMEHeaderKey(name) && !hopByHop(name) && !secret(name)
}

// separate returns what of a header is kept, and what is sent only once.
func separate(header http.Header) (kept, secrets http.Header) {
	kept, secrets = make(http.Header, len(header)), make(http.Header)
	connection := connectionFields(header)
	for name, values := range header {
		name = textproto.CanonicalMIMEHeaderKey(name)
		switch {
		case hopByHop(name) || connection[name]:
		case secret(name):
			secrets[name] = append(secrets[name], values...)
		default:
			kept[name] = append(kept[name], values...)
		}
	}
	return kept, secrets
}

// hopByHop reports whether a field means one connection only (RFC 9110, section
// 7.6.1), or is Content-Length, which net/http tells from the body. A response
// cannot announce a replay or a cursor by itself either.
func hopByHop(name string) bool {
	switch name {
	case "Connection", "Content-Length", "Event-Cursor", "Idempotency-Replayed", "Keep-Alive", "Proxy-Connection",
		"Te", "Trailer", "Transfer-Encoding", "Upgrade":
		return true
	}
	return false
}

// connectionFields are the fields that a Connection header names.
func connectionFields(header http.Header) map[string]bool {
	var fields map[string]bool
	for _, line := range header.Values("Connection") {
		for name := range strings.SplitSeq(line, ",") {
			if fields == nil {
				fields = make(map[string]bool)
			}
			fields[textproto.CanonicalMIMEHeaderKey(strings.TrimSpace(name))] = true
		}
	}
	return fields
}

// secret reports whether a field is for the first caller's eyes only.
func secret(name string) bool {
	return name == "Set-Cookie" || name == "Authorization" || strings.HasPrefix(name, "Proxy-")
}
