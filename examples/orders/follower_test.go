package main

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// lastOrder is placed when everything else is over: who has seen its event has
// nothing more to wait for.
const lastOrder = "last"

// follower listens through all lives of the shop. It comes back with its
// cursor after each of them.
type follower struct {
	open  carrier
	ready chan struct{} // closed at the first welcome

	cursor  string
	seen    map[string]bool // IDs of events
	orders  []string        // what order.created was about, without what came again
	again   []string        // IDs of events that came more than once, over whichever connection
	resumed int
	faults  []string
}

// follow returns when it has seen the event of the last order.
func (f *follower) follow(ctx context.Context, c *campaign) {
	for !slices.Contains(f.orders, "ord_"+lastOrder) {
		at := c.server()
		f.listen(ctx, at.url)
		select {
		case <-ctx.Done():
			f.faults = append(f.faults, ctx.Err().Error())
			return
		case <-at.died:
		case <-c.finished: // the last server does not die
		}
	}
}

// listen reads from one connection to its end. An error needs no note: the
// server has died, or died before.
func (f *follower) listen(ctx context.Context, url string) {
	l, err := f.open(ctx, url, f.cursor)
	if err != nil {
		return
	}
	defer l.stop()
	for welcome := true; ; welcome = false {
		m, err := l.next()
		switch {
		case err != nil:
			return
		case welcome:
			f.welcome(m)
		case m.Notice == "":
			f.event(m)
		}
		if m.Cursor != "" {
			f.cursor = m.Cursor
		}
		if m.Subject == "ord_"+lastOrder {
			return
		}
	}
}

func (f *follower) welcome(m message) {
	switch {
	case m.Notice != "welcome":
		f.faults = append(f.faults, "it began with "+m.Notice+m.Type)
	case f.cursor == "":
		close(f.ready)
	case m.Recovered == nil || !*m.Recovered:
		f.faults = append(f.faults, "not recovered behind "+f.cursor)
	default:
		f.resumed++
	}
}

func (f *follower) event(m message) {
	if f.seen[m.ID] {
		f.again = append(f.again, m.ID)
		return
	}
	f.seen[m.ID] = true
	if m.Type == "order.created" {
		f.orders = append(f.orders, m.Subject)
	}
}

// newFollower returns one that has heard nothing yet.
func newFollower(open carrier) *follower {
	return &follower{open: open, ready: make(chan struct{}), seen: make(map[string]bool)}
}

// verify requires that each order that was answered was announced once.
func (f *follower) verify(t *testing.T, answered map[string]int) {
	t.Helper()
	require.Empty(t, f.faults)
	require.Positive(t, f.resumed)
	announced := make(map[string]int)
	for _, id := range f.orders {
		announced[id]++
	}
	for key := range answered {
		require.Equal(t, 1, announced["ord_"+key], key)
	}
	require.Len(t, announced, len(answered), fmt.Sprint(f.orders))
}
