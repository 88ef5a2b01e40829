package cnerium

import (
	"context"
	"errors"
	"sync"
	"time"
)

// heartbeat renews a lease while its handler runs.
type heartbeat struct {
	mu      sync.Mutex
	timer   *time.Timer
	stopped bool
}

// heartbeat renews the lease every third of its time until the returned
// function is called. When the lease is lost, the handler's context ends: what
// it does from then on can no longer be stored.
func (x *execution) heartbeat(lost context.CancelCauseFunc) (stop func()) {
	period := x.rt.Lease / 3
	h := &heartbeat{}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.timer = time.AfterFunc(period, func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		if h.stopped {
			return
		}
		if err := x.renew(period); errors.Is(err, ErrLeaseLost) {
			lost(err)
			return
		}
		h.timer.Reset(period)
	})
	return h.stop
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
	ctx, cancel := context.WithTimeout(context.WithoutCancel(x.timed), within)
	defer cancel()
	err := x.rt.app.store.Renew(ctx, x.lease, x.rt.Lease)
	if err != nil {
		x.log("lease not renewed", err)
	}
	return err
}
