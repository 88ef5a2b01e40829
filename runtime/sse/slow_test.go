package sse_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cnerium/cnerium-go/runtime/feed"
	"github.com/cnerium/cnerium-go/runtime/sse"
)

// bulk is how many events of bulkSize bytes are more than a client takes
// without reading: over HTTP/2 that are some megabytes.
const (
	bulk     = 24
	bulkSize = 250 << 10
)

// fill publishes so much that the write to a client that does not read hangs,
// and requires that publishing waits for nobody.
func (n *network) fill(t *testing.T) {
	t.Helper()
	begin := time.Now()
	for range bulk {
		require.NoError(t, n.Publish(t.Context(), n.outbox.commit(bulkSize, "")))
		synctest.Wait()
	}
	require.Equal(t, begin, time.Now())
}

func patient() *options { return &options{feed: feed.Options{QueueBytes: 1 << 30}} }

func TestClientThatDoesNotReadIsCutOffAfterTheWriteTimeout(t *testing.T) {
	t.Parallel()
	inBubbles(t, patient, func(t *testing.T, n *network) {
		resp := n.get(t, "")
		n.fill(t)
		begin := time.Now()
		require.Equal(t, 10*time.Second, (<-n.ended).Sub(begin))
		_, err := io.Copy(io.Discard, resp.Body)
		require.Error(t, err)
		require.NoError(t, n.Close(t.Context())) // nobody is left
	})
}

func TestClientThatFallsBehindComesBackAndMissesNothing(t *testing.T) {
	t.Parallel()
	opts := func() *options { return &options{feed: feed.Options{QueueSize: 3}} }
	inBubbles(t, opts, func(t *testing.T, n *network) {
		resp := n.get(t, "")
		n.fill(t)
		last := 0
		for streams := 1; last < bulk; streams++ {
			require.LessOrEqual(t, streams, 2)
			p := sse.NewParser(resp.Body)
			var err error
			for err == nil && last < bulk {
				var e sse.Received
				if e, err = p.Next(); err == nil && e.Type == "message" {
					last++
					require.Equal(t, "e."+strconv.Itoa(last), e.ID)
				}
			}
			if last < bulk {
				require.ErrorIs(t, err, io.EOF) // the server has ended it in good order
				resp = n.get(t, "last_event_id=e."+strconv.Itoa(last))
			}
		}
	})
}

func TestClientThatLeavesEndsItsStream(t *testing.T) {
	t.Parallel()
	inBubbles(t, patient, func(t *testing.T, n *network) {
		begin := time.Now()
		resp := n.get(t, "")
		requireNotice(t, sse.NewParser(resp.Body), `{"notice":"welcome","cursor":"e.0"}`)
		require.NoError(t, resp.Body.Close())
		require.Equal(t, begin, <-n.ended)
	})
}

func TestCloseEndsStreamsAndShutdownReturns(t *testing.T) {
	t.Parallel()
	inBubbles(t, patient, func(t *testing.T, n *network) {
		begin := time.Now()
		p := sse.NewParser(n.get(t, "").Body)
		requireNotice(t, p, `{"notice":"welcome","cursor":"e.0"}`)
		n.add(t, "", "")
		closed := make(chan error, 1)
		go func() { closed <- n.Close(context.Background()) }()
		requireEvents(t, p, "e.1", "e.2") // all that waits comes first
		_, err := p.Next()
		require.ErrorIs(t, err, io.EOF)
		require.NoError(t, <-closed)
		require.Equal(t, begin, <-n.ended)
		require.NoError(t, n.server.Shutdown(t.Context()))
	})
}

func TestCloseCutsOffAClientThatDoesNotRead(t *testing.T) {
	t.Parallel()
	opts := func() *options {
		return &options{feed: feed.Options{QueueBytes: 1 << 30}, sse: sse.Options{WriteTimeout: time.Hour}}
	}
	inBubbles(t, opts, func(t *testing.T, n *network) {
		resp := n.get(t, "")
		n.fill(t)
		begin := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		require.ErrorIs(t, n.Close(ctx), context.DeadlineExceeded)
		require.Equal(t, time.Minute, (<-n.ended).Sub(begin))
		_, err := io.Copy(io.Discard, resp.Body)
		require.Error(t, err)
		require.NoError(t, n.server.Shutdown(t.Context()))
		require.Less(t, time.Since(begin), 2*time.Minute)
	})
}

func TestServerDoesNotWaitForAClientThatDoesNotReadTheEnd(t *testing.T) {
	t.Parallel()
	inBubbles(t, patient, func(t *testing.T, n *network) {
		p := sse.NewParser(n.get(t, "").Body)
		requireNotice(t, p, `{"notice":"welcome","cursor":"e.0"}`)
		begin := time.Now()
		require.NoError(t, n.Close(t.Context()))
		require.NoError(t, n.server.Shutdown(t.Context()))
		require.Less(t, time.Since(begin), time.Minute)
	})
}

// lame is a writer whose methods do what the test says.
type lame struct {
	header   http.Header
	flush    func() error
	deadline func()
}

func (l *lame) Header() http.Header         { return l.header }
func (l *lame) WriteHeader(int)             {}
func (l *lame) Write(p []byte) (int, error) { return len(p), nil }
func (l *lame) FlushError() error           { return l.flush() }

// SetWriteDeadline is that of http.ResponseController.
func (l *lame) SetWriteDeadline(time.Time) error {
	l.deadline()
	return nil
}

func TestWriteThatFailsEndsTheStream(t *testing.T) {
	t.Parallel()
	s := newSource(t, nil)
	w := &lame{header: http.Header{}, flush: func() error { return errors.New("broken pipe") }, deadline: func() {}}
	sse.Handler(s.Feed, nil).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/events", nil))
	require.NoError(t, s.Close(t.Context())) // nobody is left
}

// The deadline of a write and that of the cut-off are set by two goroutines:
// whichever comes last, the write does not hang.
func TestWriteThatBeginsWhenTheStreamIsCutOffDoesNotHang(t *testing.T) {
	t.Parallel()
	s := newSource(t, nil)
	over, cancel := context.WithCancel(t.Context())
	cancel()
	var once sync.Once
	w := &lame{
		header:   http.Header{},
		deadline: func() { once.Do(func() { require.Error(t, s.Close(over)) }) },
	}
	wrote := false
	w.flush = func() error {
		wrote = true
		return errors.New("it hangs")
	}
	sse.Handler(s.Feed, nil).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/events", nil))
	require.False(t, wrote)
	require.NoError(t, s.Close(t.Context()))
}
