package cnerium

import (
	"context"
	"errors"
	"sync"
	"time"
)

// heartbeat renews the lease of an execution while its handler runs.
type heartbeat struct {
	mu      sync.Mutex
	timer   *time.Timer
	stopped bool
}

// start renews the lease every third of its time until stop. When the lease is
// lost, the handler's context ends: what it does from then on can no longer be
// stored.
func (h *heartbeat) start(x *execution) {
	period := x.rt.Lease / 3
	h.mu.Lock()
	defer h.mu.Unlock()
	h.timer = time.AfterFunc(period, func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		if h.stopped {
			return
		}
		if err := x.renew(period); errors.Is(err, ErrLeaseLost) {
			x.req.life.end(errLostLease)
			return
		}
		h.timer.Reset(period)
	})
}

// errLostLease ends the context of a handler whose lease is lost.
var errLostLease error = lostLeaseError{}

// lostLeaseError is a cancellation of a context that tells its reason.
type lostLeaseError struct{}

// Error tells the reason.
func (lostLeaseError) Error() string { return "context canceled: " + ErrLeaseLost.Error() }

// Is makes it a context.Canceled and an ErrLeaseLost.
func (lostLeaseError) Is(target error) bool {
	return target == context.Canceled || target == ErrLeaseLost
}

// stop waits for a renewal that is under way, so that none comes after the
// outcome.
func (h *heartbeat) stop() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.stopped = true
	h.timer.Stop()
}

// renew renews the lease once, within the given time.
func (x *execution) renew(within time.Duration) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(x.ctx), within)
	defer cancel()
	err := x.rt.app.store.Renew(ctx, x.lease, x.rt.Lease)
	if err != nil {
		x.log("lease not renewed", err)
	}
	return err
}
