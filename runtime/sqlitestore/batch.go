package sqlitestore

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"time"

	cnerium "github.com/cnerium/cnerium-go/runtime"
)

const (
	// maxBatch bounds a batch: the first of it waits for the last.
	maxBatch = 256

	// caution is how many handlers have a batch of their own after one has
	// undone the work of others.
	caution = 64
)

// patience is how long the tasks of a batch wait for each other. A handler is
// put behind others only while handlers are quick on average.
type patience struct {
	batch   time.Duration
	handler time.Duration
}

var defaultPatience = patience{batch: 5 * time.Millisecond, handler: time.Millisecond}

// batch is a transaction with what waited for the writer, and one commit for
// all of it. It belongs to the goroutine that has the writer: that of its
// first task, and from then on that of the handler that runs in it, or what
// ends the handler's time.
type batch struct {
	w      *writer
	tasks  []*task
	begun  time.Time
	lonely bool // has one handler and nothing else
	urgent bool // has a task that no handler may hold up

	yielded bool  // has waited for who may come again
	broken  error // why nothing of it can be committed
}

// begin begins a transaction. The caller has the writer.
func (w *writer) begin(ctx context.Context) (*batch, error) {
	if w.closed.Load() {
		return nil, errClosed
	}
	if err := w.drawTokens(ctx); err != nil {
		return nil, err
	}
	if err := w.open(ctx); err != nil {
		return nil, err
	}
	b := &batch{w: w, begun: time.Now()}
	w.lookForOthers(b.begun)
	return b, nil
}

// run lets a plain task make its changes.
func (b *batch) run(t *task) {
	b.tasks = append(b.tasks, t)
	b.urgent = b.urgent || t.urgent
	b.w.wrote = false
	t.attempt(b.w.session)
	if b.w.spoilt(t) {
		b.broken = errors.Join(errUndone, t.err)
	}
}

var errUndone = errors.New("the transaction was undone, because another operation in it failed")

// spoilt tells whether a plain task that has failed has left something in the
// transaction, or SQLite may have undone it.
func (w *writer) spoilt(t *task) bool {
	return w.undone.Load() || t.panicked != nil || t.err != nil && (w.wrote || code(t.err) != 0)
}

// attempt makes the task's changes and keeps its panic: the clock of the
// application is called in it, and others wait for the writer.
func (t *task) attempt(q *session) {
	t.err, t.panicked = nil, nil
	defer func() { t.panicked = recover() }()
	t.err = t.change(q)
}

// goOn takes in what waits, and commits. When it is the turn of a handler, its
// goroutine gets the batch and does the rest.
func (b *batch) goOn() {
	for b.broken == nil {
		t := b.next()
		if t == nil {
			break
		}
		if t.kind == handler {
			t.wake <- event{leads: true, batch: b}
			return
		}
		b.run(t)
	}
	b.finish()
}

// next takes the next task out of the queue. When the last batch had several,
// those who were in it may be about to come again, and get a chance to.
func (b *batch) next() *task {
	t := b.w.queue.next(b.takes)
	if t == nil && b.w.crowd && !b.yielded {
		b.yielded = true
		runtime.Gosched()
		t = b.w.queue.next(b.takes)
	}
	return t
}

// takes tells whether the task may be part of the batch, too.
func (b *batch) takes(t *task) bool {
	switch {
	case t.kind == exclusive, b.lonely, len(b.tasks) >= maxBatch, time.Since(b.begun) > b.w.patience.batch:
		return false
	case t.kind == handler:
		return !b.urgent && b.w.alone == 0 && b.w.pace < b.w.patience.handler
	}
	return true
}

// finish commits, tells everybody what came of it, and hands the writer on.
func (b *batch) finish() {
	b.w.crowd = len(b.tasks) > 1
	err := b.broken
	if err == nil {
		err = b.w.commit()
	} else {
		b.w.rollBack()
	}
	if err != nil {
		b.redo(err)
	}
	b.w.queue.give() // first, so that whoever is next need not wait for what these do now
	for _, t := range b.tasks {
		t.wake <- event{}
	}
}

// redo settles the tasks of a batch that was undone as a whole. A plain task
// is repeated in a transaction of its own: whatever was wrong concerns that
// one alone. A handler has run already, and is for its caller to run again,
// unless nobody else can be to blame.
func (b *batch) redo(cause error) {
	if len(b.tasks) == 1 {
		if t := b.tasks[0]; t.err == nil {
			t.err = cause
		}
		return
	}
	b.w.alone = caution
	var stuck error
	for _, t := range b.tasks {
		switch {
		case t.kind == handler && !t.guilty:
			t.err = fmt.Errorf("%w: %w", cnerium.ErrSerialization, cause)
		case t.kind == plain && stuck != nil:
			t.err = stuck
		case t.kind == plain:
			stuck = b.w.repeat(t)
		}
	}
}

// repeat runs a plain task in a transaction of its own. The error is that of
// the wait for the transactions of other processes, which would be the same
// for the next.
func (w *writer) repeat(t *task) error {
	b, err := w.begin(context.Background())
	if err != nil {
		t.err = err
		return err
	}
	b.run(t)
	if b.broken != nil {
		w.rollBack()
	} else if err := w.commit(); t.err == nil {
		t.err = err
	}
	return nil
}

// do runs a plain task, or leaves that to who has the writer.
func (w *writer) do(ctx context.Context, t *task) error {
	e, err := w.queue.wait(ctx, t)
	if err != nil {
		return err
	}
	if e.leads {
		b, err := w.begin(ctx)
		if err != nil {
			w.queue.give()
			return err
		}
		b.run(t)
		b.goOn()
		<-t.wake
	}
	if t.panicked != nil {
		panic(t.panicked)
	}
	return t.err
}

// exclusively runs use while nobody else has the writer.
func (w *writer) exclusively(ctx context.Context, use func() error) error {
	if _, err := w.queue.wait(ctx, newTask(exclusive, false, nil)); err != nil {
		return err
	}
	defer w.queue.give()
	if w.closed.Load() {
		return errClosed
	}
	return use()
}
