package cnerium

import (
	"bytes"
	"context"
	"net/http"
	"net/url"
)

// Request is a request to a durable route. It embeds the request as net/http
// gave it, with path values, but with a context of its own: that one keeps the
// values of the client's and not its cancellation, and ends with the route's
// timeout. Its methods are safe for concurrent use.
//
// A handler can outlive its request. What a router keeps in the context and
// uses again, as chi does with what chi.URLParam reads, may then be another
// request's: use PathValue.
type Request struct {
	*http.Request

	id          ID
	operation   string
	fingerprint Fingerprint
	attempt     int
	body        []byte
	maxResponse int64 // bytes of a body that the store is to keep
	query       url.Values
	queryErr    error
	events      collector
	life        lifetime // the context of the handler
	reader      bodyReader
}

// Key returns the client's Idempotency-Key, without the quotes of a
// structured field.
func (r *Request) Key() string { return r.id.Key }

// Operation returns the route's operation.
func (r *Request) Operation() string { return r.operation }

// Scope returns whose key it is, as Options.Scope has it; "" without one.
func (r *Request) Scope() string { return r.id.Scope }

// Attempt returns 1 for the first execution of this key, and one more for
// each that came before and whose outcome nobody knows. It is 0 while the
// request is bound, before it is known whether there is an execution.
func (r *Request) Attempt() int { return r.attempt }

// Fingerprint returns the hash that tells a retry from another use of the key.
func (r *Request) Fingerprint() Fingerprint { return r.fingerprint }

// Body returns the whole body. It must not be changed. It hides the field of
// the embedded request, which can still be read as r.Request.Body.
func (r *Request) Body() []byte { return r.body }

// contextKey is the key of the *Request in a handler's context.
type contextKey struct{}

// FromContext returns the request that a durable handler is running for, or
// nil when the context is not one that such a handler was given.
func FromContext(ctx context.Context) *Request {
	req, _ := ctx.Value(contextKey{}).(*Request)
	return req
}

// newRequest returns the request as handlers see it: everything that could
// be taken from the client's connection is already read.
func newRequest(r *http.Request, id ID, fingerprint Fingerprint, body []byte) *Request {
	req := &Request{id: id, operation: id.Operation, fingerprint: fingerprint, body: body}
	req.life.req = req
	req.life.values = context.WithoutCancel(r.Context())
	req.Request = r.WithContext(&req.life)
	req.reader.Reset(body)
	req.Request.Body = &req.reader
	if r.URL.RawQuery != "" {
		req.query, req.queryErr = url.ParseQuery(r.URL.RawQuery)
	}
	return req
}

// bodyReader reads a body that is in memory.
type bodyReader struct{ bytes.Reader }

// Close does nothing.
func (*bodyReader) Close() error { return nil }
