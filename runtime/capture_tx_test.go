package cnerium_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	cnerium "github.com/cnerium/cnerium-go/runtime"
	"github.com/cnerium/cnerium-go/runtime/memstore"
	"github.com/cnerium/cnerium-go/runtime/sqlitestore"
)

// sellBody is an ordinary handler that sells the product that its body names,
// in the transaction of its request, and does then what the test wants.
func sellBody(then http.HandlerFunc) cnerium.Route {
	route := captured(func(w http.ResponseWriter, r *http.Request) {
		product, err := io.ReadAll(r.Body)
		if err == nil {
			err = insert(r.Context(), sqlitestore.TxFrom(r.Context()), order{Product: string(product)})
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		then(w, r)
	})
	route.Transaction = sqlitestore.Transaction
	return route
}

// answering answers with the status.
func answering(status int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, http.StatusText(status))
	}
}

func TestRowsAndResponseOfACapturedHandlerAreStoredTogether(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		handler http.HandlerFunc
		status  int
		runs    int      // of two requests
		rows    []string // that are left, and events
	}{
		"created":           {answering(http.StatusCreated), http.StatusCreated, 1, []string{"p1"}},
		"below 500":         {answering(http.StatusConflict), http.StatusConflict, 1, nil},
		"too many requests": {answering(http.StatusTooManyRequests), http.StatusTooManyRequests, 2, nil},
		"bad gateway":       {answering(http.StatusBadGateway), http.StatusBadGateway, 2, nil},
		"panic":             {noAnswers["a panic"], http.StatusInternalServerError, 2, nil},
		"ends early":        {noAnswers["a body that ends early"], http.StatusInternalServerError, 2, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := openBookshop(t, filepath.Join(t.TempDir(), "shop.db"), nil, sellBody(test.handler))
			first := b.do(request{key: "k", body: "p1"})
			require.Equal(t, test.status, first.status, first.body)
			again := b.do(request{key: "k", body: "p1"})
			require.Equal(t, first.body, again.body)
			require.EqualValues(t, test.runs, b.runs.Load())
			if test.runs == 1 {
				again.replayed(t, first)
			}
			b.holds(test.rows...)
		})
	}
}

func TestACapturedHandlerEmits(t *testing.T) {
	t.Parallel()
	published := &recorder{}
	s := serve(t, memstore.New(nil), &cnerium.Options{Publisher: published}, captured(func(w http.ResponseWriter, r *http.Request) {
		if err := cnerium.Emit(r.Context(), "order.created", 1); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
		}
	}))
	first := s.do(request{key: "k"})
	require.Equal(t, http.StatusOK, first.status, first.body)
	require.NotEmpty(t, first.header.Get("Event-Cursor"))
	s.do(request{key: "k"}).replayed(t, first)
	require.NoError(t, s.app.Close(t.Context()))
	require.Equal(t, []string{"order.created"}, published.types())
}

// contended is a store whose transactions are in the way of others at first.
type contended struct {
	cnerium.Transactor
	left atomic.Int64
}

func (c *contended) Transact(ctx context.Context, claim cnerium.Claim, run func(context.Context, int) (cnerium.Outcome, error)) (cnerium.Record, error) {
	if c.left.Add(-1) < 0 {
		return c.Transactor.Transact(ctx, claim, run)
	}
	undo := errors.New("undo")
	rec, err := c.Transactor.Transact(ctx, claim, func(ctx context.Context, attempt int) (cnerium.Outcome, error) {
		if _, err := run(ctx, attempt); err != nil {
			return cnerium.Outcome{}, err
		}
		return cnerium.Outcome{}, undo
	})
	if errors.Is(err, undo) {
		err = cnerium.ErrSerialization
	}
	return rec, err
}

func TestACapturedHandlerThatRunsAgainSeesItsRequestAnew(t *testing.T) {
	t.Parallel()
	store, err := sqlitestore.Open(t.Context(), ":memory:", nil)
	require.NoError(t, err)
	shared := &contended{Transactor: store}
	shared.left.Store(2)
	route := captured(func(w http.ResponseWriter, r *http.Request) {
		got, _ := io.ReadAll(r.Body)
		_, _ = fmt.Fprintf(w, "%s from %s", got, r.Header.Get("X-Source"))
		r.Header.Set("X-Source", "another run")
	})
	route.Transaction = sqlitestore.Transaction
	s := newService(t, store, nil)
	s.app = cnerium.Attach(s.mux, shared, &cnerium.Options{Logger: slog.New(slog.DiscardHandler)})
	s.app.Handle(s.counted(route))
	require.NoError(t, s.app.Start(t.Context()))
	got := s.do(request{key: "k", body: "p1", header: http.Header{"X-Source": {"the client"}}})
	require.Equal(t, "p1 from the client", got.body)
	require.EqualValues(t, 3, s.runs.Load())
}
