package cnerium_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/stretchr/testify/require"

	cnerium "github.com/cnerium/cnerium-go/runtime"
	"github.com/cnerium/cnerium-go/runtime/memstore"
)

// What applications, middlewares and routers do to a durable route.

// send serves a request without a network.
func send(handler http.Handler, r *http.Request, key string) *httptest.ResponseRecorder {
	r.Header.Set("Idempotency-Key", key)
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	return w
}

func TestARequestWhoseContextEndsIsNotAnsweredWithSilence(t *testing.T) {
	t.Parallel()
	for name, wrap := range map[string]func(h http.Handler) http.Handler{
		"answered early": func(h http.Handler) http.Handler { return h },
		"not flushable":  withoutFlush,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			started, release := make(chan struct{}), make(chan struct{})
			s := serve(t, memstore.New(nil), nil, create(func(context.Context, order) (*cnerium.Response, error) {
				close(started)
				<-release
				return cnerium.Text(http.StatusUnprocessableEntity, "no"), nil
			}))
			ctx, end := context.WithCancel(t.Context())
			first, duplicate := make(chan *httptest.ResponseRecorder, 1), make(chan *httptest.ResponseRecorder, 1)
			sendOne := func(reply chan *httptest.ResponseRecorder) {
				r := httptest.NewRequest(http.MethodPost, "/orders", strings.NewReader(body))
				reply <- send(wrap(s.mux), r.WithContext(ctx), "k")
			}
			go sendOne(first)
			<-started
			go sendOne(duplicate) // which follows, or comes too late
			end()
			unavailable := func(got *httptest.ResponseRecorder) {
				require.Equal(t, http.StatusServiceUnavailable, got.Code, got.Body)
				require.Equal(t, "1", got.Header().Get("Retry-After"))
			}
			unavailable(<-duplicate)
			if name == "not flushable" {
				unavailable(<-first)
			}
			close(release)
			if name == "answered early" { // perhaps the client has only closed its own side
				require.Equal(t, "no", (<-first).Body.String())
			}
			got := s.do(request{key: "k", body: body})
			require.Equal(t, "no", got.body)
			require.EqualValues(t, 1, s.runs.Load())
		})
	}
}

// withoutFlush hides that a writer can be flushed, as some middleware does.
func withoutFlush(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.ServeHTTP(struct{ http.ResponseWriter }{w}, r)
	})
}

// spiteful is an error whose text cannot be had.
type spiteful struct{ text string }

func (e *spiteful) Error() string { return e.text }

func TestAnErrorThatIsNilInsideTakesNothingDown(t *testing.T) {
	t.Parallel()
	for name, err := range map[string]error{
		"*Error":          (*cnerium.Error)(nil),
		"another":         (*spiteful)(nil),
		"*Error, wrapped": errors.Join(errors.New("failed"), (*cnerium.Error)(nil)),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := serve(t, memstore.New(nil), nil, create(func(context.Context, order) (*cnerium.Response, error) {
				return cnerium.NoContent(), err
			}), cnerium.Route{Pattern: "POST /bind", Operation: "bind.fail", Bind: func(*cnerium.Request) (cnerium.Call, error) {
				return nil, err
			}}, cnerium.Route{Pattern: "POST /validate", Operation: "bind.validate", Bind: func(*cnerium.Request) (cnerium.Call, error) {
				return nil, cnerium.Invalid(err)
			}})
			for range 2 {
				s.do(request{key: "k", body: body}).problem(t, http.StatusInternalServerError, "about:blank")
				s.do(request{key: "k", path: "/bind"}).problem(t, http.StatusInternalServerError, "about:blank")
				require.GreaterOrEqual(t, s.do(request{key: "k", path: "/validate"}).status, 400)
			}
		})
	}
}

func TestABindWithoutACallIsRefusedBeforeTheKeyIsReserved(t *testing.T) {
	t.Parallel()
	s := serve(t, memstore.New(nil), nil, cnerium.Route{
		Pattern: "POST /orders", Operation: "orders.create",
		Bind: func(*cnerium.Request) (cnerium.Call, error) { return nil, nil },
	})
	for range 2 {
		s.do(request{key: "k"}).problem(t, http.StatusInternalServerError, "about:blank")
	}
	require.Zero(t, s.store.writes.Load())
}

// brittle is a store that panics.
type brittle struct{ cnerium.Store }

func (brittle) Commit(context.Context, *cnerium.Lease, cnerium.Outcome) (string, error) {
	panic("store fell over")
}

func TestAStoreThatPanicsLeavesTheOutcomeUnknown(t *testing.T) {
	t.Parallel()
	s := serve(t, brittle{memstore.New(nil)}, nil, create(accept()))
	s.do(request{key: "k", body: body}).problem(t, http.StatusInternalServerError, cnerium.ProblemOutcomeUnknown)
	require.NoError(t, s.app.Close(t.Context()), "nothing is left in flight")
}

func TestAPlainHandlerWhoseAnswerIsUnusableDoesNotRunAgain(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]func() (*cnerium.Response, error){
		"no response":    func() (*cnerium.Response, error) { return nil, nil },
		"a wrong status": func() (*cnerium.Response, error) { return cnerium.Empty(42), nil },
		"not encodable":  func() (*cnerium.Response, error) { return cnerium.OK(func() {}) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := serve(t, memstore.New(nil), nil, create(func(context.Context, order) (*cnerium.Response, error) {
				return answer()
			}))
			s.do(request{key: "k", body: body}).problem(t, http.StatusInternalServerError, cnerium.ProblemOutcomeUnknown)
			s.do(request{key: "k", body: body}).problem(t, http.StatusConflict, cnerium.ProblemOutcomeUnknown)
			require.EqualValues(t, 1, s.runs.Load())
		})
	}
}

func TestTheBodyIsReadToItsEndWhateverItsLengthSays(t *testing.T) {
	t.Parallel()
	s := serve(t, memstore.New(nil), nil, cnerium.Route{
		Pattern: "POST /orders", Operation: "orders.create",
		Handler: func(req *cnerium.Request) (*cnerium.Response, error) {
			return cnerium.Text(http.StatusOK, string(req.Body())), nil
		},
	})
	for _, inflated := range []string{"inflated to something longer", "x", ""} {
		r := httptest.NewRequest(http.MethodPost, "/orders", strings.NewReader("zipped"))
		r.Body = io.NopCloser(strings.NewReader(inflated)) // ContentLength stays 6
		require.Equal(t, inflated, send(s.mux, r, "k"+inflated[:min(1, len(inflated))]).Body.String())
	}
}

func TestAnotherPathIsAnotherRequestWithEveryRouter(t *testing.T) {
	t.Parallel()
	nested := chi.NewRouter()
	outer := chi.NewRouter()
	outer.Mount("/t/{tenant}", nested)
	plain := chi.NewRouter()
	mux := http.NewServeMux()
	for name, row := range map[string]struct {
		register       cnerium.Mux
		serve          http.Handler
		pattern        string
		first, another string
	}{
		"net/http, subtree":          {mux, mux, "POST /files/", "/files/a/b", "/files/a/c"},
		"net/http, subtree and name": {mux, mux, "POST /up/{id}/", "/up/1/b", "/up/1/c"},
		"net/http, rest":             {mux, mux, "POST /rest/{name...}", "/rest/a/b", "/rest/a/c"},
		"chi, name":                  {plain, plain, "POST /plain/{id}", "/plain/1", "/plain/2"},
		"chi, expression":            {plain, plain, "POST /exp/{id:[0-9]+}", "/exp/1", "/exp/2"},
		"chi, star":                  {plain, plain, "POST /star/*", "/star/a", "/star/b"},
		"chi, mounted":               {nested, outer, "POST /orders", "/t/a/orders", "/t/b/orders"},
	} {
		app := cnerium.Attach(row.register, memstore.New(nil), &cnerium.Options{Logger: slog.New(slog.DiscardHandler)})
		app.Handle(cnerium.Route{Pattern: row.pattern, Operation: "any.thing", Handler: func(req *cnerium.Request) (*cnerium.Response, error) {
			return cnerium.Text(http.StatusOK, req.URL.Path), nil
		}})
		require.NoError(t, app.Start(t.Context()))
		post := func(path string) *httptest.ResponseRecorder {
			return send(row.serve, httptest.NewRequest(http.MethodPost, path, nil), "k")
		}
		require.Equal(t, row.first, post(row.first).Body.String(), name)
		require.Equal(t, "true", post(row.first).Header().Get("Idempotency-Replayed"), name)
		require.Equal(t, http.StatusConflict, post(row.another).Code, name)
		require.NoError(t, app.Close(t.Context()))
	}
}

func TestAnApplicationWithoutAPublisherLeavesEventsToItsNeighbour(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		shared := unclosed{memstore.New(nil)}
		published := &recorder{}
		speaking, _ := inBubbleWith(t, shared, &cnerium.Options{Publisher: published}, create(emitting))
		silent, do := inBubbleWith(t, shared, &cnerium.Options{}, create(emitting))
		require.Equal(t, http.StatusNoContent, do("k1", `{"product":"a"}`).Code)
		time.Sleep(time.Minute)
		require.Equal(t, []string{"a.one", "a.two"}, published.types(), "events of another process are found")

		require.NoError(t, speaking.Close(t.Context()))
		require.Equal(t, http.StatusNoContent, do("k2", `{"product":"b"}`).Code)
		time.Sleep(3 * 24 * time.Hour) // longer than published events are kept
		speaking, _ = inBubbleWith(t, shared, &cnerium.Options{Publisher: published}, create(emitting))
		time.Sleep(time.Minute)
		require.Equal(t, []string{"a.one", "a.two", "b.one", "b.two"}, published.types())
		require.NoError(t, silent.Close(t.Context()))
		require.NoError(t, speaking.Close(t.Context()))
	})
}

func TestEventsThatNobodyPublishesAreNotKeptForEver(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := memstore.New(nil)
		app, do := inBubbleWith(t, store, &cnerium.Options{}, create(emitting))
		require.Equal(t, http.StatusNoContent, do("k", `{"product":"a"}`).Code)
		time.Sleep(25 * time.Hour)
		events, err := store.Events(t.Context(), "", 10)
		require.NoError(t, err)
		require.Empty(t, events)
		require.NoError(t, app.Close(t.Context()))
	})
}

// failing is a publisher that fails and counts how often it was asked.
type failing struct{ calls int }

func (f *failing) Publish(context.Context, []cnerium.Event) error {
	f.calls++
	return errors.New("carrier is down")
}

func TestNewEventsDoNotHurryACarrierThatIsDown(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		down := &failing{}
		app, do := inBubble(t, &cnerium.Options{Publisher: down}, create(emitting))
		for i := range 100 {
			require.Equal(t, http.StatusNoContent, do(fmt.Sprint("k", i), `{"product":"a"}`).Code)
			synctest.Wait()
		}
		require.LessOrEqual(t, down.calls, 2)
		require.NoError(t, app.Close(t.Context()))
	})
}

func TestAReleaseNeedsNoRoute(t *testing.T) {
	t.Parallel()
	shared := unclosed{memstore.New(nil)}
	before := serve(t, shared, nil, create(func(context.Context, order) (*cnerium.Response, error) { panic("gone") }))
	before.do(request{key: "k", body: body})
	id := cnerium.ID{Operation: "orders.create", Key: "k"}
	after := serve(t, shared, nil)
	require.ErrorContains(t, after.app.Resolve(t.Context(), id, cnerium.NoContent()), "no route has this operation")
	require.NoError(t, after.app.Resolve(t.Context(), id, nil))
	unknown, err := after.app.Unknown(t.Context(), 10)
	require.NoError(t, err)
	require.Empty(t, unknown)
}

func TestNoStoreOffersATransactionCalledNone(t *testing.T) {
	t.Parallel()
	app := cnerium.Attach(http.NewServeMux(), memstore.New(nil), nil)
	app.Handle(cnerium.Route{Pattern: "POST /a", Operation: "a.create", Handler: ok, Transaction: "none"})
	require.ErrorContains(t, app.Start(t.Context()), "takes a transaction of type none")
}

// lateBlocker is a publisher that fails while the application runs, and blocks
// when it is closed.
type lateBlocker struct{ closing, release chan struct{} }

func (l *lateBlocker) Publish(context.Context, []cnerium.Event) error {
	select {
	case <-l.closing:
		<-l.release
	default:
	}
	return errors.New("carrier is down")
}

func TestCloseDoesNotWaitForEverForItsLastEvents(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		late := &lateBlocker{closing: make(chan struct{}), release: make(chan struct{})}
		app, do := inBubble(t, &cnerium.Options{Publisher: late}, create(emitting))
		require.Equal(t, http.StatusNoContent, do("k1", `{"product":"a"}`).Code)
		synctest.Wait() // it has failed, and pauses
		close(late.closing)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		require.ErrorContains(t, app.Close(ctx), "abandoned the publisher")
		close(late.release)
	})
}
