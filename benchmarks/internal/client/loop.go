package client

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/cnerium/cnerium-go/benchmarks/internal/usage"
)

// phase is what all loops of a measurement watch.
type phase struct {
	counting atomic.Bool
	over     atomic.Bool
	answered atomic.Int64 // while counting
}

// observe lets the loops warm up, and then count for the time of the window.
func (p *phase) observe(ctx context.Context, plan Plan) (Result, error) {
	if err := pause(ctx, plan.WarmUp); err != nil {
		return Result{}, err
	}
	server, mine, err := both(ctx, plan)
	if err != nil {
		return Result{}, err
	}
	begin := time.Now()
	p.counting.Store(true)
	if err := p.wait(ctx, plan); err != nil {
		return Result{}, err
	}
	p.counting.Store(false)
	elapsed := time.Since(begin)
	serverAfter, mineAfter, err := both(ctx, plan)
	if err != nil {
		return Result{}, err
	}
	return Result{
		Elapsed:   elapsed,
		ServerCPU: serverAfter.CPU - server.CPU,
		ClientCPU: mineAfter.CPU - mine.CPU,
		ServerRSS: serverAfter.PeakRSS,
	}, nil
}

// wait lasts for the window. Where a server is so slow that not every
// connection has had an answer by then, it goes on, up to twenty times as long.
func (p *phase) wait(ctx context.Context, plan Plan) error {
	for range 20 {
		if err := pause(ctx, plan.Window); err != nil {
			return err
		}
		if p.answered.Load() >= int64(plan.Connections) {
			return nil
		}
	}
	return nil
}

func both(ctx context.Context, plan Plan) (server, mine usage.Usage, err error) {
	if server, err = plan.Server(ctx); err != nil {
		return server, mine, fmt.Errorf("ask for the server's usage: %w", err)
	}
	mine, err = usage.Self()
	return server, mine, err
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// loop is one connection at work.
type loop struct {
	c        *connection
	workload Workload
	seed     uint64
	from, to uint64 // the requests that are sent again

	latencies []time.Duration
	statuses  map[int]int
	replayed  int
	err       error
}

func newLoop(c *connection, w Workload, seed uint64, recent int) *loop {
	l := &loop{c: c, workload: w, seed: seed, to: c.sent, statuses: map[int]int{}, latencies: make([]time.Duration, 0, 4096)}
	if keep := uint64(max(recent, 1)); c.sent > keep {
		l.from = c.sent - keep
	}
	return l
}

// run sends until the phase is over. The end of a request is the beginning of
// the next, and the requests that end in the window are counted.
func (l *loop) run(p *phase) {
	begin := time.Now()
	for n := l.from; !p.over.Load(); n++ {
		a, err := l.c.send(l.next(n))
		if err != nil {
			l.err = fmt.Errorf("connection %d: %w", l.c.number, err)
			return
		}
		end := time.Now()
		if p.counting.Load() {
			l.latencies = append(l.latencies, end.Sub(begin))
			p.answered.Add(1)
		}
		begin = end
		l.statuses[a.status]++
		if a.replayed {
			l.replayed++
		}
	}
}

// next returns the message to send.
func (l *loop) next(n uint64) *message {
	m := l.c.first
	switch {
	case l.workload == New:
		n = l.c.sent
		l.c.sent++
	case l.to > l.from:
		n = l.from + (n-l.from)%(l.to-l.from)
	}
	if l.workload == Conflict {
		m = l.c.other
	}
	m.setKey(l.seed, l.c.number, n)
	return m
}
