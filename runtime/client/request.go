package client

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Request is a call in the making. What is wrong with it is told by
// [Client.Do]. It may be sent again, also concurrently, but not be changed
// while it is sent.
type Request struct {
	operation string
	method    string
	path      string
	values    map[string]string // of wildcards
	query     url.Values
	header    http.Header
	body      []byte
	timeout   time.Duration
	err       error // the first one
}

// NewRequest begins a request of an operation. The path may have wildcards as
// net/http patterns do: /orders/{id} and /files/{path...}. Each of them needs
// a value, see [Request.Path]. The operation is for errors and hooks only.
func NewRequest(operation, method, path string) *Request {
	r := &Request{operation: operation, method: method, path: path, values: make(map[string]string), query: make(url.Values), header: make(http.Header)}
	if !isToken(method) {
		r.fail(fmt.Errorf("%q is not a method", method))
	}
	if !strings.HasPrefix(path, "/") {
		r.fail(fmt.Errorf("path %q does not begin with a slash", path))
	}
	return r
}

// Path sets the value of a wildcard: a text, a number, a boolean, a time, or
// what has MarshalText. It is escaped, and so it always stays inside of its
// wildcard; only {name...} keeps slashes. Values that servers and proxies would
// take for something else are refused: empty ones, and "." and "..".
func (r *Request) Path(name string, value any) {
	text, err := textOf(value)
	if err != nil {
		r.fail(fmt.Errorf("path value %q: %w", name, err))
	}
	r.values[name] = text
}

// Query adds a parameter to the query: a value as in [Request.Path], a pointer
// to one, or a slice of such values, which is a parameter for each of them. Nil
// and the zero value are left out, since servers read them from a parameter
// that is absent; a pointer to a zero value is sent.
func (r *Request) Query(name string, value any) {
	texts, err := textsOf(value)
	if err != nil {
		r.fail(fmt.Errorf("query parameter %q: %w", name, err))
	}
	r.query[name] = append(r.query[name], texts...)
}

// Header adds a header field, from a value as in [Request.Query]. Line breaks
// and other control characters are refused, and so are spaces at the ends,
// which would be lost; in a slice also commas and empty texts, because servers
// split at commas.
func (r *Request) Header(name string, value any) {
	texts, err := textsOf(value)
	if err == nil {
		err = checkFields(name, texts, isList(value))
	}
	if err == nil && strings.EqualFold(name, KeyHeader) {
		err = errors.New("the key is given in Call.Key")
	}
	if err != nil {
		r.fail(fmt.Errorf("header %q: %w", name, err))
		return
	}
	for _, text := range texts {
		r.header.Add(name, text)
	}
}

// JSON encodes the body, once for all attempts.
func (r *Request) JSON(value any) {
	body, err := json.Marshal(value)
	if err != nil {
		r.fail(fmt.Errorf("body: %w", err))
	}
	r.Body("application/json", body)
}

// Body sets the body, which must not be changed afterwards.
func (r *Request) Body(contentType string, body []byte) {
	r.body = body
	r.header.Set("Content-Type", contentType)
}

// Timeout tells how long the server may take for the operation, when that is
// longer than usual. Attempts then have the time, see Retry.AttemptTimeout.
func (r *Request) Timeout(d time.Duration) { r.timeout = d }

func (r *Request) fail(err error) {
	if r.err == nil {
		r.err = err
	}
}

// address returns the URL to call, or what is wrong with the request.
func (r *Request) address(base string) (string, error) {
	if r.err != nil {
		return "", r.err
	}
	path, err := r.escapedPath()
	if err != nil {
		return "", err
	}
	if query := r.query.Encode(); query != "" {
		return base + path + "?" + query, nil
	}
	return base + path, nil
}

// escapedPath puts the values into the path.
func (r *Request) escapedPath() (string, error) {
	segments := strings.Split(strings.TrimPrefix(r.path, "/"), "/")
	used := 0
	for i, segment := range segments {
		name, wild := wildcard(segment)
		if !wild {
			literal, err := url.PathUnescape(segment)
			if err != nil {
				return "", fmt.Errorf("path %q: %w", r.path, err)
			}
			segments[i] = url.PathEscape(literal)
			continue
		}
		name, rest := strings.CutSuffix(name, "...")
		value, ok := r.values[name]
		if !ok {
			return "", fmt.Errorf("path value %q is missing", name)
		}
		used++
		escaped, err := escapeValue(value, rest)
		if err != nil {
			return "", fmt.Errorf("path value %q: %w", name, err)
		}
		segments[i] = escaped
	}
	if used != len(r.values) {
		return "", fmt.Errorf("path %q has %d wildcards, but there are values for %d", r.path, used, len(r.values))
	}
	return "/" + strings.Join(segments, "/"), nil
}

// wildcard returns the name in {name} or {name...}.
func wildcard(segment string) (string, bool) {
	name, ok := strings.CutPrefix(segment, "{")
	if !ok {
		return "", false
	}
	return strings.CutSuffix(name, "}")
}

// escapeValue escapes the value of a wildcard.
func escapeValue(value string, rest bool) (string, error) {
	elements := []string{value}
	if rest {
		elements = strings.Split(value, "/")
	}
	for i, element := range elements {
		last := rest && i == len(elements)-1 // it may be empty: files/
		if element == "." || element == ".." || element == "" && !last {
			return "", fmt.Errorf("%q cannot be sent: what is empty, . or .. means another path", value)
		}
		elements[i] = url.PathEscape(element)
	}
	return strings.Join(elements, "/"), nil
}
