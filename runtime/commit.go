package cnerium

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// settleTimeout bounds what is done to a record before its handler runs, and
// after it has returned.
const settleTimeout = 30 * time.Second

// settlement is what becomes of a plain handler's record.
type settlement struct {
	*execution
	resp *Response
	err  error
}

// settle makes the handler's return durable, or frees the key, and only then
// lets the answer go.
func (s *settlement) settle() {
	ctx := &s.settling
	ctx.values = s.req.life.values
	ctx.start(time.Now().Add(settleTimeout))
	defer ctx.end(context.Canceled)
	resp, events, err := s.outcome(s.resp, s.err)
	_, panicked := errors.AsType[*panicError](err)
	_, unusable := errors.AsType[*unusableError](err)
	switch {
	case err == nil:
		s.commit(ctx, resp, events)
	case panicked || unusable || errors.Is(err, errGoexit):
		s.abandon(ctx, err)
	default:
		s.release(ctx, err)
	}
}

// commit stores the outcome. Where that fails nobody can tell what a retry
// would do, so the record is given up instead of freed. Of a response that is
// too large the record keeps only the fact: the handler has run, and must not
// run again because its answer did not fit.
func (s *settlement) commit(ctx context.Context, resp StoredResponse, events []Event) {
	if s.tooLarge(resp) {
		resp, s.secrets = tooLargeError(len(resp.Body)).response(), nil
	}
	cursor, err := s.rt.app.store.Commit(ctx, s.lease, Outcome{
		Response:  resp,
		Events:    events,
		Retention: s.rt.Retention,
	})
	if err != nil {
		s.abandon(ctx, fmt.Errorf("commit: %w", err))
		return
	}
	s.committed(resp, cursor)
}

// release frees the key after a failure that the handler reported itself.
func (s *settlement) release(ctx context.Context, cause error) {
	if err := s.rt.app.store.Release(ctx, s.lease); err != nil {
		s.log("key not released: it is held until its lease ends, and its outcome is then unknown", err)
	}
	s.answer = s.failure(cause)
}

// abandon leaves the record behind as unknown: the handler may have had its
// effect.
func (s *settlement) abandon(ctx context.Context, cause error) {
	s.log("outcome unknown", cause)
	if err := s.rt.app.store.Renew(ctx, s.lease, 0); err != nil {
		s.log("lease not ended: the outcome becomes unknown when it ends by itself", err)
	}
	e := internalError()
	e.Type = ProblemOutcomeUnknown
	s.answer = s.failed(e, cause)
}

// committed answers with what is durable now, and has its events published.
// The cursor is that of the last one, "" when there are none.
func (x *execution) committed(resp StoredResponse, cursor string) {
	x.answer, x.stored = x.executed(resp), true
	if cursor != "" {
		x.answer.cursor = cursor
		x.rt.app.committed()
	}
}
