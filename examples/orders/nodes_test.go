package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cnerium/cnerium-go/internal/pgtest"
)

// fleet is three nodes of the shop behind one database, clients that do not
// care which of them answers, and followers of each.
type fleet struct {
	place    string        // the database's URL, as the nodes know it
	requests chan struct{} // gets one for each request that is about to be sent
	over     chan struct{} // closed when nobody is killed any more

	mu       sync.Mutex
	nodes    []*process
	urls     []string       // by node
	answered map[string]int // quantity by key
	faults   []string
	lost     int // requests that had no answer, or one that stores nothing: 5xx, or Retry-After
}

// nodeCount is the number of nodes.
const nodeCount = 3

// newFleet starts the nodes on an empty database.
func newFleet(t *testing.T, place string) *fleet {
	t.Helper()
	f := &fleet{
		place:    place,
		requests: make(chan struct{}),
		over:     make(chan struct{}),
		answered: make(map[string]int),
	}
	for range nodeCount {
		p := launch(t, place)
		f.nodes, f.urls = append(f.nodes, p), append(f.urls, p.url)
	}
	return f
}

// url returns where a node is now.
func (f *fleet) url(node int) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.urls[node]
}

// note changes what the clients share.
func (f *fleet) note(change func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change()
}

// placeOrders places one order after another until the campaign is over.
func (f *fleet) placeOrders(ctx context.Context, name string) {
	for i := 1; ; i++ {
		select {
		case <-f.over:
			return
		default:
			f.placeOrder(ctx, fmt.Sprintf("%s-%d", name, i), i)
		}
	}
}

// placeOrder sends one order until it is answered, each time to some node.
func (f *fleet) placeOrder(ctx context.Context, key string, quantity int) {
	for ctx.Err() == nil {
		select {
		case f.requests <- struct{}{}:
		default: // nobody waits for it
		}
		r, err := sendOrder(ctx, f.url(rand.IntN(nodeCount)), key, quantity)
		if err == nil && r.header.Get("Retry-After") == "" {
			f.note(func() { f.answer(key, quantity, r) })
			return
		}
		f.note(func() { f.lost++ })
		breathe(ctx)
	}
	f.note(func() { f.faults = append(f.faults, key+": no answer: "+ctx.Err().Error()) })
}

// breathe keeps those who try again from taking the machine for themselves.
func breathe(ctx context.Context) {
	select {
	case <-time.After(rand.N(20 * time.Millisecond)):
	case <-ctx.Done():
	}
}

func (f *fleet) answer(key string, quantity int, r reply) {
	if r.status != http.StatusCreated || r.body != wanted(key, quantity) {
		f.faults = append(f.faults, fmt.Sprintf("%s: %d %s", key, r.status, r.body))
	}
	f.answered[key] = quantity
}

// follow listens, where pick says, until it has seen the event of the last
// order. It comes back with its cursor whenever the connection ends.
func (f *fleet) follow(ctx context.Context, to *follower, pick func() int) {
	for !slices.Contains(to.orders, "ord_"+lastOrder) {
		to.listen(ctx, f.url(pick()))
		if breathe(ctx); ctx.Err() != nil {
			to.faults = append(to.faults, ctx.Err().Error())
			return
		}
	}
}

// await lets so many requests begin.
func (f *fleet) await(ctx context.Context, t *testing.T, requests int) {
	t.Helper()
	for range requests {
		select {
		case <-f.requests:
		case <-ctx.Done():
			require.NoError(t, ctx.Err())
		}
	}
}

// killNode is kill -9 for a node, and another in its place.
func (f *fleet) killNode(t *testing.T, node int) {
	t.Helper()
	f.nodes[node].kill(t)
	p := launch(t, f.place)
	f.nodes[node] = p
	f.note(func() { f.urls[node] = p.url })
}

// run lets clients place orders and followers listen while it does the harm,
// and verifies what all of them have seen.
func (f *fleet) run(ctx context.Context, t *testing.T, harm func()) {
	t.Helper()
	followers := f.followers()
	var following, clients sync.WaitGroup
	for name, to := range followers {
		following.Go(func() { f.follow(ctx, to.follower, to.pick) })
		select {
		case <-to.ready:
		case <-ctx.Done():
			require.NoError(t, ctx.Err(), name)
		}
	}
	for i := range 6 {
		clients.Go(func() { f.placeOrders(ctx, fmt.Sprintf("client%d", i/2)) })
	}
	harm()
	close(f.over)
	clients.Wait()
	f.placeOrder(ctx, lastOrder, 1)
	following.Wait()
	f.verify(t)
	var order []string
	for name, to := range followers {
		to.verify(t, f.answered)
		if order == nil {
			order = to.orders
		}
		require.Equal(t, order, to.orders, "%s: the order of events is the same everywhere", name)
	}
	t.Logf("%d orders, %d requests sent again", len(f.answered), f.lost)
}

// placed is a follower and where it listens.
type placed struct {
	*follower

	pick func() int
}

// followers returns one for each node, and one that goes from node to node.
func (f *fleet) followers() map[string]placed {
	all := map[string]placed{
		"roaming": {newFollower(carriers["Server-Sent Events"]), func() int { return rand.IntN(nodeCount) }},
	}
	for node := range nodeCount {
		all[fmt.Sprintf("node %d", node)] = placed{newFollower(carriers["WebSocket"]), func() int { return node }}
	}
	return all
}

// verify requires one row for each answer and no other, and that each node
// still gives each answer.
func (f *fleet) verify(t *testing.T) {
	t.Helper()
	require.Empty(t, f.faults)
	require.NotEmpty(t, f.answered)
	require.Positive(t, f.lost)
	for _, node := range f.nodes {
		require.Empty(t, node.held(t))
		times := make(map[string]int)
		for _, row := range node.rows(t) {
			times[row.OrderID]++
		}
		require.Len(t, times, len(f.answered))
		for key, quantity := range f.answered {
			require.Equal(t, 1, times["ord_"+key], key)
			retry, err := sendOrder(t.Context(), node.url, key, quantity)
			require.NoError(t, err)
			require.Equal(t, wanted(key, quantity), retry.body)
			require.Equal(t, "true", retry.replayed(), key)
		}
		node.terminate(t)
	}
}

// TestNodesThatAreKilledWithTheirDatabasePlaceAndAnnounceEachOrderOnce kills
// one node after another under load, and crashes the database in between: 8
// times in all, or 400 times with -cnerium.long.
func TestNodesThatAreKilledWithTheirDatabasePlaceAndAnnounceEachOrderOnce(t *testing.T) {
	t.Parallel()
	rounds, limit := 8, 2*time.Minute
	if *long {
		rounds, limit = 400, time.Hour
	}
	database := pgtest.NewCluster(t)
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	f := newFleet(t, database.Database(t))
	f.run(ctx, t, func() {
		for round := range rounds {
			f.await(ctx, t, 5+rand.IntN(40))
			if node := round % (nodeCount + 1); node < nodeCount {
				f.killNode(t, node)
				continue
			}
			database.Stop(t, pgtest.Immediate)
			f.await(ctx, t, rand.IntN(20)) // nobody can be served meanwhile
			database.Start(t)
		}
	})
}
