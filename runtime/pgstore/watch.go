package pgstore

import (
	"context"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
)

var _ interface {
	Watch(ctx context.Context, changed func())
} = (*Store)(nil)

// channel is where nodes tell each other that there are events.
func (s *Store) channel() string { return "cnerium_" + s.epoch }

// notifyPause is the time between two notifications of one process.
const notifyPause = 5 * time.Millisecond

// notifier tells other nodes of events, after they were committed, and looks
// how far the order of events is decided. Many commits make one notification.
type notifier struct {
	store *Store

	mu      sync.Mutex
	pending bool
	running bool
	closed  bool
	done    sync.WaitGroup
}

// wake says that there are events.
func (n *notifier) wake() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.pending = true
	if !n.running && !n.closed {
		n.running = true
		n.done.Go(n.run)
	}
}

// run notifies for as long as there is reason to: also until the events of all
// who were under way are decided, because one that comes to nothing tells
// nobody.
func (n *notifier) run() {
	for n.next() {
		ctx, cancel := context.WithTimeout(context.Background(), grace/2)
		if n.store.tell(ctx) != nil {
			n.store.undecided.Store(false) // who is not told asks
		}
		cancel()
		time.Sleep(notifyPause)
	}
}

func (n *notifier) next() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.running = (n.pending || n.store.undecided.Load()) && !n.closed
	n.pending = false
	return n.running
}

func (n *notifier) close() {
	n.mu.Lock()
	n.closed = true
	n.mu.Unlock()
	n.done.Wait()
}

// tell notifies everybody once. It need not be durable.
func (s *Store) tell(ctx context.Context) error {
	return s.ordered(ctx, func(x *exchange) {
		if !s.opts.NoListen && !s.opts.Portable {
			x.add(nil, s.sql.notify, s.channel())
		}
	})
}

// Watch calls changed whenever another node, or this one, has committed
// events, and whenever it may have missed that. It listens on a connection of
// its own and runs until the context ends. See [cnerium.Watcher].
func (s *Store) Watch(ctx context.Context, changed func()) {
	if s.opts.NoListen || s.opts.Portable {
		<-ctx.Done()
		return
	}
	for attempt := 1; ctx.Err() == nil; attempt++ {
		if s.listen(ctx, changed) {
			attempt = 0 // it has listened for a while
		}
		timer := time.NewTimer(min(50*time.Millisecond<<min(attempt, 8), 5*time.Second))
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
		}
	}
}

// listen listens until the connection or the context ends, and reports whether
// it did at all.
func (s *Store) listen(ctx context.Context, changed func()) bool {
	conn, err := s.listener(ctx)
	if err != nil {
		return false
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		_ = conn.Close(ctx)
	}()
	if _, err := conn.Exec(ctx, "LISTEN "+pgx.Identifier{s.channel()}.Sanitize()); err != nil {
		return false
	}
	changed() // before it listened, there may have been something
	for {
		if _, err := conn.WaitForNotification(ctx); err != nil {
			return true
		}
		changed()
	}
}

func (s *Store) listener(ctx context.Context) (*pgx.Conn, error) {
	if s.opts.ListenURL != "" {
		return pgx.Connect(ctx, s.opts.ListenURL)
	}
	return pgx.ConnectConfig(ctx, s.pool.Config().ConnConfig)
}
