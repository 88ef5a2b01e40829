package sqlitestore

import (
	"context"
	"slices"
	"sync"
)

// turn is a lock whose waiters can leave. Whoever is urgent goes before whoever
// is not, and among equals the first is the first. The zero value is free.
//
// Urgent is what holds a lease already: its time runs, and transactions that
// take theirs must not make it run out one after the other.
type turn struct {
	mu     sync.Mutex
	taken  bool
	queues [2][]chan struct{} // urgent, and not; a channel is closed when it is its turn
}

// take waits for its turn, or for the end of the context.
func (t *turn) take(ctx context.Context, urgent bool) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	queue := &t.queues[1]
	if urgent {
		queue = &t.queues[0]
	}
	t.mu.Lock()
	if !t.taken {
		t.taken = true
		t.mu.Unlock()
		return nil
	}
	mine := make(chan struct{})
	*queue = append(*queue, mine)
	t.mu.Unlock()
	select {
	case <-mine:
		return nil
	case <-ctx.Done():
	}
	if !t.leave(queue, mine) {
		t.give() // it came in the same moment
	}
	return ctx.Err()
}

// leave takes a waiter out of its queue. It returns false when its turn has
// come already.
func (t *turn) leave(queue *[]chan struct{}, waiter chan struct{}) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	i := slices.Index(*queue, waiter)
	if i < 0 {
		return false
	}
	*queue = slices.Delete(*queue, i, i+1)
	return true
}

// give hands the turn to the next.
func (t *turn) give() {
	t.mu.Lock()
	defer t.mu.Unlock()
	for i := range t.queues {
		if queue := t.queues[i]; len(queue) > 0 {
			close(queue[0])
			t.queues[i] = queue[1:]
			return
		}
	}
	t.taken = false
}
