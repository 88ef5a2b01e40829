// Package client puts servers under load. It is a closed loop: each connection
// sends its next request when it has the answer to the one before.
package client

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/cnerium/cnerium-go/benchmarks/internal/usage"
)

// Workload is what the requests of a measurement have in common.
type Workload string

// The workloads, in the order in which they are run: the later ones use the
// keys of the first.
const (
	New      Workload = "new"      // each request has a key of its own
	Replay   Workload = "replay"   // a request that was answered, again
	Conflict Workload = "conflict" // a key that was used, with another body
)

// Workloads returns them all.
func Workloads() []Workload { return []Workload{New, Replay, Conflict} }

// recentKeys is how many keys are used again, over all connections: retries
// come soon after their first request.
const recentKeys = 10_000

// Plan says what to do.
type Plan struct {
	Addr        string
	Connections int
	Workloads   []Workload    // nil for all; Replay and Conflict need New before them
	WarmUp      time.Duration // before each measurement
	Window      time.Duration // of each measurement; longer where a server is very slow

	// Server asks what the server process has used so far.
	Server func(ctx context.Context) (usage.Usage, error)
}

// Result is one measurement. Durations are in nanoseconds.
type Result struct {
	Workload Workload      `json:"workload"`
	Requests int           `json:"requests"` // that ended in the window
	Elapsed  time.Duration `json:"elapsed"`
	P50      time.Duration `json:"p50"`
	P99      time.Duration `json:"p99"`
	P999     time.Duration `json:"p999"`
	Max      time.Duration `json:"max"`

	ServerCPU time.Duration `json:"server_cpu"` // of all requests
	ClientCPU time.Duration `json:"client_cpu"`
	ServerRSS int64         `json:"server_rss"` // bytes, the peak so far

	Statuses map[int]int `json:"statuses"` // how often each was answered, the warm-up included
	Replayed int         `json:"replayed"` // answers that said so
}

// Rate returns requests a second.
func (r Result) Rate() float64 { return float64(r.Requests) / r.Elapsed.Seconds() }

// Run does the workloads one after the other on the same connections.
func Run(ctx context.Context, plan Plan) ([]Result, error) {
	seed := uint64(time.Now().UnixNano())
	crowd := make([]*connection, 0, plan.Connections)
	defer func() {
		for _, c := range crowd {
			_ = c.conn.Close() // nothing is under way
		}
	}()
	for n := range plan.Connections {
		c, err := dial(ctx, plan.Addr, uint64(n))
		if err != nil {
			return nil, err
		}
		crowd = append(crowd, c)
	}
	var results []Result
	workloads := plan.Workloads
	if workloads == nil {
		workloads = Workloads()
	}
	for _, w := range workloads {
		r, err := measure(ctx, plan, w, seed, crowd)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", w, err)
		}
		results = append(results, r)
	}
	return results, nil
}

// measure runs one workload.
func measure(ctx context.Context, plan Plan, w Workload, seed uint64, crowd []*connection) (Result, error) {
	var (
		p     phase
		wg    sync.WaitGroup
		loops = make([]*loop, len(crowd))
	)
	for i, c := range crowd {
		if err := c.giveUp(time.Now().Add(plan.WarmUp + 20*plan.Window + time.Minute)); err != nil {
			return Result{}, err
		}
		loops[i] = newLoop(c, w, seed, recentKeys/len(crowd))
		wg.Go(func() { loops[i].run(&p) })
	}
	result, err := p.observe(ctx, plan)
	p.over.Store(true)
	wg.Wait()
	if err != nil {
		return Result{}, err
	}
	result.Workload, result.Statuses = w, map[int]int{}
	return result, collect(&result, loops)
}

// collect brings together what the loops have seen.
func collect(result *Result, loops []*loop) error {
	var all []time.Duration
	for _, l := range loops {
		if l.err != nil {
			return l.err
		}
		all = append(all, l.latencies...)
		result.Replayed += l.replayed
		for status, n := range l.statuses {
			result.Statuses[status] += n
		}
	}
	if len(all) == 0 {
		return errors.New("no request was answered in time")
	}
	slices.Sort(all)
	result.Requests = len(all)
	result.P50, result.P99, result.P999 = quantile(all, 0.5), quantile(all, 0.99), quantile(all, 0.999)
	result.Max = all[len(all)-1]
	return nil
}

// quantile returns the smallest of the sorted values that q of them do not
// exceed.
func quantile(sorted []time.Duration, q float64) time.Duration {
	n := int(q*float64(len(sorted))+0.9999999) - 1
	return sorted[min(max(n, 0), len(sorted)-1)]
}
