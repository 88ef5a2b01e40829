package client

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
)

// keep makes the body of a request one that can be sent again, if it is not
// too long. It returns how to get it for an attempt, and whether that works
// more than once.
func keep(req *http.Request, limit int64) (body func() (io.ReadCloser, error), again bool, err error) {
	original := req.Body
	switch {
	case original == nil || original == http.NoBody:
		return func() (io.ReadCloser, error) { return original, nil }, true, nil
	case req.GetBody != nil:
		_ = original.Close() // nothing of it has been read
		return req.GetBody, true, nil
	case req.ContentLength > limit:
		return func() (io.ReadCloser, error) { return original, nil }, false, nil
	}
	data, err := io.ReadAll(io.LimitReader(original, limit+1))
	if err != nil {
		_ = original.Close() // its error is known
		return nil, false, fmt.Errorf("read the body: %w", err)
	}
	if int64(len(data)) > limit {
		long := joined{io.MultiReader(bytes.NewReader(data), original), original}
		return func() (io.ReadCloser, error) { return long, nil }, false, nil
	}
	_ = original.Close() // it is read to its end
	req.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil }
	if req.ContentLength <= 0 { // of a body that is there, zero is unknown, too
		req.ContentLength = int64(len(data))
	}
	return req.GetBody, true, nil
}

// joined is a body that begins with what is already read.
type joined struct {
	io.Reader
	io.Closer
}

// receive reads the answer of an attempt, or as much of it as is to be read
// before it is returned.
func receive(resp *http.Response, s *span, limit int64) (*answer, error) {
	rest := &passing{ReadCloser: resp.Body, span: s}
	announced := resp.ContentLength >= 0 && resp.ContentLength <= limit
	if !announced && (resp.ContentLength > limit || !isJSON(resp.Header.Get("Content-Type"))) {
		resp.Body = rest
		if !s.hold() {
			return nil, giveBack(rest, timeoutError(0))
		}
		return &answer{resp: resp}, nil
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, limit+1))
	if err != nil {
		return nil, giveBack(rest, fmt.Errorf("read the answer: %w", err))
	}
	if int64(len(body)) > limit {
		resp.Body = joined{io.MultiReader(bytes.NewReader(body), rest), rest}
		if !s.hold() {
			return nil, giveBack(rest, timeoutError(0))
		}
		return &answer{resp: resp}, nil
	}
	_ = rest.Close() // it is read to its end
	resp.Body = io.NopCloser(bytes.NewReader(body))
	return &answer{resp: resp, body: body, problem: problemOf(resp.Header, body)}, nil
}

// giveBack closes a body that nobody will read, and returns the error.
func giveBack(body io.Closer, err error) error {
	_ = body.Close() // the error is more than this one
	return err
}

// passing is a body that is read by others; its attempt ends with it.
type passing struct {
	io.ReadCloser
	span *span
}

// Close closes the body and ends the attempt.
func (p *passing) Close() error {
	err := p.ReadCloser.Close()
	p.span.end()
	return err
}
