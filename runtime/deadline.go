package cnerium

import (
	"context"
	"sync"
	"time"
)

// deadline is a context that ends at a time, or when it is ended, and not with
// the context whose values it has. It is what context.WithDeadline makes of
// context.WithoutCancel, but costs next to nothing until somebody waits for
// its end, and a part of another object may be one. Set the values first.
type deadline struct {
	values context.Context // must have no end

	mu    sync.Mutex
	at    time.Time // zero before start
	err   error
	done  chan struct{}
	timer *time.Timer
	after map[*func()]struct{}
}

// start lets the context end at the time.
func (d *deadline) start(at time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.at = at
	if d.done != nil || d.after != nil {
		d.arm()
	}
}

// end ends the context, unless it has ended.
func (d *deadline) end(err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.err != nil {
		return
	}
	d.err = err
	if d.timer != nil {
		d.timer.Stop()
	}
	if d.done != nil {
		close(d.done)
	}
	for f := range d.after {
		go (*f)()
	}
	d.after = nil
}

// arm has the context end in time for those who wait. The caller holds mu.
func (d *deadline) arm() {
	if d.timer == nil && d.err == nil && !d.at.IsZero() {
		d.timer = time.AfterFunc(time.Until(d.at), func() { d.end(context.DeadlineExceeded) })
	}
}

// Deadline tells when the context ends by itself.
func (d *deadline) Deadline() (time.Time, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.at, !d.at.IsZero()
}

// Done is closed when the context has ended.
func (d *deadline) Done() <-chan struct{} {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.done == nil {
		d.done = make(chan struct{})
		if d.err != nil {
			close(d.done)
		}
		d.arm()
	}
	return d.done
}

// Err tells why the context has ended.
func (d *deadline) Err() error {
	d.mu.Lock()
	err, at := d.err, d.at
	d.mu.Unlock()
	if err != nil || at.IsZero() || time.Now().Before(at) {
		return err
	}
	d.end(context.DeadlineExceeded)
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.err
}

// Value returns what the values have.
func (d *deadline) Value(key any) any { return d.values.Value(key) }

// AfterFunc calls f on a goroutine of its own when the context has ended. The
// contexts that package context derives from this one use it instead of a
// goroutine that waits.
func (d *deadline) AfterFunc(f func()) (stop func() bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.err != nil {
		go f()
		return func() bool { return false }
	}
	if d.after == nil {
		d.after = make(map[*func()]struct{})
	}
	d.after[&f] = struct{}{}
	d.arm()
	return func() bool {
		d.mu.Lock()
		defer d.mu.Unlock()
		_, waits := d.after[&f]
		delete(d.after, &f)
		return waits
	}
}

// lifetime is the context of an execution, which knows its request.
type lifetime struct {
	deadline
	req *Request
}

// Value returns the request, or what the client's context has.
func (l *lifetime) Value(key any) any {
	if key == (contextKey{}) {
		return l.req
	}
	return l.deadline.Value(key)
}
