package cnerium

import (
	"maps"
	"net/http"
)

var _ http.Handler = (*Error)(nil)

// ServeHTTP answers with the error as the runtime does: a problem document
// (RFC 9457), with Retry-After where it has one. It is for handlers beside the
// durable ones.
func (e *Error) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	resp := e.response()
	maps.Copy(w.Header(), resp.Header)
	w.WriteHeader(resp.Status)
	_, _ = w.Write(resp.Body) // a client that is gone need not be told
}
