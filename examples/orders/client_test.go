package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cnerium/cnerium-go/examples/orders/internal/api"
	"github.com/cnerium/cnerium-go/examples/orders/ordersclient"
	"github.com/cnerium/cnerium-go/internal/faultproxy"
	"github.com/cnerium/cnerium-go/runtime/client"
)

// orderClient places one order, by one of the ways in which a Go program can.
type orderClient func(ctx context.Context, in ordersclient.OrderRequest) (*ordersclient.OrderAnswer, error)

// patience is how clients of an unreliable network retry: they give an attempt
// up soon, and may try for as long as the test runs.
func patience() client.Retry {
	return client.Retry{
		MaxAttempts: 100, MaxElapsed: 5 * time.Minute, AttemptTimeout: 300 * time.Millisecond,
		BaseDelay: time.Millisecond, MaxDelay: 50 * time.Millisecond, Budget: -1,
	}
}

// orderClients are clients of the shop at a URL.
func orderClients(t *testing.T, url string, retries *atomic.Int64) map[string]orderClient {
	t.Helper()
	connections := &http.Transport{MaxIdleConnsPerHost: 16}
	t.Cleanup(connections.CloseIdleConnections)
	count := func(_ context.Context, a client.Attempt) {
		if a.Again {
			retries.Add(1)
		}
	}
	generated, err := ordersclient.New(url, &client.Options{
		HTTP: &http.Client{Transport: connections}, Retry: patience(), OnAttempt: count,
	})
	require.NoError(t, err)
	plain := &http.Client{Transport: &client.Transport{Base: connections, Retry: patience(), OnAttempt: count}}
	return map[string]orderClient{
		"generated": func(ctx context.Context, in ordersclient.OrderRequest) (*ordersclient.OrderAnswer, error) {
			out, _, err := generated.CreateOrder(ctx, in, nil)
			return out, err
		},
		"round tripper": func(ctx context.Context, in ordersclient.OrderRequest) (*ordersclient.OrderAnswer, error) {
			return postOrder(ctx, plain, url, in)
		},
	}
}

// postOrder is what a program does that knows nothing of keys.
func postOrder(ctx context.Context, c *http.Client, url string, in ordersclient.OrderRequest) (*ordersclient.OrderAnswer, error) {
	body, err := json.Marshal(in)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url+"/orders", bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := c.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusCreated {
		return nil, errors.New(resp.Status)
	}
	out := new(ordersclient.OrderAnswer)
	return out, json.NewDecoder(resp.Body).Decode(out)
}

// TestOrdersThroughABadNetworkArePlacedOnceAndAnswered places orders with Go
// clients through a proxy that does something to half of the requests. Each
// order is placed once, and each client gets the answer to its own. The number
// of orders is 1,000 for each kind of client with -cnerium.long, else 500
// (125 under the race detector).
func TestOrdersThroughABadNetworkArePlacedOnceAndAnswered(t *testing.T) {
	t.Parallel()
	const workers = 16
	each := 5 * shortKills
	if *long {
		each = 1000
	}
	p := launch(t, t.TempDir())
	proxy := faultproxy.New(t, p.url, faultproxy.Random(7, 0.5))
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	var retries atomic.Int64
	want := make(map[string]int) // quantity by product
	var mu sync.Mutex
	orders := make(map[string]string) // order by product
	for name, place := range orderClients(t, proxy.URL(), &retries) {
		for i := range each {
			want[fmt.Sprintf("%s-%d", name, i)] = i + 1
		}
		var all sync.WaitGroup
		failures := make([]error, workers)
		for w := range workers {
			all.Go(func() {
				for i := w; i < each; i += workers {
					in := ordersclient.OrderRequest{ProductID: fmt.Sprintf("%s-%d", name, i), Quantity: int64(i + 1)}
					out, err := place(ctx, in)
					if err == nil && (out.ProductID != in.ProductID || out.Quantity != in.Quantity) {
						err = fmt.Errorf("%v is the answer to another order than %v", out, in)
					}
					if failures[w] = err; err != nil {
						return
					}
					mu.Lock()
					orders[in.ProductID] = out.OrderID
					mu.Unlock()
				}
			})
		}
		all.Wait()
		require.NoError(t, errors.Join(failures...), name)
	}
	proxy.Wait()
	proxy.Close()

	placed := p.rows(t)
	require.Len(t, placed, len(want), "an order is there twice, or not at all")
	for _, row := range placed {
		require.Equal(t, want[row.ProductID], row.Quantity)
		require.Equal(t, orders[row.ProductID], row.OrderID)
		delete(want, row.ProductID)
	}
	require.Empty(t, want)
	for _, fault := range faultproxy.Faults() {
		require.Positive(t, proxy.Counts()[fault], fault.String())
	}
	require.Positive(t, retries.Load())
	t.Log(proxy.Counts(), retries.Load(), "retries")
	p.terminate(t)
}

// TestOrderIsFinishedLaterWithItsKey has the answer lost, and a caller that
// comes back with what it has kept: the key and the input. It has no generated
// client.
func TestOrderIsFinishedLaterWithItsKey(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, place string) {
		s := open(t, place, &fakeProvider{})
		proxy := faultproxy.New(t, s.url, func(*http.Request) faultproxy.Fault { return faultproxy.DropResponse })
		in := api.OrderRequest{ProductID: "p1", Quantity: 2}
		req := client.NewRequest(OpCreateOrder, http.MethodPost, "/orders")
		req.JSON(in)

		c, err := client.New(proxy.URL(), &client.Options{Retry: client.Retry{MaxAttempts: 1}})
		require.NoError(t, err)
		_, _, err = c.Do(t.Context(), req, nil)
		var failed *client.Error
		require.ErrorAs(t, err, &failed)
		require.True(t, failed.Pending())

		c, err = client.New(s.url, nil)
		require.NoError(t, err)
		out, meta, err := client.JSON[api.OrderAnswer](c.Do(t.Context(), req, &client.Call{Key: failed.Key}))
		require.NoError(t, err)
		require.Equal(t, api.OrderAnswer{OK: true, OrderID: "ord_" + failed.Key, ProductID: "p1", Quantity: 2}, out)
		require.True(t, meta.Replayed)
		require.NotEmpty(t, meta.Cursor)
		require.Len(t, s.rows(t), 1)
	})
}
