package client

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// Transport is an [http.RoundTripper] for people with a client of their own:
//
//	hc := &http.Client{Transport: &client.Transport{}}
//
// A POST, PUT, PATCH or DELETE gets a key if it has none, and is tried again as
// a [Client] does. Other requests pass through. The zero value is ready to use;
// it must not be copied afterwards. It is safe for concurrent use.
//
// The last answer is returned, whatever its status; an error is an [*Error]
// inside of the [net/url.Error] that http.Client makes of it, with the key to
// repeat the request with. An [http.Client.Timeout] is for all attempts
// together.
//
// To be sent again, a body must be in memory: one from a bytes.Buffer, a
// bytes.Reader or a strings.Reader is, as is every request that has GetBody.
// Any other is read first, if it has no more than MaxBody bytes. A longer one
// is sent once, with its key and without a limit of time.
//
// Answers that are JSON, and those that announce no more than MaxResponse
// bytes, are read before they are returned, so that a connection that breaks in
// between is mended, too. All others are returned as they come; reading them
// can fail, and only a request with the same key helps then.
type Transport struct {
	// Base sends the requests. Default: http.DefaultTransport.
	Base http.RoundTripper

	// Retry says how requests are tried again. AttemptTimeout does not count
	// for the reading of an answer that is returned as it comes.
	Retry Retry

	// OnAttempt is called as Options.OnAttempt is.
	OnAttempt func(context.Context, Attempt)

	// MaxBody is how many bytes of a request are kept for another attempt.
	// Default 1 MiB, which is also what servers accept by default.
	MaxBody int64

	// MaxResponse is how many bytes of an answer are read before it is
	// returned. Default 1 MiB.
	MaxResponse int64

	budget budget
}

var _ http.RoundTripper = (*Transport)(nil)

// defaultKept is how many bytes of bodies a Transport keeps.
const defaultKept = 1 << 20

func (t *Transport) base() http.RoundTripper {
	if t.Base == nil {
		return http.DefaultTransport
	}
	return t.Base
}

// CloseIdleConnections closes those of the Base, if it can.
func (t *Transport) CloseIdleConnections() {
	if closer, ok := t.base().(interface{ CloseIdleConnections() }); ok {
		closer.CloseIdleConnections()
	}
}

// RoundTrip sends a request, as often as it takes.
func (t *Transport) RoundTrip(req *http.Request) (*http.Response, error) {
	switch req.Method {
	case http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete:
	default:
		return t.base().RoundTrip(req)
	}
	keyed, key, given := withKey(req)
	retry := t.Retry
	body, again, err := keep(keyed, cmp.Or(t.MaxBody, defaultKept))
	if err != nil {
		return nil, &Error{Key: key, Err: err}
	}
	if !again || !wellFormed(req) {
		retry.MaxAttempts, retry.AttemptTimeout = 1, -1
	}
	x := &exchange{key: key, given: given, retry: retry.settled(0), budget: &t.budget, hook: t.OnAttempt}
	x.send = func(ctx context.Context) (*answer, error) { return t.attempt(ctx, keyed, body, x.retry) }
	e := x.run(req.Context())
	if e.answer == nil {
		return nil, x.failure(e)
	}
	if req.Context().Err() != nil && e.gaveUp != nil {
		discard(e.answer)
		return nil, x.failure(e)
	}
	e.answer.resp.Request = req
	return e.answer.resp, nil
}

// wellFormed reports whether a request is one that net/http sends; otherwise
// its error looks like one of the network.
func wellFormed(req *http.Request) bool {
	return req.URL != nil && (req.URL.Scheme == "http" || req.URL.Scheme == "https") &&
		req.URL.Host != "" && isToken(req.Method) && checkHeader(req.Header) == nil
}

// withKey returns a request that has a key, the key, and whether it had it before.
func withKey(req *http.Request) (keyed *http.Request, key string, given bool) {
	for name, values := range req.Header {
		if strings.EqualFold(name, KeyHeader) && len(values) > 0 {
			return req.Clone(req.Context()), values[0], true
		}
	}
	key = NewKey()
	keyed = req.Clone(req.Context())
	if keyed.Header == nil {
		keyed.Header = make(http.Header)
	}
	keyed.Header.Set(KeyHeader, key)
	return keyed, key, false
}

// attempt sends the request once.
func (t *Transport) attempt(ctx context.Context, keyed *http.Request, body func() (io.ReadCloser, error), retry Retry) (*answer, error) {
	s := newSpan(ctx, retry.AttemptTimeout)
	req := keyed.Clone(s.ctx)
	var err error
	if req.Body, err = body(); err != nil {
		s.end()
		return nil, &finalError{err: fmt.Errorf("get the body again: %w", err), pending: true}
	}
	resp, err := t.base().RoundTrip(req) //nolint:bodyclose // receive does
	if err != nil {
		s.end()
		return nil, s.explain(err)
	}
	a, err := receive(resp, s, cmp.Or(t.MaxResponse, defaultKept))
	if err != nil {
		s.end()
		return nil, s.explain(err)
	}
	return a, nil
}
