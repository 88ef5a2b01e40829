package cnerium

import (
	"sync"
	"time"
)

// flight is the work on one record in this process, from the moment that a
// request takes the lead until its outcome is settled. Duplicates that arrive
// meanwhile wait for it instead of asking the store.
type flight struct {
	id          ID
	fingerprint Fingerprint
	since       time.Time
	done        chan struct{} // closed when settled; nil while nobody waits
	watched     *execution    // nil while nobody watches it

	// Valid once it is settled.
	answer answer // for the request that leads
	stored bool   // its response was, so a duplicate replays it
}

// flights are the ones of an App, at most one for each record.
type flights struct {
	mu      sync.Mutex
	byID    map[ID]*flight
	closed  bool
	drained chan struct{} // closed when closed and empty

	// The timer for what is due first, of all that are watched. It is left
	// alone when a flight ends, and when a later one is due after it.
	timer *time.Timer
	rings time.Time // when it does; zero while it is not set
}

// find returns the flight of the record, and what is closed when it is
// settled; nil without one.
func (fs *flights) find(id ID) (*flight, <-chan struct{}) {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	f := fs.byID[id]
	if f == nil {
		return nil, nil
	}
	return f, f.landing()
}

// landing returns what is closed when the flight, which is under way, is
// settled.
func (fs *flights) landing(f *flight) <-chan struct{} {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	return f.landing()
}

// landing makes the channel when it is first needed. The caller holds the
// mutex of the flights.
func (f *flight) landing() <-chan struct{} {
	if f.done == nil {
		f.done = make(chan struct{})
	}
	return f.done
}

// join has the caller lead the flight of the record, unless there is one. It
// returns an answer when there will be no new ones.
func (fs *flights) join(f *flight, id ID, fingerprint Fingerprint, now time.Time) (a answer, lead bool) {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	if fs.byID[id] != nil {
		return answer{}, false
	}
	if fs.closed {
		return notServing(), false
	}
	f.id, f.fingerprint, f.since = id, fingerprint, now
	if fs.byID == nil {
		fs.byID = make(map[ID]*flight)
	}
	fs.byID[id] = f
	return answer{}, true
}

// watch has the execution looked at when its time has come, at the latest. The
// zero time is never.
func (fs *flights) watch(x *execution, at time.Time) {
	if at.IsZero() {
		return
	}
	fs.mu.Lock()
	defer fs.mu.Unlock()
	x.flight.watched = x
	fs.ringAt(at)
}

// ringAt sets the timer, if it would ring later or not at all. The caller holds
// mu.
func (fs *flights) ringAt(at time.Time) {
	switch {
	case at.IsZero() || !fs.rings.IsZero() && !at.Before(fs.rings):
		return
	case fs.timer == nil:
		fs.timer = time.AfterFunc(time.Until(at), fs.lookAround)
	default:
		fs.timer.Reset(time.Until(at))
	}
	fs.rings = at
}

// lookAround looks at all executions that are watched.
func (fs *flights) lookAround() {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	fs.rings = time.Time{}
	now := time.Now()
	for _, f := range fs.byID {
		if f.watched != nil {
			fs.ringAt(f.watched.look(now))
		}
	}
}

// finish settles the flight and wakes everybody who waits for it.
func (fs *flights) finish(f *flight, a answer, stored bool) {
	f.answer, f.stored = a, stored
	fs.mu.Lock()
	defer fs.mu.Unlock()
	delete(fs.byID, f.id)
	if f.done != nil {
		close(f.done)
	}
	fs.signal()
}

// close lets no new flight begin. The channel is closed when all have landed.
func (fs *flights) close() <-chan struct{} {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	if !fs.closed {
		fs.closed = true
		fs.drained = make(chan struct{})
		fs.signal()
	}
	return fs.drained
}

// signal tells that the last flight has landed. The caller holds mu.
func (fs *flights) signal() {
	if fs.closed && len(fs.byID) == 0 {
		select {
		case <-fs.drained:
		default:
			close(fs.drained)
		}
	}
}

// list returns the flights that are still under way.
func (fs *flights) list() []*flight {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	var all []*flight
	for _, f := range fs.byID {
		all = append(all, f)
	}
	return all
}
