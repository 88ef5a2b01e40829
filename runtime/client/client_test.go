package client_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cnerium/cnerium-go/runtime/client"
)

func TestEachAttemptHasTheSameKeyAndTheSameBytes(t *testing.T) {
	t.Parallel()
	s, url := newScript(t, cut, status(503), half, problem(409, "urn:cnerium:problem:in-flight"), status(429), ok())
	got, meta, err := call(t.Context(), newClient(t, url, nil), nil)
	require.NoError(t, err)
	require.Equal(t, &order{ID: "o1"}, got)
	require.Equal(t, 6, meta.Attempts)
	requests := s.seen()
	require.Len(t, requests, 6)
	for _, r := range requests {
		require.Equal(t, meta.Key, r.key)
		require.JSONEq(t, `{"product":"p1","quantity":2}`, r.body)
		require.Equal(t, requests[0].body, r.body)
		require.Equal(t, "POST", r.method)
		require.Equal(t, "/orders", r.uri)
		require.Equal(t, "application/json", r.header.Get("Content-Type"))
	}
}

func TestOnlySomeStatusesAreTriedAgain(t *testing.T) {
	t.Parallel()
	again := map[int]bool{408: true, 425: true, 429: true, 502: true, 503: true, 504: true}
	for code := 300; code < 600; code++ {
		if http.StatusText(code) == "" {
			continue
		}
		attempts := 0
		c := newClient(t, "http://shop.example", &client.Options{
			Retry: quick,
			HTTP: &http.Client{Transport: fake(func(*http.Request) (*http.Response, error) {
				attempts++
				return reply(code, nil, ""), nil
			})},
		})
		_, _, err := call(t.Context(), c, nil)
		e := failure(t, err)
		require.Equal(t, code, e.Status)
		require.Equal(t, attempts, e.Attempts)
		require.Equal(t, map[bool]int{true: 10, false: 1}[again[code]], attempts, code)
		require.Equal(t, again[code], e.GaveUp != nil, code)
		require.Equal(t, again[code] || code >= 500, e.Pending(), code)
	}
}

func TestAnswersAboutTheKeyAreToldApart(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		code     int
		kind     string
		is       error
		attempts int
		pending  bool
	}{
		{409, "urn:cnerium:problem:key-reused", client.ErrKeyReused, 1, false},
		{422, "urn:cnerium:problem:key-reused", client.ErrKeyReused, 1, false},
		{503, "urn:cnerium:problem:key-reused", client.ErrKeyReused, 1, false},
		{409, "urn:cnerium:problem:in-flight", client.ErrInFlight, 10, true},
		{409, "urn:cnerium:problem:outcome-unknown", client.ErrOutcomeUnknown, 1, true},
		{503, "urn:cnerium:problem:outcome-unknown", client.ErrOutcomeUnknown, 1, true},
		{409, "about:blank", nil, 1, false},
		{400, "urn:cnerium:problem:in-flight", client.ErrInFlight, 1, false},
	} {
		_, url := newScript(t, problem(test.code, test.kind))
		_, _, err := call(t.Context(), newClient(t, url, nil), nil)
		e := failure(t, err)
		for _, sentinel := range []error{client.ErrKeyReused, client.ErrInFlight, client.ErrOutcomeUnknown} {
			require.Equal(t, errors.Is(test.is, sentinel), errors.Is(err, sentinel), test)
		}
		require.Equal(t, test.attempts, e.Attempts, test)
		require.Equal(t, test.pending, e.Pending(), test)
		var p *client.Problem
		require.ErrorAs(t, err, &p)
		require.Equal(t, &client.Problem{Type: test.kind, Title: "Title", Status: test.code, Detail: "why"}, p)
		require.Contains(t, err.Error(), "orders.create: ")
		require.Contains(t, err.Error(), ": why")
		require.NotContains(t, err.Error(), e.Key)
	}
}

// TestAnAnswerAboutTheCallerLeavesOpenWhatWasOpen has the answer to the first
// attempt lost: one that does not come from the operation says nothing about it.
func TestAnAnswerAboutTheCallerLeavesOpenWhatWasOpen(t *testing.T) {
	t.Parallel()
	for code, open := range map[int]bool{301: true, 401: true, 403: true, 407: true, 400: false, 404: false, 422: false} {
		_, url := newScript(t, cut, status(code))
		_, _, err := call(t.Context(), newClient(t, url, nil), nil)
		e := failure(t, err)
		require.Equal(t, code, e.Status)
		require.Equal(t, open, e.Pending(), code)

		_, url = newScript(t, status(code))
		_, _, err = call(t.Context(), newClient(t, url, nil), nil)
		require.False(t, failure(t, err).Pending(), code)
	}
}

func TestKeyOfTheCallerIsUsed(t *testing.T) {
	t.Parallel()
	s, url := newScript(t, ok())
	c := newClient(t, url, nil)
	_, meta, err := call(t.Context(), c, &client.Call{Key: "mine"})
	require.NoError(t, err)
	require.Equal(t, "mine", meta.Key)
	_, first, err := call(t.Context(), c, nil)
	require.NoError(t, err)
	_, second, err := call(t.Context(), c, nil)
	require.NoError(t, err)
	require.NotEqual(t, first.Key, second.Key)
	require.Len(t, first.Key, 26)
	requests := s.seen()
	require.Equal(t, []string{"mine", first.Key, second.Key}, []string{requests[0].key, requests[1].key, requests[2].key})
}

func TestCallsThatAreWrongAreNotSent(t *testing.T) {
	t.Parallel()
	s, url := newScript(t, ok())
	c := newClient(t, url, nil)
	for _, key := range []string{"with space", "ü", strings.Repeat("k", 256), "line\nbreak"} {
		_, _, err := call(t.Context(), c, &client.Call{Key: key})
		require.ErrorIs(t, err, client.ErrKeyInvalid, key)
		require.False(t, failure(t, err).Pending())
	}
	req := create()
	req.JSON(make(chan int))
	_, _, err := c.Do(t.Context(), req, nil)
	require.EqualError(t, err, "orders.create: body: json: unsupported type: chan int")
	_, _, err = call(t.Context(), c, &client.Call{Header: http.Header{"X-A": {"a\r\nX-B: b"}}})
	require.EqualError(t, err, `orders.create: header "X-A": its value has a line break or another control character`)
	require.Empty(t, s.seen())
}

func TestMetaTellsWhatTheServerSays(t *testing.T) {
	t.Parallel()
	_, url := newScript(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Idempotency-Replayed", "true")
		w.Header().Set("Event-Cursor", "c7")
		w.Header().Set("X-Own", "x")
		ok()(w, r)
	})
	_, meta, err := call(t.Context(), newClient(t, url, nil), nil)
	require.NoError(t, err)
	require.True(t, meta.Replayed)
	require.Equal(t, "c7", meta.Cursor)
	require.Equal(t, 201, meta.Status)
	require.Equal(t, "x", meta.Header.Get("X-Own"))
	require.Equal(t, "orders.create", meta.Operation)
}

func TestAnswersThatCannotBeReadAreNotAskedForAgain(t *testing.T) {
	t.Parallel()
	for text, answer := range map[string]http.HandlerFunc{
		`content type "text/html", expected application/json`: body(200, "text/html", "<p>"),
		`content type "", expected application/json`: func(w http.ResponseWriter, _ *http.Request) {
			w.Header()["Content-Type"] = nil
			_, _ = w.Write([]byte("{}"))
		},
		"status 204 without a body, expected JSON":              status(204),
		"there is more behind the JSON":                         body(200, "application/json", "{} {}"),
		"cannot unmarshal number into Go struct field order.id": body(200, "application/json", `{"id":1}`),
	} {
		s, url := newScript(t, answer)
		got, meta, err := call(t.Context(), newClient(t, url, nil), nil)
		require.Nil(t, got)
		require.Nil(t, meta)
		e := failure(t, err)
		require.ErrorContains(t, err, text)
		var decode *client.DecodeError
		require.ErrorAs(t, err, &decode)
		require.Equal(t, decode.ContentType != "application/json", e.Pending())
		require.Equal(t, s.seen()[0].key, e.Key)
		require.Len(t, s.seen(), 1)
	}
}

func TestNumbersInAnyKeepTheirDigits(t *testing.T) {
	t.Parallel()
	_, url := newScript(t, body(200, "application/json", `{"id":12345678901234567890,"list":[0.1]}`))
	got, _, err := client.JSON[map[string]any](newClient(t, url, nil).Do(t.Context(), create(), nil))
	require.NoError(t, err)
	require.Equal(t, map[string]any{"id": json.Number("12345678901234567890"), "list": []any{json.Number("0.1")}}, got)
}

func TestNullIsNil(t *testing.T) {
	t.Parallel()
	_, url := newScript(t, body(200, "application/vnd.shop+json; charset=utf-8", "null"))
	got, meta, err := call(t.Context(), newClient(t, url, nil), nil)
	require.NoError(t, err)
	require.Nil(t, got)
	require.Equal(t, 200, meta.Status)
}

func TestAnswerThatIsTooLongIsAnError(t *testing.T) {
	t.Parallel()
	s, url := newScript(t, body(200, "application/json", `"`+strings.Repeat("x", 100)+`"`))
	_, _, err := call(t.Context(), newClient(t, url, &client.Options{MaxResponse: 101, Retry: quick}), nil)
	require.ErrorIs(t, err, client.ErrResponseTooLarge)
	require.Len(t, s.seen(), 1)
	_, _, err = newClient(t, url, &client.Options{MaxResponse: 102}).Do(t.Context(), create(), nil)
	require.NoError(t, err)
}

func TestBodiesOfAnswersAreClosed(t *testing.T) {
	t.Parallel()
	for _, code := range []int{200, 404, 503} {
		var bodies []*stream
		serve := fake(func(*http.Request) (*http.Response, error) {
			resp := reply(code, http.Header{"Content-Type": {"application/json"}}, "")
			bodies = append(bodies, &stream{Reader: strings.NewReader(strings.Repeat("x", 100))})
			resp.Body, resp.ContentLength = bodies[len(bodies)-1], -1
			return resp, nil
		})
		c := newClient(t, "http://shop.example", &client.Options{HTTP: &http.Client{Transport: serve}, Retry: quick, MaxResponse: 10})
		_, _, err := c.Do(t.Context(), create(), nil)
		require.ErrorIs(t, err, client.ErrResponseTooLarge)
		_, _, err = post(t, &client.Transport{Base: serve, Retry: quick, MaxResponse: 10}, request(t, http.MethodPost, "http://shop.example", nil))
		require.NoError(t, err)
		require.GreaterOrEqual(t, len(bodies), 2)
		for _, body := range bodies {
			require.True(t, body.closed)
		}
	}
}

func TestErrorsOfConfigurationAreNotTriedAgain(t *testing.T) {
	t.Parallel()
	secure := httptest.NewTLSServer(ok())
	t.Cleanup(secure.Close)
	secure.Config.ErrorLog = quiet
	_, plain := newScript(t, ok())
	for _, url := range []string{secure.URL, strings.Replace(plain, "http:", "https:", 1)} {
		_, _, err := call(t.Context(), newClient(t, url, nil), nil)
		require.Equal(t, 1, failure(t, err).Attempts, err)
	}
	_, _, err := call(t.Context(), newClient(t, secure.URL, &client.Options{HTTP: secure.Client()}), nil)
	require.NoError(t, err)
}

func TestServerThatIsNotThereIsTriedAgain(t *testing.T) {
	t.Parallel()
	_, _, err := call(t.Context(), newClient(t, "http://127.0.0.1:1", nil), nil)
	e := failure(t, err)
	require.Equal(t, 10, e.Attempts)
	require.True(t, e.Pending())
	require.Zero(t, e.Status)
	require.ErrorContains(t, err, "(attempt 10); not tried again: that was the last attempt")
}

// TestWhoKnowsNothingOfTheOperationLeavesItOpen is about answers of those who
// stand before it: what an attempt before did, whose answer was lost, is open.
func TestWhoKnowsNothingOfTheOperationLeavesItOpen(t *testing.T) {
	t.Parallel()
	for _, code := range []int{302, 304, 401, 407} {
		_, url := newScript(t, cut, status(code))
		_, _, err := call(t.Context(), newClient(t, url, nil), nil)
		require.Equal(t, code, failure(t, err).Status)
		require.True(t, failure(t, err).Pending(), code)
		_, url = newScript(t, status(code))
		_, _, err = call(t.Context(), newClient(t, url, nil), nil)
		require.False(t, failure(t, err).Pending(), code)
	}
	_, url := newScript(t, cut, status(404))
	_, _, err := call(t.Context(), newClient(t, url, nil), nil)
	require.False(t, failure(t, err).Pending(), "it is the operation's answer")
}

func TestRedirectsKeepTheMethodOrEndTheCall(t *testing.T) {
	t.Parallel()
	to := func(code int) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/elsewhere", code) }
	}
	for code, followed := range map[int]bool{301: false, 302: false, 303: false, 307: true, 308: true} {
		s, url := newScript(t, to(code), ok())
		_, _, err := call(t.Context(), newClient(t, url, nil), nil)
		requests := s.seen()
		if !followed {
			require.Equal(t, code, failure(t, err).Status)
			require.Len(t, requests, 1)
			continue
		}
		require.NoError(t, err)
		require.Equal(t, "/elsewhere", requests[1].uri)
		require.Equal(t, requests[0].key, requests[1].key)
		require.Equal(t, requests[0].body, requests[1].body)
	}
	_, url := newScript(t, to(307))
	_, _, err := call(t.Context(), newClient(t, url, nil), nil)
	require.Equal(t, 1, failure(t, err).Attempts)
}

func TestPrepareSeesEachAttempt(t *testing.T) {
	t.Parallel()
	s, url := newScript(t, status(503), ok())
	n := 0
	opts := &client.Options{Retry: quick, Header: http.Header{"x-own": {"all"}, "X-Other": {"all"}}}
	opts.Prepare = func(r *http.Request) error {
		n++
		r.Header.Set("Authorization", "token "+string(rune('0'+n)))
		r.Header.Set("Idempotency-Key", "another")
		return nil
	}
	_, meta, err := call(t.Context(), newClient(t, url, opts), &client.Call{Header: http.Header{"X-Own": {"one"}}})
	require.NoError(t, err)
	for i, r := range s.seen() {
		require.Equal(t, "token "+string(rune('1'+i)), r.header.Get("Authorization"))
		require.Equal(t, meta.Key, r.key)
		require.Equal(t, []string{"one"}, r.header["X-Own"])
		require.Equal(t, []string{"all"}, r.header["X-Other"])
	}
	opts.Prepare = func(*http.Request) error { return errors.New("no token") }
	_, _, err = call(t.Context(), newClient(t, url, opts), nil)
	require.EqualError(t, err, "orders.create: prepare the request: no token")
}

func TestHookSeesEachAttempt(t *testing.T) {
	t.Parallel()
	_, url := newScript(t, cut, problem(503, "urn:cnerium:problem:unavailable"), problem(404, "about:blank"))
	var notes []client.Attempt
	opts := &client.Options{Retry: quick, OnAttempt: func(_ context.Context, a client.Attempt) { notes = append(notes, a) }}
	_, _, err := call(t.Context(), newClient(t, url, opts), &client.Call{Key: "k1"})
	require.Error(t, err)
	require.Len(t, notes, 3)
	for i, a := range notes {
		require.Equal(t, "k1", a.Key)
		require.Equal(t, "orders.create", a.Operation)
		require.Equal(t, i+1, a.Number)
		require.Equal(t, i < 2, a.Again)
		require.NoError(t, a.GaveUp)
	}
	require.Error(t, notes[0].Err)
	require.Zero(t, notes[0].Status)
	require.Equal(t, 503, notes[1].Status)
	require.Equal(t, "urn:cnerium:problem:unavailable", notes[1].Problem.Type)
	require.Equal(t, 404, notes[2].Status)
	require.Zero(t, notes[2].Pause)
}

func TestConnectionsAreUsedAgain(t *testing.T) {
	t.Parallel()
	s := &script{answers: []http.HandlerFunc{ok(), problem(409, "urn:cnerium:problem:in-flight"), body(503, "text/plain", strings.Repeat("x", 1<<20)), status(204), ok()}}
	var connections atomic.Int32
	server := httptest.NewUnstartedServer(s)
	server.Config.ConnState = countNew(&connections)
	server.Start()
	t.Cleanup(server.Close)
	c := newClient(t, server.URL, &client.Options{HTTP: &http.Client{Transport: &http.Transport{}}, Retry: quick})
	for range 3 {
		_, _, err := c.Do(t.Context(), create(), nil)
		require.NoError(t, err)
	}
	require.Len(t, s.seen(), 5)
	require.EqualValues(t, 1, connections.Load())
}

func TestClientIsSafeForConcurrentUse(t *testing.T) {
	t.Parallel()
	_, url := newScript(t, status(503), ok(), status(429), ok())
	var hooks atomic.Int32
	c := newClient(t, url, &client.Options{Retry: quick, OnAttempt: func(context.Context, client.Attempt) { hooks.Add(1) }})
	req := create()
	var all sync.WaitGroup
	failures := make([]error, 32)
	for i := range failures {
		all.Go(func() { _, _, failures[i] = c.Do(t.Context(), req, nil) })
	}
	all.Wait()
	require.NoError(t, errors.Join(failures...))
	require.EqualValues(t, 34, hooks.Load())
}

func TestBaseURLs(t *testing.T) {
	t.Parallel()
	for base, uri := range map[string]string{"": "/orders", "/": "/orders", "/api": "/api/orders", "/a%2Fb/": "/a%2Fb/orders"} {
		s, url := newScript(t, ok())
		_, _, err := call(t.Context(), newClient(t, url+base, nil), nil)
		require.NoError(t, err)
		require.Equal(t, uri, s.seen()[0].uri)
	}
	for base, text := range map[string]string{
		"":                   "must begin with https:// or http://",
		"shop.example":       "must begin with https:// or http://",
		"127.0.0.1:8080":     "must begin with https:// or http://",
		"ftp://shop.example": "must begin with https:// or http://",
		"https:///orders":    "has no host",
		"https://a/?b=c":     "must end with its path",
		"https://a/#b":       "must end with its path",
		"https://a b":        "invalid character",
		"https://:443":       "has no host",
		"ssh://me:secret@a":  `"ssh://me:xxxxx@a"`,
		"https://a:b":        "invalid port",
	} {
		_, err := client.New(base, nil)
		require.ErrorContains(t, err, text, base)
	}
}
