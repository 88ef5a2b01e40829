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
// none. That there is none need not be looked up when the store knows as much:
// where it is wrong, it says so when the record is claimed.
func (rt *route) resolve(e *exchange, req *Request) answer {
	ctx := e.r.Context() // the client's
	p := patience{deadline: time.Now().Add(rt.Wait), poll: firstPoll}
	guessed := rt.app.hinter != nil && rt.app.hinter.LikelyAbsent(req.id)
	for ; ctx.Err() == nil; guessed = false {
		if f, done := rt.app.flights.find(req.id); f != nil {
			if a, ok := rt.follow(ctx, req, f, done, p); ok {
				return a
			}
			continue
		}
		if !guessed {
			rec, a, ok := rt.look(ctx, req)
			if ok {
				return a
			}
			if rec.State == StateReserved {
				if !p.pause(ctx) {
					return rt.inFlight(rec.Since)
				}
				continue
			}
		}
		if a, ok := rt.lead(e, req, guessed); ok {
			return a
		}
	}
	return gone(ctx)
}

// look looks the record up. It has an answer when the record has, and when it
// cannot be read.
func (rt *route) look(ctx context.Context, req *Request) (rec Record, a answer, ok bool) {
	rec, err := rt.app.store.Lookup(ctx, req.id)
	switch {
	case err != nil && ctx.Err() != nil:
		return rec, gone(ctx), true
	case err != nil:
		return rec, unavailable("the record of this key cannot be read; try again with the same key", err), true
	}
	a, ok = rt.settled(req, rec)
	return rec, a, ok
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
