package cnerium

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"
)

// ErrNotUnknown is returned by Resolve for a record that needs no resolution.
var ErrNotUnknown = errors.New("outcome is not unknown")

// resolveLease is how long a resolution holds the record, at most.
const resolveLease = 30 * time.Second

// Unknown returns up to limit records whose execution ended without an
// outcome, the oldest first. With recover=hold they stay, and answer 409,
// until Resolve is called for them.
func (a *App) Unknown(ctx context.Context, limit int) ([]Record, error) {
	records, err := a.store.Unknown(ctx, limit)
	if err != nil {
		return nil, fmt.Errorf("cnerium: list unknown outcomes: %w", err)
	}
	return records, nil
}

// Resolve decides what becomes of a record whose outcome is unknown, after
// somebody found out what its handler did: a response is stored and every
// retry gets it, as if the handler had returned it; nil frees the key, and the
// next retry runs the handler. It fails with [ErrNotUnknown] when the record
// is in any other state. The log gets a line that it was done.
func (a *App) Resolve(ctx context.Context, id ID, resp *Response) error {
	if err := a.resolve(ctx, id, resp); err != nil {
		return fmt.Errorf("cnerium: resolve %s: %w", id.Operation, err)
	}
	resolution := "released"
	if resp != nil {
		resolution = "response stored"
	}
	a.log.LogAttrs(ctx, slog.LevelWarn, "unknown outcome resolved",
		slog.String("operation", id.Operation),
		slog.String("key_hash", keyHash(id.Key)),
		slog.String("resolution", resolution))
	return nil
}

func (a *App) resolve(ctx context.Context, id ID, resp *Response) error {
	rt := a.routes[id.Operation]
	if resp != nil && rt == nil {
		return errors.New("no route has this operation, so nobody could get the response; release the key instead")
	}
	if resp != nil && (resp.Status != 0 && resp.Status < 200 || !storable(resp.Status)) {
		return fmt.Errorf("a response of status %d cannot be stored", resp.Status)
	}
	_, lease, err := a.store.Reserve(ctx, Claim{ID: id, Lease: resolveLease, Takeover: true})
	if err != nil {
		return err
	}
	if lease == nil {
		return ErrNotUnknown
	}
	if resp == nil {
		return a.store.Release(ctx, lease)
	}
	_, err = a.store.Commit(ctx, lease, Outcome{Response: resp.Stored(), Retention: rt.Retention})
	return err
}
