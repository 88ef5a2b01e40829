package cnerium_test

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	cnerium "github.com/cnerium/cnerium-go/runtime"
	"github.com/cnerium/cnerium-go/runtime/memstore"
)

// inContext runs a handler with a timeout of a minute under a fake clock and
// returns the status of the answer.
func inContext(t *testing.T, store cnerium.Store, handler func(ctx context.Context)) int {
	t.Helper()
	mux := http.NewServeMux()
	app := cnerium.Attach(mux, store, &cnerium.Options{Logger: slog.New(slog.DiscardHandler)})
	app.Handle(cnerium.Route{
		Pattern:   "POST /orders",
		Operation: "orders.create",
		Timeout:   time.Minute,
		Lease:     3 * time.Second,
		Handler: func(req *cnerium.Request) (*cnerium.Response, error) {
			handler(req.Context())
			return nil, req.Context().Err()
		},
	})
	require.NoError(t, app.Start(t.Context()))
	ctx, leave := context.WithCancel(context.WithValue(t.Context(), valueKey{}, "of a middleware"))
	defer leave()
	r := httptest.NewRequestWithContext(ctx, http.MethodPost, "/orders", strings.NewReader(body))
	r.Header.Set("Idempotency-Key", "k")
	w := asClient(mux, r)
	require.NoError(t, app.Close(context.Background()))
	return w.Code
}

type valueKey struct{}

func TestContextOfAHandlerHasTheValuesOfTheClientsAndADeadlineOfItsOwn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		inContext(t, memstore.New(nil), func(ctx context.Context) {
			require.Equal(t, "of a middleware", ctx.Value(valueKey{}))
			require.Equal(t, "k", cnerium.FromContext(ctx).Key())
			at, ok := ctx.Deadline()
			require.True(t, ok)
			require.Equal(t, time.Minute, time.Until(at))
			require.NoError(t, ctx.Err())
		})
	})
}

func TestContextsMadeFromAHandlersEndWithItsTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		status := inContext(t, memstore.New(nil), func(ctx context.Context) {
			child, cancel := context.WithCancel(ctx)
			defer cancel()
			later, cancelLater := context.WithTimeout(ctx, time.Hour)
			defer cancelLater()
			called := make(chan struct{})
			context.AfterFunc(ctx, func() { close(called) })
			stop := context.AfterFunc(ctx, func() { t.Error("a function that was stopped is called") })
			require.True(t, stop())
			require.False(t, stop())

			<-child.Done()
			<-later.Done()
			<-called
			<-ctx.Done()
			require.Equal(t, time.Minute, time.Since(start))
			require.Equal(t, context.DeadlineExceeded, ctx.Err())
			require.Equal(t, context.DeadlineExceeded, child.Err())
			require.Equal(t, context.DeadlineExceeded, later.Err())
			afterTheEnd := make(chan struct{})
			require.False(t, context.AfterFunc(ctx, func() { close(afterTheEnd) })())
			<-afterTheEnd
		})
		require.Equal(t, http.StatusGatewayTimeout, status)
	})
}

func TestContextOfAHandlerThatOutlivesItEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ended := make(chan error, 1)
		inContext(t, memstore.New(nil), func(ctx context.Context) {
			go func() {
				<-ctx.Done()
				ended <- ctx.Err()
			}()
		})
		require.Equal(t, context.Canceled, <-ended)
	})
}

// forgetful loses every lease at its first renewal.
type forgetful struct{ cnerium.Store }

func (forgetful) Renew(context.Context, *cnerium.Lease, time.Duration) error {
	return cnerium.ErrLeaseLost
}

func TestContextOfAHandlerTellsThatItsLeaseIsLost(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		inContext(t, forgetful{memstore.New(nil)}, func(ctx context.Context) {
			child, cancel := context.WithCancel(ctx)
			defer cancel()
			<-child.Done()
			require.Equal(t, time.Second, time.Since(start)) // a third of the lease
			for _, err := range []error{ctx.Err(), context.Cause(ctx), context.Cause(child)} {
				require.ErrorIs(t, err, context.Canceled)
				require.ErrorIs(t, err, cnerium.ErrLeaseLost)
				require.NotErrorIs(t, err, context.DeadlineExceeded)
			}
		})
	})
}
