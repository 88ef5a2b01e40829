package cnerium

import (
	"context"
	"log/slog"
	"time"
)

// sweepStep is how many records and events are removed at once, at most, so
// that requests get their turn in between.
const sweepStep = 500

// sweep removes what has expired, from time to time, until the context ends.
func (a *App) sweep(ctx context.Context) {
	ticker := time.NewTicker(a.opts.SweepInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		if err := a.sweepAll(ctx); err != nil && ctx.Err() == nil {
			a.log.LogAttrs(ctx, slog.LevelError, "expired records not removed; trying again",
				slog.Duration("after", a.opts.SweepInterval), slog.String("error", err.Error()))
		}
	}
}

func (a *App) sweepAll(ctx context.Context) error {
	for ctx.Err() == nil {
		n, err := a.store.Sweep(ctx, sweepStep)
		if err != nil || n < sweepStep {
			return err
		}
	}
	return ctx.Err()
}
