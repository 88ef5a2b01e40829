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
)

// pump hands committed events to one publisher, in the order of their commits.
// Each publisher has one, with a goroutine of its own, so that one that fails
// or takes its time holds up no other.
type pump struct {
	name      string
	publisher Publisher
	place     place
	store     Outbox
	log       *slog.Logger

	wake    chan struct{}        // has one when events were committed
	closing chan context.Context // gets the one of Close, for what is left to do
	closed  chan error           // gets what became of that

	cursor string // of the last event that was handed over; "" before the oldest that is kept
}

// place is how a pump finds its place in the order of commits, and what is
// kept of it.
type place interface {
	// open returns the cursor to begin at.
	open(ctx context.Context) (string, error)

	// moved is told how far the publisher has come.
	moved(ctx context.Context, cursor string) error

	// lost returns the cursor to go on at when the events behind the given
	// one are no longer kept.
	lost(ctx context.Context, cursor string) (string, error)

	// close is told where publishing ends.
	close(ctx context.Context, cursor string) error
}

// notify tells the pump that events were committed.
func (p *pump) notify() {
	select {
	case p.wake <- struct{}{}:
	default: // it is awake already
	}
}

// errPublisherExit is what a publisher leaves behind that ends the goroutine
// on which it was called.
var errPublisherExit = errors.New("the publisher called runtime.Goexit")

// run is the life of the pump: it publishes until the context ends, and then,
// with the context of Close, what is left.
func (p *pump) run(ctx context.Context) {
	err := errPublisherExit
	defer func() {
		if errors.Is(err, errPublisherExit) {
			p.fail(ctx, "events are not published until the next start", err)
		}
		p.closed <- err
	}()
	p.publish(ctx)
	err = p.finish(<-p.closing)
}

// publish hands over what is committed until the context ends.
func (p *pump) publish(ctx context.Context) {
	retry := firstRetry
	for ctx.Err() == nil {
		before := p.cursor
		err := p.drain(ctx)
		if err == nil || p.cursor != before {
			retry = firstRetry
		}
		switch {
		case ctx.Err() != nil:
		case err == nil:
			pause(ctx, outboxPoll, p.wake)
		default:
			p.fail(ctx, "events not published; trying again", err, slog.Duration("after", retry))
			pause(ctx, retry, nil) // new events do not hurry a carrier that is down
			retry = min(2*retry, lastRetry)
		}
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

// drain publishes all that is committed and not yet published.
func (p *pump) drain(ctx context.Context) error {
	for {
		events, err := p.read(ctx)
		if err != nil {
			return fmt.Errorf("read events: %w", err)
		}
		err = p.handOver(ctx, events)
		p.remember(ctx)
		if err != nil || len(events) == 0 {
			return err
		}
	}
}

// handOver gives the events to the publisher, if there are any.
func (p *pump) handOver(ctx context.Context, events []Event) error {
	if len(events) == 0 {
		return nil
	}
	err := guarded(func() error { return p.publisher.Publish(ctx, events) })
	if err == nil {
		p.cursor = events[len(events)-1].Cursor
	}
	return err
}

// remember keeps the place. Where it cannot be kept publishing goes on: the
// next time makes up for it.
func (p *pump) remember(ctx context.Context) {
	if err := p.place.moved(ctx, p.cursor); err != nil && ctx.Err() == nil {
		p.fail(ctx, "place of the publisher not stored; trying again", err)
	}
}

// read returns the next events.
func (p *pump) read(ctx context.Context) ([]Event, error) {
	events, err := p.store.Events(ctx, p.cursor, outboxBatch)
	if !errors.Is(err, ErrCursor) {
		return events, err
	}
	cursor, err := p.place.lost(ctx, p.cursor)
	if err != nil {
		return nil, err
	}
	p.cursor = cursor
	return p.store.Events(ctx, p.cursor, outboxBatch)
}

// finish publishes what the last executions emitted, before the store closes.
func (p *pump) finish(ctx context.Context) error {
	if err := p.drain(ctx); err != nil {
		p.fail(ctx, "events not published before the end; the store keeps them", err)
	}
	return p.close(ctx)
}

// close ends the publisher's work.
func (p *pump) close(ctx context.Context) error {
	return guarded(func() error { return p.place.close(ctx, p.cursor) })
}

// guarded calls what is the publisher's. A panic of it is an error like any
// other: it must not take down the process that has committed the events.
func guarded(call func() error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = &panicError{value: v, stack: debug.Stack()}
		}
	}()
	return call()
}

// fail writes about a failure of the publisher to the log.
func (p *pump) fail(ctx context.Context, message string, err error, attrs ...slog.Attr) {
	attrs = append(attrs, slog.String("publisher", p.name), slog.String("error", errorText(err)))
	p.log.LogAttrs(ctx, slog.LevelError, message, attrs...)
}

// title names the publisher in an error.
func (p *pump) title() string {
	if p.name == "" {
		return "the publisher"
	}
	return fmt.Sprintf("the publisher %q", p.name)
}
