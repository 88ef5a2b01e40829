package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"
)

// ErrResponseTooLarge is wrapped by the error of a call whose answer is longer
// than Options.MaxResponse. It is not asked for again.
var ErrResponseTooLarge = errors.New("the answer is longer than MaxResponse")

// timeoutError is the error of an attempt that took too long.
type timeoutError time.Duration

// Error says how long it was waited for.
func (t timeoutError) Error() string {
	return fmt.Sprintf("no answer within %v", time.Duration(t))
}

// Timeout has the error count as one of time, as net.Error says.
func (t timeoutError) Timeout() bool { return true }

// span is the time of one attempt.
type span struct {
	ctx    context.Context
	cancel context.CancelCauseFunc
	timer  *time.Timer // nil without a limit
}

// newSpan begins an attempt. Below zero is no limit.
func newSpan(ctx context.Context, limit time.Duration) *span {
	s := new(span)
	s.ctx, s.cancel = context.WithCancelCause(ctx)
	if limit >= 0 {
		s.timer = time.AfterFunc(limit, func() { s.cancel(timeoutError(limit)) })
	}
	return s
}

// hold ends the limit, but not the attempt. It returns false when the limit
// was faster.
func (s *span) hold() bool { return s.timer == nil || s.timer.Stop() }

// end frees what the attempt holds.
func (s *span) end() {
	s.hold()
	s.cancel(nil)
}

// explain returns the timeout for an error that it has caused.
func (s *span) explain(err error) error {
	if timeout, ok := errors.AsType[timeoutError](context.Cause(s.ctx)); ok {
		return timeout
	}
	return err
}

// readBody reads a body to its end, so that the connection can be used again.
func readBody(body io.Reader, limit int64) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(body, limit+1))
	if err != nil {
		return nil, fmt.Errorf("read the answer: %w", err)
	}
	if int64(len(data)) > limit {
		return nil, &finalError{err: ErrResponseTooLarge}
	}
	return data, nil
}
