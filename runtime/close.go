package cnerium

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Close refuses new requests with 503, waits for the running executions,
// hands what they emitted to the publishers, ends the broadcasters, and closes
// the store. When the context ends first, the error names what Close had to
// abandon, operations or publishers: they run on, and the store stays open for
// them. Else the store is closed, and the error tells what failed meanwhile,
// such as a broadcaster whose subscriptions did not end by themselves; events
// that could not be published are in the log, and are kept. A second Close
// returns what the first did.
func (a *App) Close(ctx context.Context) error {
	a.closeOnce.Do(func() { a.closeErr = a.shutdown(ctx) })
	return a.closeErr
}

func (a *App) shutdown(ctx context.Context) error {
	a.serving.Store(false)
	a.mu.Lock()
	a.started = true // no Start from here on
	stop := a.stop
	a.mu.Unlock()
	var abandoned []string
	select {
	case <-a.flights.close():
	case <-ctx.Done():
		abandoned = a.running()
	}
	if stop != nil {
		stop()
	} else {
		a.closeUnused()
	}
	names, err := a.waitForBackground(ctx)
	if abandoned = append(abandoned, names...); abandoned != nil {
		cause := errors.Join(ctx.Err(), err)
		return fmt.Errorf("cnerium: close: abandoned %s: %w", strings.Join(abandoned, ", "), cause)
	}
	if closeErr := a.store.Close(); closeErr != nil {
		err = errors.Join(err, &StoreError{Op: "close", Err: closeErr})
	}
	if err != nil {
		return fmt.Errorf("cnerium: close: %w", err)
	}
	return nil
}

// closeUnused closes what a Start has opened that then failed.
func (a *App) closeUnused() {
	close(a.swept)
	for _, p := range a.pumps {
		go func() { p.closed <- p.close(<-p.closing) }()
	}
}

// closeGrace is what goroutines that have been told to end get for it, also
// when the time of Close is over.
const closeGrace = 100 * time.Millisecond

// waitForBackground gives the pumps the rest of the time, all of them at once,
// and waits for them and for the sweeper. It returns who did not come to an
// end, and what the others failed with.
func (a *App) waitForBackground(ctx context.Context) (abandoned []string, err error) {
	limit, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	defer context.AfterFunc(ctx, func() { time.AfterFunc(closeGrace, cancel) })()
	for _, p := range a.pumps {
		p.closing <- ctx
	}
	for _, p := range a.pumps {
		failure, ended := receive(limit, p.closed)
		switch {
		case !ended:
			abandoned = append(abandoned, p.title()+", which does not return")
		case failure != nil:
			err = errors.Join(err, fmt.Errorf("%s: %w", p.title(), failure))
		}
	}
	if _, ended := receive(limit, a.swept); !ended {
		abandoned = append(abandoned, "the removal of expired records")
	}
	return abandoned, err
}

// receive waits for a value, and takes one that is there also when the
// context has ended.
func receive[T any](ctx context.Context, from <-chan T) (value T, ok bool) {
	select {
	case value = <-from:
		return value, true
	case <-ctx.Done():
	}
	select {
	case value = <-from:
		return value, true
	default:
		return value, false
	}
}

// running names the executions that are still under way.
func (a *App) running() []string {
	var names []string
	for _, f := range a.flights.list() {
		names = append(names, fmt.Sprintf("%s (key hash %s, running since %s)",
			f.id.Operation, keyHash(f.id.Key), f.since.UTC().Format(time.RFC3339)))
	}
	slices.Sort(names)
	return names
}
