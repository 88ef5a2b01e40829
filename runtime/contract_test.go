package cnerium_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	cnerium "github.com/cnerium/cnerium-go/runtime"
)

// order is the input of the typed route that most rows of the contract use.
type order struct {
	Product  string `json:"product"`
	Quantity int    `json:"quantity"`
}

func (o order) Validate() error {
	if o.Quantity < 0 {
		return errors.New("quantity is negative")
	}
	return nil
}

// create is a route in the form that generated code has.
func create(handler func(ctx context.Context, in order) (*cnerium.Response, error)) cnerium.Route {
	return cnerium.Route{
		Pattern:   "POST /orders",
		Operation: "orders.create",
		Bind: func(req *cnerium.Request) (cnerium.Call, error) {
			var in order
			if err := req.DecodeJSON(&in); err != nil {
				return nil, err
			}
			if err := in.Validate(); err != nil {
				return nil, cnerium.Invalid(err)
			}
			return func(ctx context.Context) (*cnerium.Response, error) { return handler(ctx, in) }, nil
		},
	}
}

// accept answers 201 with a number that no other execution answers.
func accept() func(context.Context, order) (*cnerium.Response, error) {
	var n atomic.Int64
	return func(_ context.Context, in order) (*cnerium.Response, error) {
		return cnerium.Created(map[string]any{"number": n.Add(1), "product": in.Product})
	}
}

const body = `{"product":"p1","quantity":2}`

// contract is the table of the HTTP contract: a situation and what is
// answered. Every row is run with every store.
var contract = []struct {
	situation string
	test      func(t *testing.T, store cnerium.Store)
}{
	{"the first request gets the handler's response, a retry the same bytes", testRetry},
	{"a replay has the stored status, headers and binary body, without secrets", testReplayIsExact},
	{"a key with another body, query or path is refused", testKeyReused},
	{"ReuseStatus follows the IETF draft", testReuseStatus},
	{"64 duplicates at once are one execution", testDuplicates},
	{"a duplicate that does not wait gets 409 in-flight and Retry-After", testInFlight},
	{"a missing or invalid key is refused", testKeys},
	{"the quoted and the bare key are the same", testQuotedKey},
	{"a body that does not bind costs no write and leaves the key free", testInvalidBody},
	{"a replay costs no write and no binding", testReplayIsCheap},
	{"what is stored is replayed also when it would not bind any more", testReplayUnbound},
	{"a request that does not bind waits for the record like any other", testWaitUnbound},
	{"a body that is too large or of the wrong type is refused", testTooLarge},
	{"an error of the handler below 500 is stored", testStoredError},
	{"an error that is no answer is 500 with a generic text, and frees the key", testInnerError},
	{"5xx, 408, 425 and 429 are sent and free the key", testNotStored},
	{"a panic is 500, and the outcome unknown until it is resolved", testPanic},
	{"recover=rerun runs again and tells so", testRerun},
	{"a handler that takes too long is 504, and what it returns in the end is stored", testTimeout},
	{"a handler that gives up in time frees the key", testTimeoutGivesUp},
	{"a handler goes on when its client hangs up", testDisconnect},
	{"records of another scope are invisible", testScope},
	{"a store that fails is 503 and the handler does not run", testStoreFails},
	{"a commit that fails leaves the outcome unknown, not free", testCommitFails},
	{"many keys in parallel get their own answers", testManyKeys},
	{"a response of 2 MiB is replayed", testLargeResponse},
	{"a renamed route replays its old keys", testRenamedRoute},
	{"a retry after a restart replays", testRestart},
	{"the first answer and every replay carry the cursor of the last event", testEventCursor},
	{"an answer without events has no cursor, whatever the handler sets", testNoEventCursor},
}

func TestContract(t *testing.T) {
	t.Parallel()
	for _, s := range stores {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			for _, row := range contract {
				t.Run(row.situation, func(t *testing.T) {
					t.Parallel()
					row.test(t, s.open(t))
				})
			}
		})
	}
}

func testRetry(t *testing.T, store cnerium.Store) {
	s := serve(t, store, nil, create(accept()))
	first := s.do(request{key: "k1", body: body})
	require.Equal(t, http.StatusCreated, first.status)
	require.Equal(t, `{"number":1,"product":"p1"}`, first.body)
	s.do(request{key: "k1", body: body}).replayed(t, first)
	s.do(request{key: "k1", body: body, chunked: true}).replayed(t, first)
	require.EqualValues(t, 1, s.runs.Load())

	second := s.do(request{key: "k2", body: body})
	require.Equal(t, `{"number":2,"product":"p1"}`, second.body)
}

func testReplayIsExact(t *testing.T, store cnerium.Store) {
	s := serve(t, store, nil, cnerium.Route{
		Pattern: "POST /orders", Operation: "orders.create",
		Handler: func(*cnerium.Request) (*cnerium.Response, error) {
			resp := cnerium.Bytes(http.StatusAccepted, "", []byte{0, 0xff, '\n', 0x80})
			resp.Set("X-One", "1").Set("Location", "/orders/7")
			resp.Header["X-Two"] = []string{"a", "b"}
			resp.Header["Set-Cookie"] = []string{"session=secret"}
			resp.Set("Proxy-Authenticate", "Basic").Set("Connection", "X-Hop").Set("X-Hop", "h").Set("Idempotency-Replayed", "true")
			return resp, nil
		},
	})
	first := s.do(request{key: "k"})
	require.Equal(t, "session=secret", first.header.Get("Set-Cookie"), "the first caller gets its cookie")
	again := s.do(request{key: "k"})
	again.replayed(t, first)
	for _, r := range []reply{first, again} {
		require.Equal(t, http.StatusAccepted, r.status)
		require.Equal(t, "\x00\xff\n\x80", r.body)
		require.Equal(t, []string{"a", "b"}, r.header.Values("X-Two"))
		require.Equal(t, "/orders/7", r.header.Get("Location"))
		require.Empty(t, r.header.Values("X-Hop"))
		require.Empty(t, r.header.Values("Content-Type"), "nobody guesses a content type")
	}
	require.Empty(t, again.header.Values("Set-Cookie"))
	require.Empty(t, again.header.Values("Proxy-Authenticate"))
}

func testKeyReused(t *testing.T, store cnerium.Store) {
	s := serve(t, store, nil,
		create(accept()),
		cnerium.Route{Pattern: "POST /orders/{id}/cancel", Operation: "orders.cancel", Handler: ok})
	s.do(request{key: "k", body: body})
	for _, other := range []request{
		{key: "k", body: body + " "},
		{key: "k", body: body, path: "/orders?dry=1"},
	} {
		got := s.do(other)
		require.Contains(t, got.problem(t, http.StatusConflict, cnerium.ProblemKeyReused), "different request body")
		require.Empty(t, got.header.Get("Retry-After"), "trying again does not help")
	}
	require.EqualValues(t, 1, s.runs.Load())

	// The same key for another operation is another record.
	require.Equal(t, http.StatusOK, s.do(request{key: "k", path: "/orders/1/cancel"}).status)
	s.do(request{key: "k", path: "/orders/2/cancel"}).problem(t, http.StatusConflict, cnerium.ProblemKeyReused)
	require.EqualValues(t, 2, s.runs.Load())
}

func testReuseStatus(t *testing.T, store cnerium.Store) {
	s := serve(t, store, &cnerium.Options{ReuseStatus: http.StatusUnprocessableEntity}, create(accept()))
	s.do(request{key: "k", body: body})
	s.do(request{key: "k", body: `{}`}).problem(t, http.StatusUnprocessableEntity, cnerium.ProblemKeyReused)
}

func testDuplicates(t *testing.T, store cnerium.Store) {
	const n = 64
	var arrived sync.WaitGroup
	arrived.Add(n)
	opts := &cnerium.Options{Scope: func(*http.Request) (string, error) { arrived.Done(); return "", nil }}
	handler := accept()
	s := serve(t, store, opts, create(func(ctx context.Context, in order) (*cnerium.Response, error) {
		arrived.Wait() // the others are there before the first one ends
		return handler(ctx, in)
	}))
	replies := make([]reply, n)
	var done sync.WaitGroup
	for i := range replies {
		done.Go(func() { replies[i], _ = s.try(request{key: "k", body: body}) })
	}
	done.Wait()
	fresh := 0
	for _, r := range replies {
		require.Equal(t, http.StatusCreated, r.status, r.body)
		require.Equal(t, `{"number":1,"product":"p1"}`, r.body)
		if r.header.Get("Idempotency-Replayed") == "" {
			fresh++
		}
	}
	require.Equal(t, 1, fresh)
	require.EqualValues(t, 1, s.runs.Load())
}

func testInFlight(t *testing.T, store cnerium.Store) {
	started, release := make(chan struct{}), make(chan struct{})
	route := create(func(context.Context, order) (*cnerium.Response, error) {
		close(started)
		<-release
		return cnerium.NoContent(), nil
	})
	route.Wait = cnerium.NoWait
	s := serve(t, store, nil, route)
	first := make(chan reply)
	go func() {
		r, _ := s.try(request{key: "k", body: body})
		first <- r
	}()
	<-started
	got := s.do(request{key: "k", body: body})
	require.Contains(t, got.problem(t, http.StatusConflict, cnerium.ProblemInFlight), "still running")
	require.Equal(t, "1", got.header.Get("Retry-After"))
	s.do(request{key: "k", body: `{}`}).problem(t, http.StatusConflict, cnerium.ProblemKeyReused)
	close(release)
	settled := <-first
	s.do(request{key: "k", body: body}).replayed(t, settled)
	require.EqualValues(t, 1, s.runs.Load())
}

func testKeys(t *testing.T, store cnerium.Store) {
	s := serve(t, store, nil, create(accept()))
	got := s.do(request{body: body})
	require.Contains(t, got.problem(t, http.StatusBadRequest, cnerium.ProblemKeyMissing), "Idempotency-Key")
	for name, lines := range map[string][]string{
		"two lines": {"a", "b"},
		"empty":     {""},
		"a space":   {"a b"},
		"not ASCII": {"schlüssel"},
		"unclosed":  {`"a`},
		"too long":  {strings.Repeat("k", 256)},
	} {
		got := s.do(request{body: body, header: http.Header{"Idempotency-Key": lines}})
		require.Contains(t, got.problem(t, http.StatusBadRequest, cnerium.ProblemKeyInvalid), "Idempotency-Key", name)
	}
	require.Zero(t, s.runs.Load())
	require.Equal(t, http.StatusCreated, s.do(request{body: body, key: strings.Repeat("k", 255)}).status)
}

func testQuotedKey(t *testing.T, store cnerium.Store) {
	s := serve(t, store, nil, create(accept()))
	first := s.do(request{key: "8e03978e-40d5", body: body})
	s.do(request{key: `"8e03978e-40d5"`, body: body}).replayed(t, first)
}

func testInvalidBody(t *testing.T, store cnerium.Store) {
	s := serve(t, store, nil, create(accept()))
	for sent, detail := range map[string]string{
		``:                              "body: empty",
		`{"quantity":"two"}`:            `body: field "quantity": cannot be a JSON string, at byte`,
		`{"quantity":1`:                 "body: malformed JSON",
		`{"colour":"red"}`:              `body: unknown field "colour"`,
		`{"quantity":1} {"quantity":2}`: "body: more data after the JSON value, at byte 14",
	} {
		got := s.do(request{key: "k", body: sent})
		require.Contains(t, got.problem(t, http.StatusBadRequest, "about:blank"), detail)
	}
	got := s.do(request{key: "k", body: `{"quantity":-1}`})
	require.Equal(t, "quantity is negative", got.problem(t, http.StatusUnprocessableEntity, "about:blank"))
	require.Zero(t, s.store.writes.Load())
	require.Equal(t, http.StatusCreated, s.do(request{key: "k", body: body}).status, "the key is free")
}

func testReplayIsCheap(t *testing.T, store cnerium.Store) {
	if _, ok := store.(misled); ok {
		defer func() { require.NoError(t, store.Close()) }()
		t.Skip("the store has said that there is nothing to replay")
	}
	var binds atomic.Int64
	route := create(accept())
	bind := route.Bind
	route.Bind = func(req *cnerium.Request) (cnerium.Call, error) {
		binds.Add(1)
		return bind(req)
	}
	s := serve(t, store, nil, route)
	first := s.do(request{key: "k", body: body})
	writes := s.store.writes.Load()
	s.do(request{key: "k", body: body}).replayed(t, first)
	require.Equal(t, writes, s.store.writes.Load())
	require.EqualValues(t, 1, binds.Load())
}

func testReplayUnbound(t *testing.T, store cnerium.Store) {
	var strict atomic.Bool
	route := create(accept())
	bind := route.Bind
	route.Bind = func(req *cnerium.Request) (cnerium.Call, error) {
		if strict.Load() {
			return nil, cnerium.BadRequest("the field colour is required from now on")
		}
		return bind(req)
	}
	s := serve(t, store, nil, route)
	first := s.do(request{key: "k", body: body})
	require.Equal(t, http.StatusCreated, first.status)
	strict.Store(true)
	s.do(request{key: "k", body: body}).replayed(t, first)
	s.do(request{key: "k", body: `{"product":"p2"}`}).problem(t, http.StatusConflict, cnerium.ProblemKeyReused)
	s.do(request{key: "new", body: body}).problem(t, http.StatusBadRequest, "about:blank")
	require.EqualValues(t, 1, s.runs.Load())
}

func testWaitUnbound(t *testing.T, store cnerium.Store) {
	const broken = `{"quantity":"two"}`
	route := create(accept())
	route.Wait = time.Millisecond
	route.Bind = func(*cnerium.Request) (cnerium.Call, error) { return nil, cnerium.BadRequest("never") }
	known := make(chan cnerium.Fingerprint, 1)
	probe := cnerium.Route{
		Pattern: "POST /probe", Operation: "orders.probe",
		Handler: func(req *cnerium.Request) (*cnerium.Response, error) {
			known <- req.Fingerprint()
			return cnerium.NoContent(), nil
		},
	}
	s := serve(t, store, nil, route, probe)
	s.do(request{key: "k", path: "/probe", body: broken})
	_, lease, err := store.Reserve(t.Context(), cnerium.Claim{
		ID: cnerium.ID{Operation: "orders.create", Key: "k"}, Fingerprint: <-known, Lease: time.Hour,
	})
	require.NoError(t, err)
	require.NotNil(t, lease)
	s.do(request{key: "k", body: broken}).problem(t, http.StatusConflict, cnerium.ProblemInFlight)
}

func testTooLarge(t *testing.T, store cnerium.Store) {
	route := create(accept())
	route.MaxBody = 64
	s := serve(t, store, nil, route)
	large := `{"product":"` + strings.Repeat("x", 64) + `"}`
	require.Contains(t, s.do(request{key: "k", body: large}).problem(t, 413, "about:blank"), "64 bytes")
	s.do(request{key: "k", body: large, chunked: true}).problem(t, 413, "about:blank")
	got := s.do(request{key: "k", body: body, header: http.Header{"Content-Type": {"text/plain"}}})
	require.Contains(t, got.problem(t, 415, "about:blank"), "application/json")
	require.Zero(t, s.store.writes.Load())
	for _, contentType := range []string{"application/json; charset=utf-8", "application/vnd.shop+json"} {
		got := s.do(request{key: contentType[12:16], body: body, header: http.Header{"Content-Type": {contentType}}})
		require.Equal(t, http.StatusCreated, got.status, got.body)
	}
}
