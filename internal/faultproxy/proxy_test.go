package faultproxy_test

import (
	"bufio"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cnerium/cnerium-go/internal/faultproxy"
)

// server notes the bodies that it gets.
type server struct {
	mu     sync.Mutex
	bodies []string
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	s.mu.Lock()
	s.bodies = append(s.bodies, string(body))
	s.mu.Unlock()
	_, _ = io.WriteString(w, "got "+string(body))
}

func (s *server) got() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.bodies
}

func TestFaults(t *testing.T) {
	t.Parallel()
	for fault, want := range map[faultproxy.Fault]struct {
		delivered int
		answered  bool
	}{
		faultproxy.None:          {1, true},
		faultproxy.DropRequest:   {0, false},
		faultproxy.CutRequest:    {0, false},
		faultproxy.DropResponse:  {1, false},
		faultproxy.CutResponse:   {1, false},
		faultproxy.Hang:          {1, false},
		faultproxy.Slow:          {1, true},
		faultproxy.Duplicate:     {2, true},
		faultproxy.LateDuplicate: {2, true},
	} {
		t.Run(fault.String(), func(t *testing.T) {
			t.Parallel()
			s := new(server)
			behind := httptest.NewServer(s)
			t.Cleanup(behind.Close)
			proxy := faultproxy.New(t, behind.URL, func(*http.Request) faultproxy.Fault { return fault })
			c := &http.Client{Transport: &http.Transport{}}
			t.Cleanup(c.CloseIdleConnections)

			ctx := t.Context()
			if fault == faultproxy.Hang {
				var cancel func()
				ctx, cancel = cancelWhen(t, func() bool { return len(s.got()) > 0 })
				defer cancel()
			}
			text, err := post(ctx, c, proxy.URL(), strings.Repeat("x", 50))
			require.Equal(t, want.answered, err == nil, err)
			if want.answered {
				require.Equal(t, "got "+strings.Repeat("x", 50), text)
			}
			proxy.Wait()
			proxy.Close()
			require.Len(t, s.got(), want.delivered)
			require.Equal(t, map[faultproxy.Fault]int{fault: 1}, proxy.Counts())
		})
	}
}

func TestConnectionsServeManyRequests(t *testing.T) {
	t.Parallel()
	s := new(server)
	behind := httptest.NewServer(s)
	t.Cleanup(behind.Close)
	proxy := faultproxy.New(t, behind.URL, func(*http.Request) faultproxy.Fault { return faultproxy.None })
	c := &http.Client{Transport: &http.Transport{MaxConnsPerHost: 1}}
	for _, body := range []string{"a", "", strings.Repeat("b", 100_000), "c"} {
		text, err := post(t.Context(), c, proxy.URL(), body)
		require.NoError(t, err)
		require.Equal(t, "got "+body, text)
	}
}

// TestStreamsAndTheirEndPassThrough has a client that leaves before the answer
// is complete.
func TestStreamsAndTheirEndPassThrough(t *testing.T) {
	t.Parallel()
	left := make(chan struct{})
	behind := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, "one\n")
		w.(http.Flusher).Flush()
		<-r.Context().Done()
		close(left)
	}))
	t.Cleanup(behind.Close)
	proxy := faultproxy.New(t, behind.URL, nil)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, proxy.URL(), nil)
	require.NoError(t, err)
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	line, err := bufio.NewReader(resp.Body).ReadString('\n')
	require.NoError(t, err)
	require.Equal(t, "one\n", line)
	require.NoError(t, resp.Body.Close())
	<-left
	require.Empty(t, proxy.Counts())
}
