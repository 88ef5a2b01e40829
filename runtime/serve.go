package cnerium

import (
	"bytes"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
)

// ServeHTTP answers a request to a durable route.
func (rt *route) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	e := &exchange{rt: rt, w: w, r: r, id: ID{Operation: rt.Operation}, begun: time.Now()}
	e.answer(rt.decide(e))
}

// decide is the path of a request: identify it, read and hash it, then look
// its record up, and execute it where there is none.
func (rt *route) decide(e *exchange) answer {
	if !rt.app.serving.Load() {
		return notServing()
	}
	r := e.r
	if err := rt.identify(r, &e.id); err != nil {
		return refuse(err)
	}
	body, err := readBody(e.w, r, rt.MaxBody)
	if err != nil {
		return refuse(err)
	}
	sum := fingerprint(rt.pathValues(r), r.URL.RawQuery, body)
	return rt.resolve(e, newRequest(r, e.id, sum, body))
}

// identify tells whose key the request carries, and which.
func (rt *route) identify(r *http.Request, id *ID) error {
	if scope := rt.app.opts.Scope; scope != nil {
		var err error
		if id.Scope, err = scope(r); err != nil {
			if e, ok := asError(err); ok {
				return e
			}
			return Unauthorized("the request could not be authenticated").WithCause(err)
		}
	} else {
		rt.app.warnOfScope(r)
	}
	key, err := requestKey(r.Header)
	id.Key = key
	return err
}

// pathValues returns what of the path tells requests to the route apart. With
// net/http's mux that is what its wildcards match, so that a route can be
// renamed; of another router's patterns nobody here knows what they match, and
// it is the whole path.
func (rt *route) pathValues(r *http.Request) []string {
	if rt.wholePath {
		return []string{r.URL.Path}
	}
	if len(rt.wildcards) == 0 && rt.subtree == 0 {
		return nil
	}
	values := make([]string, len(rt.wildcards), len(rt.wildcards)+1)
	for i, name := range rt.wildcards {
		values[i] = r.PathValue(name)
	}
	if rt.subtree > 0 {
		parts := strings.SplitN(r.URL.Path, "/", rt.subtree+1)
		values = append(values, parts[len(parts)-1])
	}
	return values
}

// readBody reads the whole body, or tells why it cannot.
func readBody(w http.ResponseWriter, r *http.Request, limit int64) ([]byte, error) {
	if r.ContentLength > limit {
		return nil, bodyTooLarge(limit)
	}
	body, err := readAll(r.Body, r.ContentLength, limit)
	if int64(len(body)) > limit {
		// Have net/http read no more of it, and close the connection.
		_, _ = http.MaxBytesReader(w, r.Body, 0).Read(make([]byte, 1))
		return nil, bodyTooLarge(limit)
	}
	if err != nil {
		return nil, BadRequest("the body could not be read to its end").WithCause(err)
	}
	return body, nil
}

func bodyTooLarge(limit int64) error {
	return Errorf(http.StatusRequestEntityTooLarge, "the body has more than %d bytes", limit)
}

// wholeBody is the longest body whose announced length is trusted with memory
// before its first byte has come.
const wholeBody = 64 << 10

// readAll reads a body to its end, or until it is longer than the limit, into
// one piece of memory when its length is announced and small. Only a hint: a
// middleware that decompresses the body may leave the old length behind.
func readAll(r io.Reader, length, limit int64) ([]byte, error) {
	body := make([]byte, 0, min(max(length, 0), wholeBody)+1) // one more, to see the end without growing
	for int64(len(body)) <= limit {
		if len(body) == cap(body) {
			body = slices.Grow(body, bytes.MinRead)
		}
		n, err := r.Read(body[len(body):cap(body)])
		body = body[:len(body)+n]
		if err == io.EOF {
			return body, nil
		}
		if err != nil {
			return body, err
		}
	}
	return body, nil
}

// notServing answers before Start and after Close.
func notServing() answer {
	return unavailable("the service is starting or stopping; try again with the same key", nil)
}

// reply sends the response. Nothing of it has left before.
func (a answer) reply(w http.ResponseWriter) {
	header := w.Header()
	_ = a.resp.Header.copyTo(header) // what comes from a store was checked
	maps.Copy(header, a.secrets)
	if _, ok := header["Content-Type"]; !ok {
		header["Content-Type"] = nil // so that net/http does not guess
	}
	if a.decision == decideReplay {
		header["Idempotency-Replayed"] = []string{"true"}
	}
	if a.cursor != "" {
		header["Event-Cursor"] = []string{a.cursor}
	}
	w.WriteHeader(a.resp.Status)
	_, _ = io.WriteString(w, a.resp.Body) // a client that is gone retries
}
