package sse

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"time"

	cnerium "github.com/cnerium/cnerium-go/runtime"
	"github.com/cnerium/cnerium-go/runtime/feed"
)

const (
	maxWrite = 256 << 10 // bytes that are collected for one write; one message may be more
	maxKept  = 64 << 10  // bytes of a buffer that is worth keeping
)

// buffers are shared by all streams: most of them are idle most of the time.
var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// longAgo is a deadline that has passed, on every clock.
var longAgo = time.Unix(1, 0)

// stream is one response. Its methods are called by the goroutine of its
// request, but for what cutOff begins.
type stream struct {
	opts       *Options
	subscriber *feed.Subscriber
	w          http.ResponseWriter
	control    *http.ResponseController
	preface    string // before the next message; "" for none
}

// serve sends what the subscriber gets until one of the two ends.
func (s *stream) serve(r *http.Request) {
	defer s.cutOff()()
	err := s.write(nil) // sends the header, if it can flush
	if errors.Is(err, http.ErrNotSupported) {
		cnerium.Errorf(http.StatusInternalServerError, "the server cannot stream: "+
			"something between it and this handler hides the method Flush of the response").ServeHTTP(s.w, r)
		return
	}
	s.preface = "retry: " + strconv.FormatInt(s.opts.Retry.Milliseconds(), 10) + "\n"
	for err == nil {
		var batch []feed.Message
		if batch, err = s.subscriber.Next(r.Context(), s.opts.Heartbeat); err == nil {
			err = s.send(batch)
		}
	}
	// Whatever the error was: the client is gone, or knows where to go on.
}

// cutOff makes a write that hangs fail when the subscriber has no more time. It
// returns what the stream calls last.
func (s *stream) cutOff() (finish func()) {
	done := make(chan struct{})
	stop := context.AfterFunc(s.subscriber.Context(), func() {
		defer close(done)
		_ = s.control.SetWriteDeadline(longAgo)
	})
	return func() {
		if !stop() {
			<-done // the writer is not to be touched after the handler has returned
		}
		// net/http has the end of the response to write.
		_ = s.control.SetWriteDeadline(time.Now().Add(s.opts.WriteTimeout))
	}
}

// send writes the messages, or a comment when there are none.
func (s *stream) send(batch []feed.Message) error {
	buf, _ := buffers.Get().(*bytes.Buffer)
	defer func() {
		if buf.Cap() <= maxKept {
			buffers.Put(buf)
		}
	}()
	buf.Reset()
	buf.WriteString(s.preface)
	s.preface = ""
	if len(batch) == 0 {
		buf.WriteString(":\n\n")
	}
	for _, m := range batch {
		if buf.Len() > 0 && buf.Len()+len(m.Data) > maxWrite {
			if err := s.write(buf.Bytes()); err != nil {
				return err
			}
			buf.Reset()
		}
		encode(buf, m)
	}
	return s.write(buf.Bytes())
}

// write sends the bytes at once. Each write has a deadline of its own, and none
// is left behind: over HTTP/2 one that passes ends the stream even while
// nothing is written.
func (s *stream) write(p []byte) error {
	if err := s.deadline(time.Now().Add(s.opts.WriteTimeout)); err != nil {
		return err
	}
	// The deadline that was just set may have replaced that of cutOff.
	if err := s.subscriber.Context().Err(); err != nil {
		return err
	}
	if len(p) > 0 {
		if _, err := s.w.Write(p); err != nil {
			return fmt.Errorf("write: %w", err)
		}
	}
	if err := s.control.Flush(); err != nil {
		return fmt.Errorf("flush: %w", err)
	}
	return s.deadline(time.Time{})
}

// deadline sets the deadline for writing where the writer supports one.
func (s *stream) deadline(t time.Time) error {
	err := s.control.SetWriteDeadline(t)
	if err != nil && !errors.Is(err, http.ErrNotSupported) {
		return fmt.Errorf("set deadline: %w", err)
	}
	return nil
}
