package client

import (
	"sync"
	"time"
)

// A budget is counted in time, because it fills again with time: a retry costs
// a second. So a client that calls seldom can retry; one that is busy earns
// more with its successes.
const (
	retryCost   = time.Second
	successGain = retryCost / 10
)

// budget limits the retries of all calls together, so that a server in
// distress gets hardly more requests from a client than it would without
// retries. It begins full. The zero value is ready to use.
type budget struct {
	mu    sync.Mutex
	spent time.Duration
	at    time.Time // when that was so
}

// take takes one retry out of a budget of so many, if there is one left.
func (b *budget) take(size int) bool {
	if size < 0 {
		return true
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	now := time.Now()
	b.spent = max(0, b.spent-now.Sub(b.at)) // far below zero for the first time
	b.at = now
	if b.spent+retryCost > time.Duration(size)*retryCost {
		return false
	}
	b.spent += retryCost
	return true
}

// earn is called for each call that ends with a success.
func (b *budget) earn() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.spent = max(0, b.spent-successGain)
}
