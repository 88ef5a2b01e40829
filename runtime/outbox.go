package cnerium

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"time"
)

const (
	outboxBatch = 256                    // events handed over at once, at most
	outboxPoll  = time.Second            // to see what other processes committed
	firstRetry  = 100 * time.Millisecond // after a failure, then twice as long each time
	lastRetry   = 10 * time.Second

	// unpublished is how long events wait for a process with a publisher.
	unpublished = 24 * time.Hour

	// markInterval is the time between marks of what was published: after a
	// crash, events of that time are published again.
	markInterval = time.Second
)

// committed wakes the outbox.
func (a *App) committed() {
	select {
	case a.wake <- struct{}{}:
	default: // it is awake already
	}
}

// outbox hands committed events to the publisher. Its methods are called by
// one goroutine at a time.
type outbox struct {
	store     Store
	publisher Publisher // nil: old events count as published
	cursor    string    // of the last event that was handed over
	marked    string    // how far the store knows
	markedAt  time.Time
}

// publish hands events to the publisher, in the order of their commits, until
// the context ends. It begins where the store says that publishing stopped.
func (a *App) publish(ctx context.Context) {
	retry := firstRetry
	for ctx.Err() == nil {
		err := a.outbox.drain(ctx)
		if err == nil || ctx.Err() != nil {
			retry = firstRetry
			pause(ctx, outboxPoll, a.wake)
			continue
		}
		a.log.LogAttrs(ctx, slog.LevelError, "events not published; trying again",
			slog.Duration("after", retry), slog.String("error", errorText(err)))
		pause(ctx, retry, nil) // new events do not hurry a carrier that is down
		retry = min(2*retry, lastRetry)
	}
}

// pause waits for the time, the end of the context, or to be woken.
func pause(ctx context.Context, d time.Duration, wake <-chan struct{}) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	case <-wake:
	}
}

// open finds out where publishing stopped.
func (o *outbox) open(ctx context.Context) error {
	cursor, err := o.store.Published(ctx)
	if err != nil {
		return fmt.Errorf("read the last published event: %w", err)
	}
	o.cursor, o.marked = cursor, cursor
	return nil
}

// drain publishes all that is committed and not yet published.
func (o *outbox) drain(ctx context.Context) error {
	for {
		events, err := o.store.Events(ctx, o.cursor, outboxBatch)
		if errors.Is(err, ErrCursor) {
			// Another process has published further and the events in
			// between are gone: go on where the store says.
			err = errors.Join(err, o.open(ctx))
		}
		if err != nil {
			return fmt.Errorf("read events: %w", err)
		}
		if o.publisher == nil {
			events = old(events)
		}
		if len(events) == 0 {
			return o.mark(ctx, markInterval)
		}
		if err := o.handOver(ctx, events); err != nil {
			return err
		}
		o.cursor = events[len(events)-1].Cursor
		if err := o.mark(ctx, markInterval); err != nil {
			return err
		}
	}
}

// old returns the first of the events that nobody waits for any longer.
func old(events []Event) []Event {
	limit := time.Now().Add(-unpublished)
	n := 0
	for n < len(events) && events[n].Time.Before(limit) {
		n++
	}
	return events[:n]
}

// handOver gives events to the publisher. A panic of it is an error like any
// other: it must not take down the process that has committed them.
func (o *outbox) handOver(ctx context.Context, events []Event) (err error) {
	if o.publisher == nil {
		return nil
	}
	defer func() {
		if v := recover(); v != nil {
			err = &panicError{value: v, stack: debug.Stack()}
		}
	}()
	return o.publisher.Publish(ctx, events)
}

// mark tells the store how far publishing has come, unless it was told less
// than the interval ago: each time costs a write.
func (o *outbox) mark(ctx context.Context, interval time.Duration) error {
	if o.cursor == o.marked || time.Since(o.markedAt) < interval {
		return nil
	}
	if err := o.store.MarkPublished(ctx, o.cursor); err != nil {
		return fmt.Errorf("remember the last published event: %w", err)
	}
	o.marked, o.markedAt = o.cursor, time.Now()
	return nil
}

// flush publishes what the last executions emitted, before the store closes.
func (a *App) flush(ctx context.Context) {
	err := a.outbox.drain(ctx)
	if err == nil {
		err = a.outbox.mark(ctx, 0)
	}
	if err != nil {
		a.log.LogAttrs(ctx, slog.LevelError, "events not published; they come after the next start",
			slog.String("error", errorText(err)))
	}
}
