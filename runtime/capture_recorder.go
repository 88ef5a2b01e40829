package cnerium

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"sync"
)

// Errors of a Write.
var (
	errWriteTooLarge = errors.New("write: the response is larger than Options.MaxResponse")
	errWriteLate     = fmt.Errorf("write: the handler has returned: %w", ErrNoOperation)
)

// recorder is the http.ResponseWriter of a captured handler. It has no method
// but these and WriteString, so that what streams is refused where net/http's
// conventions have it refused.
type recorder struct {
	limit  int64       // of the body, in bytes
	header http.Header // the handler's, which may change it at any time

	mu      sync.Mutex // guards the rest
	closed  bool
	status  int         // 0 before WriteHeader
	sent    http.Header // the header as it was then
	length  int64       // its Content-Length; -1 for none
	written int64       // bytes that the handler has tried to write
	body    []byte
}

// Header returns the header for the next WriteHeader.
func (w *recorder) Header() http.Header { return w.header }

// WriteHeader records the status and the header, if it is the first.
func (w *recorder) WriteHeader(status int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case w.closed || w.status != 0:
	case status < 100 || status > 999:
		panic("invalid WriteHeader code " + strconv.Itoa(status)) // as net/http does
	case status < 200 && status != http.StatusSwitchingProtocols:
		// Informational: it cannot be sent before the response is stored.
	default:
		w.begin(status)
	}
}

// begin fixes the status and the header. The caller holds mu.
func (w *recorder) begin(status int) {
	w.status, w.sent, w.length = status, w.header.Clone(), -1
	if announced, err := strconv.ParseInt(w.sent.Get("Content-Length"), 10, 64); err == nil && announced >= 0 {
		w.length = announced
	}
}

// Write records a part of the body.
func (w *recorder) Write(p []byte) (int, error) { return record(w, p) }

// WriteString records a part of the body.
func (w *recorder) WriteString(s string) (int, error) { return record(w, s) }

// record appends to the body, all or nothing.
func record[T []byte | string](w *recorder, p T) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return 0, errWriteLate
	}
	if w.status == 0 {
		w.begin(http.StatusOK)
	}
	if len(p) == 0 {
		return 0, nil
	}
	if !allowsBody(w.status) {
		return 0, http.ErrBodyNotAllowed
	}
	w.written += int64(len(p))
	if w.length >= 0 && w.written > w.length {
		return 0, http.ErrContentLength
	}
	if w.written > w.limit {
		// One byte more than is stored tells it to the runtime.
		w.body = append(w.body, p[:max(0, w.limit+1-int64(len(w.body)))]...)
		return 0, errWriteTooLarge
	}
	w.body = append(w.body, p...)
	return len(p), nil
}

// close ends the recording: what the handler has left running writes nothing
// more.
func (w *recorder) close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.closed = true
}

// response ends the recording and returns what was recorded. A response that
// is not whole is none; the handler has done its work then all the same, unless
// its status says otherwise.
func (w *recorder) response() (*Response, error) {
	w.close()
	if w.status == 0 {
		w.begin(http.StatusOK)
	}
	if err := w.fault(); err != nil {
		if storable(w.status) {
			err = &unusableError{err}
		}
		return nil, err
	}
	w.complete()
	resp := &Response{Status: w.status, Header: w.sent, Body: w.body}
	if w.status >= 400 && storable(w.status) {
		return nil, &declined{resp}
	}
	return resp, nil
}

// fault says why the response is not whole.
func (w *recorder) fault() error {
	if allowsBody(w.status) && w.length > int64(len(w.body)) && w.written <= w.limit {
		return errors.New("the handler announced a Content-Length of " + strconv.FormatInt(w.length, 10) +
			", and wrote " + strconv.Itoa(len(w.body)) + " bytes")
	}
	return nil
}

// complete makes of the header what net/http would send of it.
func (w *recorder) complete() {
	_, typed := w.sent["Content-Type"] // a nil value asks for none
	encoded := w.sent.Get("Content-Encoding") != "" || w.sent.Get("Transfer-Encoding") != ""
	if !typed && !encoded && len(w.body) > 0 {
		w.sent["Content-Type"] = []string{http.DetectContentType(w.body)}
	}
	maps.DeleteFunc(w.sent, func(name string, values []string) bool {
		return len(values) == 0 || strings.HasPrefix(name, http.TrailerPrefix)
	})
}

// allowsBody reports whether a response of this status has a body.
func allowsBody(status int) bool {
	return status >= 200 && status != http.StatusNoContent &&
		status != http.StatusResetContent && status != http.StatusNotModified
}
