package client_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cnerium/cnerium-go/runtime/client"
)

// post sends a request through a client that has the transport.
func post(t *testing.T, transport *client.Transport, req *http.Request) (*http.Response, string, error) {
	t.Helper()
	resp, err := (&http.Client{Transport: transport}).Do(req)
	if err != nil {
		return nil, "", err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	return resp, string(text), err
}

func request(t *testing.T, method, url string, body io.Reader) *http.Request {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, body)
	require.NoError(t, err)
	return req
}

func TestTransportAddsAKeyAndRetries(t *testing.T) {
	t.Parallel()
	for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete} {
		s, url := newScript(t, cut, half, problem(409, "urn:cnerium:problem:in-flight"), status(503), ok())
		req := request(t, method, url+"/x?y=z", strings.NewReader("some text"))
		resp, text, err := post(t, &client.Transport{Retry: quick}, req)
		require.NoError(t, err)
		require.Equal(t, 201, resp.StatusCode)
		require.Equal(t, `{"id":"o1"}`, text)
		require.Same(t, req, resp.Request)
		require.Empty(t, req.Header, "the caller's request is not changed")
		requests := s.seen()
		require.Len(t, requests, 5)
		for _, r := range requests {
			require.Len(t, r.key, 26)
			require.Equal(t, requests[0].key, r.key)
			require.Equal(t, "some text", r.body)
			require.Equal(t, "/x?y=z", r.uri)
		}
	}
}

func TestTransportLeavesOtherRequestsAlone(t *testing.T) {
	t.Parallel()
	for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodOptions} {
		s, url := newScript(t, status(503), ok())
		resp, _, err := post(t, &client.Transport{Retry: quick}, request(t, method, url, nil))
		require.NoError(t, err)
		require.Equal(t, 503, resp.StatusCode)
		require.Empty(t, s.seen()[0].key)
	}
}

func TestTransportKeepsAKeyThatIsThere(t *testing.T) {
	t.Parallel()
	s, url := newScript(t, status(503), ok())
	req := request(t, http.MethodPost, url, nil)
	req.Header["idempotency-key"] = []string{"mine"}
	first, second := &stream{Reader: strings.NewReader("body")}, &stream{Reader: strings.NewReader("body")}
	req.Body = first
	_, _, err := post(t, &client.Transport{Retry: quick}, req)
	require.NoError(t, err)
	for _, r := range s.seen() {
		require.Equal(t, []string{"mine"}, r.header["Idempotency-Key"])
		require.Equal(t, "body", r.body)
	}
	require.Nil(t, req.GetBody, "the caller's request is not changed")
	require.True(t, first.closed)

	req.Body, req.GetBody = second, func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader("again")), nil }
	_, _, err = post(t, &client.Transport{Retry: quick}, req)
	require.NoError(t, err)
	require.Equal(t, "again", s.seen()[2].body)
	require.True(t, second.closed)
}

// stream is a body that can be read once.
type stream struct {
	io.Reader
	closed bool
}

func (s *stream) Close() error {
	s.closed = true
	return nil
}

func TestTransportKeepsBodiesUpToItsLimit(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		size, announced int
		again           bool
	}{
		{10, -1, true},
		{10, 10, true},
		{0, -1, true},
		{11, -1, false},
		{11, 11, false},
	} {
		s, url := newScript(t, status(503), ok())
		body := &stream{Reader: bytes.NewReader(bytes.Repeat([]byte("x"), test.size))}
		req := request(t, http.MethodPost, url, body)
		req.ContentLength = int64(test.announced)
		resp, _, err := post(t, &client.Transport{Retry: quick, MaxBody: 10}, req)
		require.NoError(t, err)
		requests := s.seen()
		require.Equal(t, test.again, len(requests) == 2, test)
		require.Equal(t, test.again, resp.StatusCode == http.StatusCreated, test)
		require.True(t, body.closed)
		for _, r := range requests {
			require.Len(t, r.body, test.size, test)
			require.NotEmpty(t, r.key)
		}
	}
}

func TestTransportTellsOfABodyThatCannotBeRead(t *testing.T) {
	t.Parallel()
	s, url := newScript(t, ok())
	fails := errors.New("disk is gone")
	body := &stream{Reader: io.MultiReader(strings.NewReader("x"), fakeReader{fails})}
	_, _, err := post(t, &client.Transport{Retry: quick}, request(t, http.MethodPost, url, body))
	require.ErrorIs(t, err, fails)
	require.True(t, body.closed)
	require.Empty(t, s.seen())
}

type fakeReader struct{ err error }

func (r fakeReader) Read([]byte) (int, error) { return 0, r.err }

func TestTransportReturnsTheLastAnswer(t *testing.T) {
	t.Parallel()
	s, url := newScript(t, body(503, "text/plain", strings.Repeat("busy ", 1000)))
	resp, text, err := post(t, &client.Transport{Retry: quick}, request(t, http.MethodPost, url, nil))
	require.NoError(t, err)
	require.Equal(t, 503, resp.StatusCode)
	require.Len(t, text, 5000)
	require.Len(t, s.seen(), 10)

	_, url = newScript(t, problem(409, "urn:cnerium:problem:key-reused"))
	resp, text, err = post(t, &client.Transport{Retry: quick}, request(t, http.MethodPost, url, nil))
	require.NoError(t, err)
	require.Equal(t, 409, resp.StatusCode)
	require.Contains(t, text, "key-reused")
}

func TestTransportErrorHasTheKey(t *testing.T) {
	t.Parallel()
	s, url := newScript(t, cut)
	notes := 0
	transport := &client.Transport{Retry: quick, OnAttempt: func(context.Context, client.Attempt) { notes++ }}
	_, _, err := post(t, transport, request(t, http.MethodPost, url, nil))
	e := failure(t, err)
	require.Equal(t, s.seen()[0].key, e.Key)
	require.Equal(t, 10, e.Attempts)
	require.Equal(t, 10, notes)
	require.True(t, e.Pending())

	notes = 0
	_, _, err = post(t, transport, request(t, http.MethodPost, "gopher://shop.example", nil))
	require.Error(t, err)
	require.Equal(t, 1, notes)
}

func TestTransportPassesStreamsOn(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	_, url := newScript(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		_, _ = io.WriteString(w, "first\n")
		w.(http.Flusher).Flush()
		<-release
		_, _ = io.WriteString(w, "second\n")
	})
	resp, err := (&http.Client{Transport: &client.Transport{}}).Do(request(t, http.MethodPost, url, nil))
	require.NoError(t, err)
	first := make([]byte, 6)
	_, err = io.ReadFull(resp.Body, first)
	require.NoError(t, err)
	require.Equal(t, "first\n", string(first))
	close(release)
	rest, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.Equal(t, "second\n", string(rest))
	require.NoError(t, resp.Body.Close())
}

func TestTransportReturnsLongAnswersWhole(t *testing.T) {
	t.Parallel()
	long := `"` + strings.Repeat("x", 100_000) + `"`
	for _, limit := range []int64{0, 1, 100_001, 100_002, 100_003} {
		_, url := newScript(t, body(200, "application/json", long))
		_, text, err := post(t, &client.Transport{MaxResponse: limit}, request(t, http.MethodPost, url, nil))
		require.NoError(t, err)
		require.Equal(t, long, text)
	}
}

func TestTransportHeedsTheTimeoutOfItsClient(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		transport := &client.Transport{Base: always(503, "Retry-After", "5")}
		resp, err := (&http.Client{Transport: transport, Timeout: 5 * time.Second}).Do(request(t, http.MethodPost, "http://shop.example", nil))
		require.NoError(t, err)
		require.Equal(t, 503, resp.StatusCode)
		require.Zero(t, time.Since(start))
		require.NoError(t, resp.Body.Close())

		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		_, err = (&http.Client{Transport: transport}).Do(request(t, http.MethodPost, "http://shop.example", nil).WithContext(ctx))
		require.ErrorIs(t, err, context.Canceled)
		require.Equal(t, time.Second, time.Since(start))
		require.NotEmpty(t, failure(t, err).Key)
	})
}

// TestTransportGivesAStreamAllTheTimeItWants has an answer that takes longer
// than an attempt may, after it has begun.
func TestTransportGivesAStreamAllTheTimeItWants(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var attempt context.Context
		transport := &client.Transport{Base: fake(func(r *http.Request) (*http.Response, error) {
			attempt = r.Context()
			resp := reply(200, http.Header{"Content-Type": {"text/event-stream"}}, "x")
			resp.ContentLength = -1
			return resp, nil
		})}
		resp, err := transport.RoundTrip(request(t, http.MethodPost, "http://shop.example", nil))
		require.NoError(t, err)
		time.Sleep(time.Hour)
		require.NoError(t, attempt.Err())
		require.NoError(t, resp.Body.Close())
		require.Error(t, attempt.Err())
	})
}
