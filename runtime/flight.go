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
	done        chan struct{} // closed when settled

	// Valid once done is closed.
	answer answer    // for the request that leads
	stored *Response // what a duplicate replays; nil when nothing was stored
}

// flights are the ones of an App, at most one for each record.
type flights struct {
	mu      sync.Mutex
	byID    map[ID]*flight
	closed  bool
	drained chan struct{} // closed when closed and empty
}

// find returns the flight of the record, or nil.
func (fs *flights) find(id ID) *flight {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	return fs.byID[id]
}

// join has the caller lead the flight of the record, unless there is one. It
// returns an answer when there will be no new ones.
func (fs *flights) join(f *flight, id ID, fingerprint Fingerprint) (a answer, lead bool) {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	if fs.byID[id] != nil {
		return answer{}, false
	}
	if fs.closed {
		return notServing(), false
	}
	f.id, f.fingerprint, f.since, f.done = id, fingerprint, time.Now(), make(chan struct{})
	if fs.byID == nil {
		fs.byID = make(map[ID]*flight)
	}
	fs.byID[id] = f
	return answer{}, true
}

// finish settles the flight and wakes everybody who waits for it.
func (fs *flights) finish(f *flight, a answer, stored *Response) {
	f.answer, f.stored = a, stored
	fs.mu.Lock()
	defer fs.mu.Unlock()
	delete(fs.byID, f.id)
	close(f.done)
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
