package client

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"
)

// Response is a successful answer as it came.
type Response struct {
	Status int
	Header http.Header
	Body   []byte // empty, not nil, when there is none
}

// Meta tells about a call that succeeded what is not in its result.
type Meta struct {
	Operation string
	Key       string      // that the call was made with
	Attempts  int         // 1 when the first was answered; what net/http sends again by itself, when a kept connection turns out to be closed, does not count
	Replayed  bool        // the answer is that of an earlier request with the key
	Cursor    string      // Event-Cursor: subscribe after it to get what comes later; "" when the operation emitted nothing
	Status    int         // of the answer
	Header    http.Header // of the answer
}

// DecodeError is wrapped by the error of a call whose answer, a success, cannot
// be read. When its ContentType is JSON, the operation has been carried out all
// the same, and a call with the same key gets the same answer. With any other it
// comes from somebody between, such as a proxy that wants a login: the error is
// then Pending.
type DecodeError struct {
	ContentType string // of the answer; "" when it has none
	Err         error  // why
}

// Error says why the answer cannot be read.
func (e *DecodeError) Error() string {
	if !isJSON(e.ContentType) {
		return "read the answer: " + e.Err.Error() + "; it is not from the operation, which may have been carried out or not"
	}
	return "read the answer: " + e.Err.Error()
}

// Unwrap returns the error of encoding/json, if it is one.
func (e *DecodeError) Unwrap() error { return e.Err }

// JSON decodes the answer of [Client.Do], whose results are its parameters. The
// body must be JSON, also by its content type; members that T does not have are
// ignored, because a newer server may have more. A T that is a pointer is nil
// when the body is null. A number in an any is a [json.Number], because a float64
// does not have all the digits. An answer that cannot be read is a [*DecodeError]
// inside of an [*Error].
func JSON[T any](resp *Response, meta *Meta, err error) (T, *Meta, error) {
	var out, none T
	if err != nil {
		return none, nil, err
	}
	if err := resp.decode(&out); err != nil {
		return none, nil, resp.unreadable(meta, err)
	}
	return out, meta, nil
}

// Empty checks that the answer of [Client.Do], whose results are its parameters,
// has no body, as that of an operation without a result: what has one comes from
// somebody else, such as a proxy that wants a login. It is a [*DecodeError]
// inside of an [*Error].
func Empty(resp *Response, meta *Meta, err error) (*Meta, error) {
	if err != nil {
		return nil, err
	}
	if len(resp.Body) > 0 {
		return nil, resp.unreadable(meta, fmt.Errorf("status %d with a body, expected none", resp.Status))
	}
	return meta, nil
}

// unreadable is the error of an answer that is a success, and cannot be read.
func (r *Response) unreadable(meta *Meta, err error) *Error {
	contentType := r.Header.Get("Content-Type")
	return &Error{
		Operation: meta.Operation, Key: meta.Key, Attempts: meta.Attempts,
		Status: r.Status, Header: r.Header, Body: r.Body,
		Err:     &DecodeError{ContentType: contentType, Err: err},
		pending: !isJSON(contentType),
	}
}

// decode reads the body, which must be exactly one JSON value, into v.
func (r *Response) decode(v any) error {
	contentType := r.Header.Get("Content-Type")
	switch {
	case len(r.Body) == 0:
		return fmt.Errorf("status %d without a body, expected JSON", r.Status)
	case !isJSON(contentType):
		return fmt.Errorf("content type %s, expected application/json", strconv.Quote(contentType))
	}
	// A number in an any would lose digits as a float64.
	decoder := json.NewDecoder(bytes.NewReader(r.Body))
	decoder.UseNumber()
	if err := decoder.Decode(v); err != nil {
		return err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return errors.New("there is more behind the JSON")
	}
	return nil
}

// isJSON reports whether a content type is application/json or a +json type.
func isJSON(contentType string) bool {
	mediaType, _, err := mime.ParseMediaType(contentType)
	return err == nil && (mediaType == "application/json" || strings.HasSuffix(mediaType, "+json"))
}
