package cnerium_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/cnerium/cnerium-go/internal/raced"
	"github.com/stretchr/testify/require"

	cnerium "github.com/cnerium/cnerium-go/runtime"
	"github.com/cnerium/cnerium-go/runtime/memstore"
	"github.com/cnerium/cnerium-go/runtime/sqlitestore"
)

// The tests of these files are named after mistakes that were seen in other
// implementations of idempotency keys.

// mode is a kind of handler with a kind of store.
type mode struct {
	name        string
	transaction cnerium.Transaction // "" for a plain handler
	open        func(t *testing.T, now *clock) cnerium.Store
	keys        int // how many keys a test can afford
}

var modes = []mode{
	{name: "memstore plain", keys: 10_000, open: func(_ *testing.T, now *clock) cnerium.Store {
		return memstore.New(&memstore.Options{Now: now.now})
	}},
	{name: "sqlitestore file plain", keys: 250, open: openFile},
	{name: "sqlitestore memory plain", keys: 500, open: openMemory},
	{name: "sqlitestore file transactional", keys: 250, open: openFile, transaction: sqlitestore.Transaction},
	{name: "sqlitestore memory transactional", keys: 500, open: openMemory, transaction: sqlitestore.Transaction},
}

func openFile(t *testing.T, now *clock) cnerium.Store {
	return openWith(t, filepath.Join(t.TempDir(), "test.db"), now)
}

func openMemory(t *testing.T, now *clock) cnerium.Store { return openWith(t, ":memory:", now) }

func openWith(t *testing.T, path string, now *clock) cnerium.Store {
	t.Helper()
	store, err := sqlitestore.Open(t.Context(), path, &sqlitestore.Options{Now: now.now})
	require.NoError(t, err)
	return store
}

func inEachMode(t *testing.T, test func(t *testing.T, m mode)) {
	t.Helper()
	t.Parallel()
	for _, m := range modes {
		t.Run(m.name, func(t *testing.T) {
			t.Parallel()
			test(t, m)
		})
	}
}

// run serves one route of the mode, on a store that may be shared.
func (m mode) run(t *testing.T, store cnerium.Store, opts *cnerium.Options, route cnerium.Route) *service {
	t.Helper()
	route.Pattern, route.Operation, route.Transaction = "POST /orders", "orders.create", m.transaction
	if opts == nil {
		opts = &cnerium.Options{}
	}
	opts.Logger = slog.New(slog.DiscardHandler)
	s := &service{t: t, mux: http.NewServeMux()}
	s.app = cnerium.Attach(s.mux, store, opts)
	s.app.Handle(s.counted(route))
	require.NoError(t, s.app.Start(t.Context()))
	server := httptest.NewServer(s.mux)
	s.url = server.URL
	t.Cleanup(func() {
		if t.Failed() {
			return // a handler may wait for what the test did not come to
		}
		require.NoError(t, s.app.Close(context.Background()))
		server.Close()
	})
	return s
}

// alone is run on a store of its own.
func (m mode) alone(t *testing.T, opts *cnerium.Options, handler cnerium.Handler) *service {
	t.Helper()
	return m.run(t, m.open(t, &clock{}), opts, cnerium.Route{Handler: handler})
}

// background sends a request and returns where its reply will be.
func (s *service) background(r request) <-chan reply {
	got := make(chan reply, 1)
	go func() {
		answer, err := s.try(r)
		if err != nil {
			s.t.Error(err)
		}
		got <- answer
	}()
	return got
}

func TestMistakeAClientThatHangsUpMakesTheHandlerRunTwice(t *testing.T) {
	inEachMode(t, func(t *testing.T, m mode) {
		started, release := make(chan struct{}), make(chan struct{})
		s := m.alone(t, nil, func(req *cnerium.Request) (*cnerium.Response, error) {
			close(started) // twice panics
			<-release
			return cnerium.Text(http.StatusCreated, "done"), req.Context().Err()
		})
		for i := range 9 {
			ctx, hangUp := context.WithCancel(t.Context())
			gone := make(chan error)
			go func() {
				_, err := s.try(request{key: "k", body: body, ctx: ctx})
				gone <- err
			}()
			if i == 0 {
				<-started
			}
			hangUp()
			require.ErrorIs(t, <-gone, context.Canceled)
		}
		patient := s.background(request{key: "k", body: body})
		close(release)
		require.Equal(t, "done", (<-patient).body)
		require.EqualValues(t, 1, s.runs.Load())
	})
}

func TestMistakeALargeResponseIsExecutedAgain(t *testing.T) {
	sizes := []int{2 << 20, 8 << 20}
	if raced.On {
		sizes = sizes[:1]
	}
	for _, size := range sizes {
		t.Run(fmt.Sprint(size>>20, " MiB"), func(t *testing.T) {
			inEachMode(t, func(t *testing.T, m mode) {
				s := m.alone(t, nil, func(*cnerium.Request) (*cnerium.Response, error) {
					return cnerium.Bytes(http.StatusOK, "image/png", bytes.Repeat([]byte("\x00\xffpng"), size/5)), nil
				})
				first := s.do(request{key: "k", body: body})
				require.Len(t, first.body, size/5*5)
				again := s.do(request{key: "k", body: body})
				require.Equal(t, sha256.Sum256([]byte(first.body)), sha256.Sum256([]byte(again.body)))
				require.Equal(t, "true", again.header.Get("Idempotency-Replayed"))
				require.EqualValues(t, 1, s.runs.Load())
			})
		})
	}
}

func TestMistakeAResponseThatIsTooLargeIsExecutedAgain(t *testing.T) {
	inEachMode(t, func(t *testing.T, m mode) {
		s := m.alone(t, &cnerium.Options{MaxResponse: 1024}, func(*cnerium.Request) (*cnerium.Response, error) {
			return cnerium.Text(http.StatusOK, strings.Repeat("x", 1025)), nil
		})
		for range 3 {
			got := s.do(request{key: "k", body: body})
			got.problem(t, http.StatusInternalServerError, cnerium.ProblemResponseTooLarge)
		}
		if m.transaction == "" {
			require.EqualValues(t, 1, s.runs.Load())
		} else {
			require.EqualValues(t, 3, s.runs.Load(), "what was undone may run again")
		}
	})
}

func TestMistakeAnotherCallersAuthorizationGetsTheStoredResponse(t *testing.T) {
	inEachMode(t, func(t *testing.T, m mode) {
		scope := func(r *http.Request) (string, error) { return r.Header.Get("Authorization"), nil }
		s := m.alone(t, &cnerium.Options{Scope: scope}, func(req *cnerium.Request) (*cnerium.Response, error) {
			return cnerium.Text(http.StatusOK, "the account of "+req.Header.Get("Authorization")), nil
		})
		as := func(user string) reply {
			return s.do(request{key: "k", body: body, header: http.Header{"Authorization": {user}}})
		}
		ada := as("Bearer ada")
		for _, user := range []string{"Bearer bob", "Bearer ada ", "bearer ada", "Bearer ad", "Basic ada"} {
			got := as(user)
			require.Equal(t, "the account of "+strings.TrimSpace(user), got.body)
			again := as(user)
			require.Equal(t, got.body, again.body)
			require.Equal(t, "true", again.header.Get("Idempotency-Replayed"))
		}
		as("Bearer ada").replayed(t, ada)
	})
}

func TestMistakeSetCookieIsReplayed(t *testing.T) {
	inEachMode(t, func(t *testing.T, m mode) {
		const n = 8
		var arrived sync.WaitGroup
		arrived.Add(n)
		opts := &cnerium.Options{Scope: func(r *http.Request) (string, error) {
			if r.Header.Get("Late") == "" {
				arrived.Done()
			}
			return "", nil
		}}
		s := m.alone(t, opts, func(*cnerium.Request) (*cnerium.Response, error) {
			arrived.Wait() // duplicates are there, too
			resp := cnerium.Text(http.StatusOK, "welcome")
			resp.Header["set-cookie"] = []string{"session=secret", "theme=dark"} // as no Set would write it
			return resp.Set("Authorization", "secret").Set("Proxy-Authenticate", "secret"), nil
		})
		var got []<-chan reply
		for range n {
			got = append(got, s.background(request{key: "k", body: body}))
		}
		withCookie := 0
		for _, r := range got {
			answer := <-r
			if answer.header.Get("Idempotency-Replayed") == "" {
				withCookie++
				require.Equal(t, []string{"session=secret", "theme=dark"}, answer.header.Values("Set-Cookie"))
				continue
			}
			requireNoSecrets(t, answer)
		}
		require.Equal(t, 1, withCookie)
		requireNoSecrets(t, s.do(request{key: "k", body: body, header: http.Header{"Late": {"1"}}}))
	})
}

func requireNoSecrets(t *testing.T, r reply) {
	t.Helper()
	require.Equal(t, "welcome", r.body)
	require.Equal(t, "true", r.header.Get("Idempotency-Replayed"))
	require.NotContains(t, fmt.Sprint(r.header), "secret")
	require.NotContains(t, r.header, "Set-Cookie")
}

func TestMistakeASecondProcessRunsTheHandlerAgain(t *testing.T) {
	t.Parallel()
	config := newShopConfig(t)
	one, two := startShop(t, config), startShop(t, config)
	first := map[string]reply{}
	for operation := range shopPaths {
		r, err := one.send(operation, operation)
		require.NoError(t, err)
		require.Equal(t, http.StatusCreated, r.status, r.body)
		first[operation] = r
	}
	requireReplays := func(p *shopProcess) {
		for operation := range shopPaths {
			r, err := p.send(operation, operation)
			require.NoError(t, err)
			r.replayed(t, first[operation])
		}
	}
	requireReplays(two)
	one.kill()
	requireReplays(two)
	three := startShop(t, config)
	requireReplays(three)
	for key, done := range worldEffects(t, config.World) {
		require.Len(t, done, 1, key)
	}
	two.stop(t)
	three.stop(t)
}
