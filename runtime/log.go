package cnerium

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"
)

// logRequest writes the one line of a request. It never has the key or a body.
func (rt *route) logRequest(ctx context.Context, id ID, a answer, begun time.Time) {
	level := slog.LevelInfo
	if a.resp.Status >= 500 && !errors.Is(a.err, context.Canceled) { // a client that left is no error
		level = slog.LevelError
	}
	if !rt.app.log.Enabled(ctx, level) {
		return
	}
	attrs := make([]slog.Attr, 0, 7)
	attrs = append(attrs,
		slog.String("operation", id.Operation),
		slog.String("decision", string(a.decision)),
		slog.Int("status", a.resp.Status))
	attrs = append(attrs,
		slog.Duration("duration", time.Since(begun)),
		slog.String("key_hash", keyHash(id.Key)))
	if a.attempt > 1 {
		attrs = append(attrs, slog.Int("attempt", a.attempt))
	}
	if a.err != nil {
		attrs = append(attrs, slog.String("error", errorText(a.err)))
	}
	rt.app.log.LogAttrs(ctx, level, "durable request", attrs...)
}

// log writes about an execution, which may have outlived its request.
func (x *execution) log(message string, err error) {
	x.rt.app.log.LogAttrs(x.ctx, slog.LevelError, message,
		slog.String("operation", x.req.operation),
		slog.String("key_hash", keyHash(x.req.id.Key)),
		slog.Int("attempt", x.req.attempt),
		slog.String("error", errorText(err)))
}

// errorText returns the text of an error. Fmt catches the panic of a nil
// pointer that was returned as an error.
func errorText(err error) string { return fmt.Sprint(err) }

// warnOfScope warns once when requests carry credentials and nothing keeps the
// keys of their owners apart: a caller who guesses or sees another's key and
// body would get that one's response.
func (a *App) warnOfScope(r *http.Request) {
	if r.Header.Get("Authorization") == "" && r.Header.Get("Cookie") == "" {
		return
	}
	a.scopeWarning.Do(func() {
		a.log.LogAttrs(r.Context(), slog.LevelWarn,
			"requests carry credentials, but all callers share one scope of keys: set Options.Scope to tell them apart")
	})
}
