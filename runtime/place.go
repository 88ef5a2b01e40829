package cnerium

import (
	"context"
	"fmt"
	"log/slog"
	"time"
)

// markInterval is the time between two marks of how far publishing has come:
// after a crash, events of that time are published again.
const markInterval = time.Second

// mark is the place of a publisher that gets every event. The store keeps it,
// under the publisher's name.
type mark struct {
	store  Outbox
	name   string
	log    *slog.Logger
	stored string // how far the store knows
	at     time.Time
}

// open returns where the publisher of this name has stopped. One that was
// never heard of begins now, and the store knows it from then on, so that it
// gets whatever is committed after a crash, too.
func (m *mark) open(ctx context.Context) (string, error) {
	// The head comes first. If another process introduces the name between
	// the two, its requests commit behind this head, and the mark passes over
	// none of their events.
	head, err := m.store.Head(ctx)
	if err != nil {
		return "", &StoreError{Op: "check", Err: fmt.Errorf("read the last event: %w", err)}
	}
	m.stored, err = m.store.Published(ctx, m.name)
	if err == nil && m.stored == "" {
		err = m.store.MarkPublished(ctx, m.name, head)
		m.stored = head
	}
	if err != nil {
		return "", &StoreError{Op: "check", Err: fmt.Errorf("find the last published event: %w", err)}
	}
	return m.stored, nil
}

// moved tells the store, unless it was told less than the interval ago: each
// time costs a write.
func (m *mark) moved(ctx context.Context, cursor string) error {
	if cursor == m.stored || cursor == "" || time.Since(m.at) < markInterval {
		return nil
	}
	m.at = time.Now()
	if err := m.store.MarkPublished(ctx, m.name, cursor); err != nil {
		return fmt.Errorf("remember the last published event: %w", err)
	}
	m.stored = cursor
	return nil
}

// lost goes on where another process has come under this name: what lies
// between is published. If there is none, events are lost to the publisher,
// and the oldest that is kept is next.
func (m *mark) lost(ctx context.Context, cursor string) (string, error) {
	stored, err := m.store.Published(ctx, m.name)
	if err != nil {
		return "", fmt.Errorf("find the last published event: %w", err)
	}
	if stored != cursor {
		m.stored = stored
		return stored, nil
	}
	m.log.LogAttrs(ctx, slog.LevelError,
		"events were removed before the publisher got them: it was behind for longer than the store keeps them",
		slog.String("publisher", m.name), slog.String("after", cursor))
	return "", nil
}

// close tells the store the last place, also when the time of Close is over.
func (m *mark) close(ctx context.Context, cursor string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleTimeout)
	defer cancel()
	m.at = time.Time{}
	return m.moved(ctx, cursor)
}

// presence is the place of a broadcaster, which gets what is committed while
// it is there. Nothing is kept of it.
type presence struct {
	store       Outbox
	broadcaster Broadcaster
}

// open lets the broadcaster begin now.
func (p *presence) open(ctx context.Context) (string, error) {
	head, err := p.store.Head(ctx)
	if err != nil {
		return "", &StoreError{Op: "check", Err: fmt.Errorf("read the last event: %w", err)}
	}
	return head, guarded(func() error { return p.broadcaster.Open(p.store, head) })
}

// moved has nothing to keep.
func (*presence) moved(context.Context, string) error { return nil }

// lost lets the broadcaster begin anew: its subscribers learn from their own
// cursors what they have missed.
func (p *presence) lost(ctx context.Context, _ string) (string, error) { return p.open(ctx) }

// close ends the subscriptions.
func (p *presence) close(ctx context.Context, _ string) error { return p.broadcaster.Close(ctx) }
