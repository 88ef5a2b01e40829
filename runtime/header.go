package cnerium

import (
	"maps"
	"net/http"
	"net/textproto"
	"slices"
	"strings"
)

// sendable returns a copy of the response with its status filled in, and
// without what belongs to the connection or cannot be sent. Its body is not in
// memory that the handler may still hold and use again.
func sendable(resp *Response) Response {
	clean := Response{Status: resp.Status, Body: slices.Clone(resp.Body), Header: resp.Header}
	if clean.Status == 0 {
		clean.Status = http.StatusOK
	}
	if clean.Status == http.StatusNoContent || clean.Status == http.StatusResetContent || clean.Status == http.StatusNotModified {
		clean.Body = nil
	}
	if allSendable(resp.Header) {
		return clean
	}
	clean.Header = make(http.Header, len(resp.Header))
	connection := connectionFields(resp.Header)
	for name, values := range resp.Header {
		name = textproto.CanonicalMIMEHeaderKey(name)
		if !hopByHop[name] && !connection[name] {
			clean.Header[name] = append(clean.Header[name], values...)
		}
	}
	return clean
}

// allSendable reports whether a header has nothing that must not be sent.
func allSendable(header http.Header) bool {
	for name := range header {
		if name != textproto.CanonicalMIMEHeaderKey(name) || hopByHop[name] {
			return false // Connection, which can name others, is one of these
		}
	}
	return true
}

// keepable returns the response as it is stored: without secrets. It is the
// same one when it has none.
func keepable(resp *Response) *Response {
	secrets := false
	for name := range resp.Header {
		secrets = secrets || secret(name)
	}
	if !secrets {
		return resp
	}
	kept := &Response{Status: resp.Status, Body: resp.Body, Header: maps.Clone(resp.Header)}
	maps.DeleteFunc(kept.Header, func(name string, _ []string) bool { return secret(name) })
	return kept
}

// hopByHop are the fields that mean one connection only (RFC 9110, section
// 7.6.1), and Content-Length, which net/http tells from the body. A response
// cannot announce a replay or a cursor by itself either.
var hopByHop = map[string]bool{
	"Connection":           true,
	"Content-Length":       true,
	"Event-Cursor":         true,
	"Idempotency-Replayed": true,
	"Keep-Alive":           true,
	"Proxy-Connection":     true,
	"Te":                   true,
	"Trailer":              true,
	"Transfer-Encoding":    true,
	"Upgrade":              true,
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
