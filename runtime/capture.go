package cnerium

import "net/http"

// Capture returns a durable form of an ordinary handler, for [Route.Handler].
// What the handler writes is recorded and becomes the response that is stored;
// nothing of it is sent before. For a nil handler it returns nil, which Start
// reports.
//
// The request that the handler sees is a copy of its own, which it may change:
// method, URL, header, path values, pattern, host, remote address and TLS are
// the client's, the body is a fresh reader of all its bytes, and ContentLength
// is their number, also where the client did not announce it. The context is
// that of any durable handler: it has the values of the client's and ends with
// the route's timeout, not when the client leaves; [FromContext], [Emit] and
// the transaction of the store are found in it.
//
// The http.ResponseWriter does what that of net/http does. A handler that
// writes without a status answers 200; only the first status counts; a header
// that is changed after it has no effect; a body without a Content-Type gets
// the one that http.DetectContentType finds, unless it has a Content-Encoding;
// a body after 204 or 304 is refused with http.ErrBodyNotAllowed, and what goes
// beyond the Content-Length with http.ErrContentLength. Write and WriteHeader
// may be called concurrently. It differs where a response that is stored as a
// whole must:
//
//   - It does not stream: it is neither an http.Flusher, http.Hijacker,
//     http.Pusher nor io.ReaderFrom, and each method of an
//     http.ResponseController returns an error that is http.ErrNotSupported.
//   - Informational statuses (1xx), such as 103, and trailers are left out. A
//     205 has no body either. The status 101, and any above 599, is no answer.
//   - What [Response.Set] says of the connection's fields, and of secrets, is so
//     here, too.
//   - The header is empty at first: what middleware outside of the durable
//     route has set is not in it, is not stored, and gives way to a field of
//     the same name.
//   - A response that ends before its Content-Length is no answer. Net/http
//     breaks the connection then.
//   - Once the handler has returned, a Write fails with an error that wraps
//     [ErrNoOperation], and nothing that it does to the header has an effect.
//
// Options.MaxResponse applies as to any response; a Write that would make the
// body longer fails.
//
// The status decides what becomes of the key, as with [Response]. Below 500 it
// is an outcome. From 400 it is that of a failure, as with an [*Error]: it is
// stored, but a transaction is undone and no event is published. 408, 425, 429 and those from 500 free the key, and
// undo a transaction. A handler that gives no answer, or that panics,
// http.ErrAbortHandler included, leaves its outcome unknown, or its transaction
// undone. So a handler should answer 5xx only when it has done nothing that must
// not be done twice, and not before it has ended, as http.TimeoutHandler does:
// Route.Timeout takes its place.
func Capture(h http.Handler) Handler {
	if f, ok := h.(http.HandlerFunc); h == nil || ok && f == nil {
		return nil
	}
	return func(req *Request) (*Response, error) {
		r := capturedRequest(req)
		inherited := r.MultipartForm
		defer func() {
			// Net/http would, but knows only its own request.
			if form := r.MultipartForm; form != nil && form != inherited {
				_ = form.RemoveAll()
			}
		}()
		w := &recorder{header: make(http.Header), limit: req.maxResponse}
		defer w.close() // also when the handler panics
		h.ServeHTTP(w, r)
		return w.response()
	}
}

// capturedRequest returns the request for an ordinary handler. It shares
// nothing that a handler may change: middleware may read the client's request
// meanwhile, and a transactional handler may be run again.
func capturedRequest(req *Request) *http.Request {
	r := req.Clone(req.Context())
	r.ContentLength, r.TransferEncoding = int64(len(req.body)), nil
	r.Body = http.NoBody
	if len(req.body) > 0 {
		body := new(bodyReader)
		body.Reset(req.body)
		r.Body = body
	}
	return r
}
