package sqlitestore

import (
	"container/list"
	"context"
	"errors"
	"sync"
)

// maxWaiting is how many operations wait for the writer, apart from those that
// hold a lease: their number is that of the executions under way.
const maxWaiting = 10_000

var errBusyQueue = errors.New("too many operations wait for the writer")

// task is an operation that needs the writer.
type task struct {
	kind   kind
	urgent bool
	change func(q *session) error // of a plain task

	// What came of it, for who reads it after wake.
	err      error
	panicked any
	guilty   bool // it has broken the transaction, and err says how

	// wake has room for one, so that nobody who wakes has to wait.
	wake  chan event
	place *list.Element
}

// kind says what a task does with the writer.
type kind int

const (
	plain     kind = iota // changes the database; anybody may run it
	handler               // runs a handler, which only its own goroutine can
	exclusive             // wants the connection without a transaction
)

// event tells a waiting task that it is done, or that it has the writer: with
// a batch that is under way, or without a transaction.
type event struct {
	leads bool
	batch *batch
}

func newTask(kind kind, urgent bool, change func(q *session) error) *task {
	return &task{kind: kind, urgent: urgent, change: change, wake: make(chan event, 1)}
}

// queue hands the writer from one task to the next. Whoever is urgent goes
// before whoever is not, and among equals the first is the first. The zero
// value is free.
//
// Urgent is what holds a lease already: its time runs, and transactions that
// take theirs must not make it run out one after the other.
type queue struct {
	mu      sync.Mutex
	taken   bool
	waiting [2]list.List // urgent, and not
}

// wait waits until the task is done or has the writer, or for the end of the
// context. A task that is part of a batch is carried through.
func (q *queue) wait(ctx context.Context, t *task) (event, error) {
	if err := ctx.Err(); err != nil {
		return event{}, err
	}
	if leads, err := q.enter(t); leads || err != nil {
		return event{leads: leads}, err
	}
	select {
	case e := <-t.wake:
		return e, nil
	case <-ctx.Done():
	}
	if q.leave(t) {
		return event{}, ctx.Err()
	}
	e := <-t.wake
	if e.leads && e.batch == nil { // it came in the same moment
		q.give()
		return event{}, ctx.Err()
	}
	return e, nil
}

// enter takes the writer if it is free, and else a place.
func (q *queue) enter(t *task) (bool, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !q.taken {
		q.taken = true
		return true, nil
	}
	line := &q.waiting[1]
	if t.urgent {
		line = &q.waiting[0]
	} else if line.Len() >= maxWaiting {
		return false, errBusyQueue
	}
	t.place = line.PushBack(t)
	return false, nil
}

// leave takes a task out of the queue. It returns false when it is not there
// any more.
func (q *queue) leave(t *task) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if t.place == nil {
		return false
	}
	for i := range q.waiting { // removes from its own only
		q.waiting[i].Remove(t.place)
	}
	t.place = nil
	return true
}

// next takes the task whose turn it is out of the queue, if it is accepted.
// The caller has the writer.
func (q *queue) next(accepted func(t *task) bool) *task {
	q.mu.Lock()
	defer q.mu.Unlock()
	for i := range q.waiting {
		first := q.waiting[i].Front()
		if first == nil {
			continue
		}
		t := first.Value.(*task)
		if !accepted(t) {
			return nil
		}
		q.waiting[i].Remove(first)
		t.place = nil
		return t
	}
	return nil
}

// give hands the writer to the next.
func (q *queue) give() {
	q.mu.Lock()
	defer q.mu.Unlock()
	for i := range q.waiting {
		if first := q.waiting[i].Front(); first != nil {
			t := q.waiting[i].Remove(first).(*task)
			t.place = nil
			t.wake <- event{leads: true}
			return
		}
	}
	q.taken = false
}

// length returns how many wait.
func (q *queue) length() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.waiting[0].Len() + q.waiting[1].Len()
}
