package cnerium

import "net/http"

var _ http.Handler = (*Error)(nil)

// ServeHTTP answers with the error as the runtime does: a problem document
// (RFC 9457), with Retry-After where it has one. It is for handlers beside the
// durable ones.
func (e *Error) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	answer{resp: e.response()}.reply(w)
}
