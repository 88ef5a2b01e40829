package cnerium

import (
	"log/slog"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// exchange is a request and its answer, which is sent once: by the goroutine
// that serves the request or, while the handler keeps that one busy, by the
// handler's watch.
type exchange struct {
	rt    *route
	w     http.ResponseWriter
	r     *http.Request
	id    ID // filled in as far as it becomes known
	begun time.Time

	mu       sync.Mutex
	answered bool
}

// answer sends the answer, unless one has been sent, and logs it.
func (e *exchange) answer(a answer) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.answered {
		return
	}
	e.answered = true
	a.reply(e.w)
	e.rt.logRequest(e.r.Context(), e.id, a, e.begun)
}

// answerEarly sends the answer while the goroutine that serves the request is
// still at work. The client has all of it at once, and is told that nothing
// else comes over this connection.
func (e *exchange) answerEarly(a answer) {
	err := guarded(func() error { // middleware can have wrapped the writer
		e.mu.Lock()
		defer e.mu.Unlock()
		if e.answered {
			return nil
		}
		e.answered = true
		header := e.w.Header()
		header["Content-Length"] = []string{strconv.Itoa(len(a.resp.Body))}
		header["Connection"] = []string{"close"}
		a.reply(e.w)
		e.rt.logRequest(e.r.Context(), e.id, a, e.begun)
		return http.NewResponseController(e.w).Flush()
	})
	if err != nil {
		e.rt.app.log.LogAttrs(e.r.Context(), slog.LevelWarn, "the answer may come late",
			slog.String("operation", e.id.Operation), slog.String("error", errorText(err)))
	}
}

// canAnswerEarly reports whether the client gets an answer before the
// goroutine that serves the request has returned. Over HTTP/2 it does not see
// the end of one.
func (e *exchange) canAnswerEarly() bool {
	return e.r.ProtoMajor == 1 && flushes(e.w)
}

// flushes reports whether an http.ResponseController can flush the writer.
func flushes(w http.ResponseWriter) bool {
	for {
		switch inner := w.(type) {
		case http.Flusher, interface{ FlushError() error }:
			return true
		case interface{ Unwrap() http.ResponseWriter }:
			w = inner.Unwrap()
		default:
			return false
		}
	}
}
