package cnerium_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	cnerium "github.com/cnerium/cnerium-go/runtime"
	"github.com/cnerium/cnerium-go/runtime/memstore"
)

func (r *recorder) set(fail bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.fail = fail
}

// letters returns n products, and the types of the events that they lead to.
func letters(n int) (products, types []string) {
	for i := range n {
		product := fmt.Sprint("p", i)
		products = append(products, product)
		types = append(types, product+".one", product+".two")
	}
	return products, types
}

func TestPublishersDoNotHoldUpEachOther(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		plain, good, down := &recorder{}, &recorder{}, &recorder{fail: true}
		panics, stuck := &stubborn{}, &stubborn{blocked: make(chan struct{})}
		panics.panics.Store(1 << 40)
		app, do := inBubble(t, &cnerium.Options{
			Publisher:  plain,
			Publishers: map[string]cnerium.Publisher{"good": good, "down": down, "panics": panics, "stuck": stuck},
		}, create(emitting))
		products, types := letters(300) // more than are handed over at once
		start := time.Now()
		for _, product := range products {
			require.Equal(t, http.StatusNoContent, do(product, `{"product":"`+product+`"}`).Code)
		}
		synctest.Wait()
		require.Zero(t, time.Since(start), "no request has waited")
		require.Equal(t, types, plain.types())
		require.Equal(t, types, good.types())
		require.Empty(t, down.types())
		require.Empty(t, panics.types())
		require.Empty(t, stuck.types())

		down.set(false)
		panics.panics.Store(0)
		close(stuck.blocked)
		time.Sleep(lastRetry)
		for _, late := range []interface{ types() []string }{down, panics, stuck} {
			require.Equal(t, types, late.types())
		}
		require.NoError(t, app.Close(t.Context()))
		require.Equal(t, types, good.types(), "once each")
	})
}

// lastRetry is the longest time after which a publisher that failed is asked
// again.
const lastRetry = 10 * time.Second

func TestTheWaitAfterAFailureGrowsToTenSecondsAndBeginsAnewAfterASuccess(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		carrier := &timed{fails: func(call int) bool { return call <= 9 }}
		app, do := inBubble(t, &cnerium.Options{Publisher: carrier}, create(emitting))
		require.Equal(t, http.StatusNoContent, do("k1", body).Code)
		time.Sleep(time.Minute)
		synctest.Wait()
		require.Equal(t, []time.Duration{
			100 * time.Millisecond, 200 * time.Millisecond, 400 * time.Millisecond, 800 * time.Millisecond,
			1600 * time.Millisecond, 3200 * time.Millisecond, 6400 * time.Millisecond, lastRetry, lastRetry,
		}, carrier.gaps())
		carrier.calls, carrier.fails = nil, func(call int) bool { return call <= 2 }
		require.Equal(t, http.StatusNoContent, do("k2", body).Code)
		time.Sleep(time.Minute)
		synctest.Wait()
		require.Equal(t, []time.Duration{100 * time.Millisecond, 200 * time.Millisecond}, carrier.gaps())
		require.NoError(t, app.Close(t.Context()))
	})
}

func TestAPublisherThatComesOnBetweenFailuresIsNotMadeToWaitLonger(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		carrier := &timed{fails: func(call int) bool { return call%2 == 1 }}
		app, do := inBubble(t, &cnerium.Options{Publisher: carrier}, create(emitting))
		for i := range 400 { // 800 events, handed over in four parts
			require.Equal(t, http.StatusNoContent, do(fmt.Sprint(i), body).Code)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		const first = 100 * time.Millisecond
		require.Equal(t, []time.Duration{first, 0, first, 0, first, 0, first}, carrier.gaps())
		require.NoError(t, app.Close(t.Context()))
	})
}

// timed is a publisher that fails in some calls, counted from 1, and keeps
// when they were.
type timed struct {
	fails func(call int) bool
	calls []time.Time
}

func (c *timed) Publish(context.Context, []cnerium.Event) error {
	c.calls = append(c.calls, time.Now())
	if c.fails(len(c.calls)) {
		return errors.New("carrier is down")
	}
	return nil
}

func (c *timed) gaps() []time.Duration {
	var gaps []time.Duration
	for i := 1; i < len(c.calls); i++ {
		gaps = append(gaps, c.calls[i].Sub(c.calls[i-1]))
	}
	return gaps
}

func TestStartRefusesUnusablePublishers(t *testing.T) {
	t.Parallel()
	good := &recorder{}
	for text, opts := range map[string]cnerium.Options{
		`Options.Publishers["a"] is nil`: {Publishers: map[string]cnerium.Publisher{"a": nil}},
		"two publishers of one name":     {Publisher: good, Publishers: map[string]cnerium.Publisher{"": good}},
		"has 256 bytes, more than 255":   {Publishers: map[string]cnerium.Publisher{strings.Repeat("x", 256): good}},
		"is not valid UTF-8":             {Publishers: map[string]cnerium.Publisher{"\xff": good}},
	} {
		app := cnerium.Attach(http.NewServeMux(), memstore.New(nil), &opts)
		require.ErrorContains(t, app.Start(t.Context()), text)
		require.NoError(t, app.Close(t.Context()))
	}
	for _, name := range []string{"", strings.Repeat("x", 255)} {
		opts := &cnerium.Options{Publishers: map[string]cnerium.Publisher{name: good}}
		serve(t, memstore.New(nil), opts)
	}
}

func TestStartRefusesABroadcasterWithTwoNames(t *testing.T) {
	t.Parallel()
	one, other := &hall{}, &hall{}
	start := func(publishers map[string]cnerium.Publisher) error {
		app := cnerium.Attach(http.NewServeMux(), memstore.New(nil), &cnerium.Options{Publisher: one, Publishers: publishers})
		err := app.Start(t.Context())
		require.NoError(t, app.Close(t.Context()))
		return err
	}
	require.ErrorContains(t, start(map[string]cnerium.Publisher{"a": other, "b": one}), `under two names, "" and "b"`)
	require.NoError(t, start(map[string]cnerium.Publisher{"a": other}))
}

func TestCloseNamesThePublisherThatItAbandonsAndFlushesTheOthers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := memstore.New(nil)
		stuck, good, hall := &stubborn{blocked: make(chan struct{})}, &lazy{}, &hall{}
		app, do := inBubbleWith(t, store, &cnerium.Options{
			Publisher: hall, Publishers: map[string]cnerium.Publisher{"stuck": stuck, "good": good},
		}, create(emitting))
		require.Equal(t, http.StatusNoContent, do("k1", `{"product":"p1"}`).Code)
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		err := app.Close(ctx)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.ErrorContains(t, err, `abandoned the publisher "stuck", which does not return`)
		require.NotContains(t, err.Error(), "good")
		require.Equal(t, types("p1"), good.types(), "it got its events at Close")
		require.Equal(t, "close", hall.last())
		require.NoError(t, store.Check(t.Context()), "the store is still open for the one that is stuck")
		close(stuck.blocked)
	})
}

// lazy is a publisher that does its work only when the App closes.
type lazy struct {
	recorder
	late atomic.Bool
}

func (l *lazy) Publish(ctx context.Context, events []cnerium.Event) error {
	if !l.late.Swap(true) {
		<-ctx.Done()
		return ctx.Err()
	}
	return l.recorder.Publish(ctx, events)
}

// exiting is a publisher that ends the goroutine on which it is called.
type exiting struct{}

func (exiting) Publish(context.Context, []cnerium.Event) error {
	runtime.Goexit()
	return nil
}

func TestAPublisherThatEndsItsGoroutineDoesNotKeepClose(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		good, log := &recorder{}, &logged{}
		app, do := inBubble(t, &cnerium.Options{
			Publisher: good, Publishers: map[string]cnerium.Publisher{"exits": exiting{}}, Logger: textLog(log),
		}, create(emitting))
		require.Equal(t, http.StatusNoContent, do("k1", `{"product":"p1"}`).Code)
		synctest.Wait()
		require.Contains(t, log.String(), "called runtime.Goexit")
		require.ErrorContains(t, app.Close(t.Context()), `the publisher "exits": the publisher called runtime.Goexit`)
		require.Equal(t, types("p1"), good.types())
	})
}
