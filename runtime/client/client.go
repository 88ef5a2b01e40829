package client

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// defaultMaxResponse is the default of Options.MaxResponse.
const defaultMaxResponse = 16 << 20

// Client calls operations of one server. All its methods are safe for
// concurrent use. It holds nothing that has to be closed.
type Client struct {
	base   string // without a slash at its end
	http   *http.Client
	opts   Options
	budget budget
}

// New returns a client of the server at a base URL, such as
// https://api.example.com or https://example.com/api: the paths of operations
// are appended to it. Options may be nil. It fails when the URL is not one.
func New(baseURL string, opts *Options) (*Client, error) {
	base, err := parseBase(baseURL)
	if err != nil {
		return nil, fmt.Errorf("client: base URL: %w", err)
	}
	c := &Client{base: base}
	if opts != nil {
		c.opts = *opts
	}
	c.opts.Header = c.opts.Header.Clone()
	c.opts.MaxResponse = cmp.Or(c.opts.MaxResponse, defaultMaxResponse)
	c.http = new(http.Client)
	if c.opts.HTTP != nil {
		*c.http = *c.opts.HTTP
	}
	c.http.CheckRedirect = sameMethod(c.http.CheckRedirect)
	return c, nil
}

// parseBase checks a base URL. Its errors do not have the password that may be
// in it.
func parseBase(baseURL string) (string, error) {
	u, err := url.Parse(baseURL)
	if err != nil && !strings.Contains(baseURL, "://") {
		// 127.0.0.1:8080, of which url.Parse says that a segment has a colon.
		return "", errors.New("it must begin with https:// or http://")
	}
	if wrong, ok := errors.AsType[*url.Error](err); ok {
		return "", wrong.Err
	}
	switch {
	case err != nil:
		return "", err
	case u.Scheme != "http" && u.Scheme != "https":
		return "", fmt.Errorf("%q must begin with https:// or http://", u.Redacted())
	case u.Hostname() == "":
		return "", fmt.Errorf("%q has no host", u.Redacted())
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return "", fmt.Errorf("%q must end with its path", u.Redacted())
	}
	return strings.TrimRight(u.String(), "/"), nil
}

// sameMethod has a redirect end the call when it would change the method, and
// with that drop the body: net/http makes a GET of a POST after 301, 302 and
// 303. The policy that was there before decides about others.
func sameMethod(before func(*http.Request, []*http.Request) error) func(*http.Request, []*http.Request) error {
	return func(req *http.Request, via []*http.Request) error {
		switch {
		case req.Method != via[0].Method:
			return http.ErrUseLastResponse
		case before != nil:
			return before(req, via)
		case len(via) >= 10: // as net/http has it
			return &finalError{err: errors.New("stopped after 10 redirects"), pending: true}
		}
		return nil
	}
}

// Do calls an operation and returns its answer, which is a success: a status
// from 200 to 299. Any other end is an [*Error]. The call may be nil. The
// request is not changed, and may be sent again.
func (c *Client) Do(ctx context.Context, req *Request, call *Call) (*Response, *Meta, error) {
	if call == nil {
		call = new(Call)
	}
	key := call.Key
	if key == "" {
		key = NewKey()
	}
	address, err := req.address(c.base)
	if err == nil {
		err = checkKey(key)
	}
	if err != nil {
		return nil, nil, &Error{Operation: req.operation, Key: key, Err: err}
	}
	retry := c.opts.Retry
	if call.Retry != nil {
		retry = *call.Retry
	}
	header := c.header(req, call, key)
	x := &exchange{
		operation: req.operation, key: key, given: call.Key != "", retry: retry.settled(req.timeout),
		budget: &c.budget, hook: c.opts.OnAttempt,
	}
	x.send = func(ctx context.Context) (*answer, error) {
		s := newSpan(ctx, x.retry.AttemptTimeout)
		defer s.end()
		a, err := c.send(s.ctx, req, address, header)
		if err != nil {
			return nil, s.explain(err)
		}
		return a, nil
	}
	return x.result(x.run(ctx))
}

// header is what all attempts of a call have.
func (c *Client) header(req *Request, call *Call, key string) http.Header {
	header := make(http.Header)
	for _, h := range []http.Header{c.opts.Header, req.header, call.Header} {
		for name, values := range h {
			header[http.CanonicalHeaderKey(name)] = values
		}
	}
	header.Set(KeyHeader, keyField(key))
	return header
}

// send makes one attempt.
func (c *Client) send(ctx context.Context, req *Request, address string, header http.Header) (*answer, error) {
	// From a bytes.Reader it knows the length, and how to get the body again.
	hr, err := http.NewRequestWithContext(ctx, req.method, address, bytes.NewReader(req.body))
	if err != nil {
		return nil, &finalError{err: err}
	}
	hr.Header = header.Clone() // Prepare may change it
	if c.opts.Prepare != nil {
		if err := c.opts.Prepare(hr); err != nil {
			return nil, &finalError{err: fmt.Errorf("prepare the request: %w", err), pending: true}
		}
		hr.Header[KeyHeader] = header[KeyHeader]
	}
	if err := checkHeader(hr.Header); err != nil {
		return nil, &finalError{err: err, pending: true}
	}
	resp, err := c.http.Do(hr)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	body, err := readBody(resp.Body, c.opts.MaxResponse)
	if err != nil {
		return nil, err
	}
	return &answer{resp: resp, body: body, problem: problemOf(resp.Header, body)}, nil
}

// result is what a caller gets.
func (x *exchange) result(e ending) (*Response, *Meta, error) {
	if e.answer == nil || e.gaveUp != nil || e.answer.resp.StatusCode/100 != 2 {
		return nil, nil, x.failure(e)
	}
	resp := e.answer.resp
	meta := &Meta{
		Operation: x.operation,
		Key:       x.key,
		Attempts:  e.attempts,
		Status:    resp.StatusCode,
		Header:    resp.Header,
		Replayed:  resp.Header.Get("Idempotency-Replayed") == "true",
		Cursor:    resp.Header.Get("Event-Cursor"),
	}
	return &Response{Status: resp.StatusCode, Header: resp.Header, Body: e.answer.body}, meta, nil
}
