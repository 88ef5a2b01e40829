package cnerium

import (
	"encoding/json"
	"fmt"
	"net/http"
)

// Response is what a handler answers: a status from 200 to 599, headers and a
// body. The runtime stores it before its first byte is sent. A handler that
// returns one must not change it, nor what it refers to, afterwards.
type Response struct {
	Status int         // 0 is 200
	Header http.Header // nil for none
	Body   []byte      // nil for none
}

// Set sets a header field and returns the response, to be called in a chain.
//
// Hop-by-hop fields (RFC 9110, section 7.6.1) and Content-Length are the
// connection's business and are not sent, and Idempotency-Replayed and
// Event-Cursor are set by the runtime alone. Set-Cookie, Authorization and
// Proxy-* are secrets: the first answer carries them, a replay does not.
func (r *Response) Set(name, value string) *Response {
	if r.Header == nil {
		r.Header = make(http.Header)
	}
	r.Header.Set(name, value)
	return r
}

// Bytes returns a response with the body as it is. The content type is not
// guessed: "" sends none.
func Bytes(status int, contentType string, body []byte) *Response {
	r := &Response{Status: status, Body: body}
	if contentType != "" {
		r.Header = http.Header{"Content-Type": {contentType}}
	}
	return r
}

// Text returns a plain text response in UTF-8.
func Text(status int, text string) *Response {
	return Bytes(status, "text/plain; charset=utf-8", []byte(text))
}

// Empty returns a response without a body.
func Empty(status int) *Response { return &Response{Status: status} }

// NoContent returns a 204 response.
func NoContent() *Response { return Empty(http.StatusNoContent) }

// JSON returns a response whose body is v, encoded with encoding/json. The
// error is one of the encoding; a plain handler that returns it leaves its
// outcome unknown, because it has done its work.
func JSON(status int, v any) (*Response, error) {
	body, err := json.Marshal(v)
	if err != nil {
		return nil, &unusableError{fmt.Errorf("encode response: %w", err)}
	}
	return Bytes(status, "application/json", body), nil
}

// OK is JSON with status 200.
func OK(v any) (*Response, error) { return JSON(http.StatusOK, v) }

// Created is JSON with status 201.
func Created(v any) (*Response, error) { return JSON(http.StatusCreated, v) }
