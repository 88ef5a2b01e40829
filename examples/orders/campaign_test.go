package main

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var long = flag.Bool("cnerium.long", false, "kill the shop 500 times")

// campaign is a shop that is killed again and again, and clients that retry
// until each of their orders is answered.
type campaign struct {
	requests chan struct{} // gets one for each request that is about to be sent
	over     chan struct{} // closed when the killing is over
	finished chan struct{} // closed when every order is answered

	mu       sync.Mutex
	current  *server
	answered map[string]int // quantity by key
	faults   []string
	cut      int // requests that a kill has cut off
}

// server is one life of the shop.
type server struct {
	url  string
	died chan struct{} // closed when the next one listens
}

// placeOrders places one order after another until the campaign is over.
func (c *campaign) placeOrders(ctx context.Context, name string) {
	for i := 1; ; i++ {
		select {
		case <-c.over:
			return
		default:
			c.placeOrder(ctx, fmt.Sprintf("%s-%d", name, i), i)
		}
	}
}

// placeOrder sends one order until it is answered, by whichever server.
func (c *campaign) placeOrder(ctx context.Context, key string, quantity int) {
	for ctx.Err() == nil {
		select {
		case c.requests <- struct{}{}:
		case <-c.over:
		case <-ctx.Done():
		}
		at := c.server()
		r, err := sendOrder(ctx, at.url, key, quantity)
		switch {
		case err != nil:
			c.note(func() { c.cut++ })
			select {
			case <-at.died:
			case <-ctx.Done():
			}
		case r.header.Get("Retry-After") == "":
			c.note(func() { c.answer(key, quantity, r) })
			return
		}
	}
	c.note(func() { c.faults = append(c.faults, key+": no answer: "+ctx.Err().Error()) })
}

func sendOrder(ctx context.Context, url, key string, quantity int) (reply, error) {
	body := strings.NewReader(fmt.Sprintf(`{"product_id":"p1","quantity":%d}`, quantity))
	req, err := postRequest(ctx, url+"/orders", key, body)
	if err != nil {
		return reply{}, err
	}
	return send(req)
}

// server returns the one that runs, or has run last.
func (c *campaign) server() *server {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.current
}

// note changes what the clients share.
func (c *campaign) note(change func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	change()
}

// answer remembers an answer. Each key has two clients, and one answer.
func (c *campaign) answer(key string, quantity int, r reply) {
	if r.status != http.StatusCreated || r.body != wanted(key, quantity) {
		c.faults = append(c.faults, fmt.Sprintf("%s: %d %s", key, r.status, r.body))
	}
	c.answered[key] = quantity
}

func wanted(key string, quantity int) string {
	return fmt.Sprintf(`{"ok":true,"order_id":"ord_%s","product_id":"p1","quantity":%d}`, key, quantity)
}

// kill runs the shop, and kills it so many times. It returns the last one.
func (c *campaign) kill(ctx context.Context, t *testing.T, p *process, data string, times int) *process {
	t.Helper()
	for range times {
		for range 1 + rand.IntN(20) {
			select {
			case <-c.requests:
			case <-ctx.Done():
				require.NoError(t, ctx.Err())
			}
		}
		<-time.After(rand.N(5 * time.Millisecond)) // nothing is waited for: any moment will do
		p.kill(t)
		p = launch(t, data)
		next := &server{url: p.url, died: make(chan struct{})}
		c.note(func() {
			close(c.current.died)
			c.current = next
		})
	}
	close(c.over)
	return p
}

// run kills a shop so many times, while clients place orders and followers
// listen, and verifies what all of them have seen.
func (c *campaign) run(ctx context.Context, t *testing.T, kills int) map[string]*follower {
	t.Helper()
	data := t.TempDir()
	p := launch(t, data)
	c.current = &server{url: p.url, died: make(chan struct{})}
	c.requests, c.over, c.finished = make(chan struct{}), make(chan struct{}), make(chan struct{})
	c.answered = make(map[string]int)

	followers := make(map[string]*follower)
	var following, clients sync.WaitGroup
	for name, open := range carriers {
		f := newFollower(open)
		followers[name] = f
		following.Go(func() { f.follow(ctx, c) })
		select {
		case <-f.ready:
		case <-ctx.Done():
			require.NoError(t, ctx.Err(), name)
		}
	}
	for i := range 6 {
		clients.Go(func() { c.placeOrders(ctx, fmt.Sprintf("client%d", i/2)) })
	}
	p = c.kill(ctx, t, p, data, kills)
	clients.Wait()
	c.placeOrder(ctx, lastOrder, 1)
	close(c.finished)
	following.Wait()
	require.Positive(t, c.cut)
	c.verify(t, p)
	for _, f := range followers {
		f.verify(t, c.answered)
	}
	p.terminate(t)
	return followers
}

// TestShopThatIsKilledAtRandomPlacesAndAnnouncesEachOrderOnceAndLosesNoAnswer
// kills the whole example under load 100 times (25 under the race detector), or
// 500 times with -cnerium.long.
func TestShopThatIsKilledAtRandomPlacesAndAnnouncesEachOrderOnceAndLosesNoAnswer(t *testing.T) {
	t.Parallel()
	kills, limit := shortKills, 2*time.Minute
	if *long {
		kills, limit = 500, 30*time.Minute
	}
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	followers := new(campaign).run(ctx, t, kills)
	require.Equal(t, followers["WebSocket"].orders, followers["Server-Sent Events"].orders, "the order is that of the commits")
}

// TestFollowerThatReturnsWithItsCursorGetsNothingTwice needs no memory for IDs:
// within a connection, and from one to the next, nothing comes again.
func TestFollowerThatReturnsWithItsCursorGetsNothingTwice(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	for name, f := range new(campaign).run(ctx, t, 3) {
		require.Empty(t, f.again, name)
	}
}

// verify requires one row for each answer and no other, and that each answer
// is still given.
func (c *campaign) verify(t *testing.T, p *process) {
	t.Helper()
	require.Empty(t, c.faults)
	require.NotEmpty(t, c.answered)
	require.Empty(t, p.held(t))
	placed := make(map[string]int)
	for _, row := range p.rows(t) {
		placed[row.OrderID]++
	}
	require.Len(t, placed, len(c.answered))
	for key, quantity := range c.answered {
		require.Equal(t, 1, placed["ord_"+key], key)
		retry, err := sendOrder(t.Context(), p.url, key, quantity)
		require.NoError(t, err)
		require.Equal(t, wanted(key, quantity), retry.body)
		require.Equal(t, "true", retry.replayed(), key)
	}
}
