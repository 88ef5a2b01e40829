package cnerium

import (
	"context"
	"time"
)

// A request that waits for an execution of another process asks the store
// again after firstPoll, then after twice as long, up to lastPoll.
const (
	firstPoll = 5 * time.Millisecond
	lastPoll  = 250 * time.Millisecond
)

// resolve answers a request from its record, and executes it when there is
// none.
func (rt *route) resolve(e *exchange, req *Request) answer {
	ctx := e.r.Context() // the client's
	p := patience{deadline: time.Now().Add(rt.Wait), poll: firstPoll}
	for ctx.Err() == nil {
		if f, done := rt.app.flights.find(req.id); f != nil {
			if a, ok := rt.follow(ctx, req, f, done, p); ok {
				return a
			}
			continue
		}
		rec, err := rt.app.store.Lookup(ctx, req.id)
		if err != nil && ctx.Err() != nil {
			break
		}
		if err != nil {
			return unavailable("the record of this key cannot be read; try again with the same key", err)
		}
		if a, ok := rt.settled(req, rec); ok {
			return a
		}
		if rec.State == StateReserved {
			if !p.pause(ctx) {
				return rt.inFlight(rec.Since)
			}
			continue
		}
		if a, ok := rt.lead(e, req); ok {
			return a
		}
	}
	return gone(ctx)
}

// settled answers from the record, if it holds an answer to this request.
func (rt *route) settled(req *Request, rec Record) (answer, bool) {
	switch {
	case rec.State == StateAbsent:
		return answer{}, false
	case rec.Fingerprint != req.fingerprint:
		return rt.conflict(), true
	case rec.State == StateCommitted:
		return replay(rec), true
	case rec.State == StateUnknown && rt.Recover == Hold:
		return rt.unknown(rec.Since), true
	}
	return answer{}, false
}

// follow waits for the flight that another request of this process leads. It
// has no answer when the flight has stored none: then the record tells.
func (rt *route) follow(ctx context.Context, req *Request, f *flight, done <-chan struct{}, p patience) (answer, bool) {
	if f.fingerprint != req.fingerprint {
		return rt.conflict(), true
	}
	timer := time.NewTimer(time.Until(p.deadline))
	defer timer.Stop()
	select {
	case <-done:
		return replayed(f.answer.resp, f.answer.cursor), f.stored
	case <-timer.C:
		return rt.inFlight(f.since), true
	case <-ctx.Done():
		return gone(ctx), true
	}
}

// patience is how long a request still waits for the first one.
type patience struct {
	deadline time.Time
	poll     time.Duration
}

// pause waits until it is time to ask again. It returns false when the
// deadline has come or the client has gone.
func (p *patience) pause(ctx context.Context) bool {
	left := time.Until(p.deadline)
	if left <= 0 {
		return false
	}
	timer := time.NewTimer(min(p.poll, left))
	defer timer.Stop()
	p.poll = min(2*p.poll, lastPoll)
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
