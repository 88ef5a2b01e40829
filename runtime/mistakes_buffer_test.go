package cnerium_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	cnerium "github.com/cnerium/cnerium-go/runtime"
)

// reusing is a client and its handlers that use the same memory for all their
// requests and answers, one after another.
type reusing struct {
	mux http.Handler

	request *http.Request
	sent    []byte
	reply   *httptest.ResponseRecorder

	header http.Header // of the handler's response
	body   []byte
}

func newReusing() *reusing {
	c := &reusing{header: http.Header{"X-Key": {""}}, reply: httptest.NewRecorder()}
	c.request = httptest.NewRequest(http.MethodPost, "/orders", nil)
	c.request.Header["Idempotency-Key"] = []string{""}
	return c
}

// handle answers with the key and the body.
func (c *reusing) handle(req *cnerium.Request) *cnerium.Response {
	c.header["X-Key"][0] = req.Key()
	c.body = fmt.Appendf(c.body[:0], "%s of %s", req.Key(), req.Body())
	return &cnerium.Response{Header: c.header, Body: c.body}
}

// send tells what is wrong with the answer for the key.
func (c *reusing) send(key, replayed string) error {
	c.sent = append(append(c.sent[:0], "client "...), key...)
	c.request.Header["Idempotency-Key"][0] = key
	c.request.Body = io.NopCloser(bytes.NewReader(c.sent))
	c.request.ContentLength = int64(len(c.sent))
	c.reply.Code, c.reply.Body = 0, &bytes.Buffer{}
	clear(c.reply.Header())
	c.mux.ServeHTTP(c.reply, c.request)
	got := c.reply.Body.String()
	header := c.reply.Header()
	if got != key+" of client "+key || header.Get("X-Key") != key || header.Get("Idempotency-Replayed") != replayed {
		return fmt.Errorf("%s: %q %v", key, got, header)
	}
	return nil
}

// TestMistakeAKeyAnswersWithTheResponseOfAnotherKey has 50 clients in parallel
// that reuse all their memory: 10,000 keys in memory, fewer where each costs
// writes, and as many everywhere with -cnerium.long.
func TestMistakeAKeyAnswersWithTheResponseOfAnotherKey(t *testing.T) {
	inEachMode(t, func(t *testing.T, m mode) {
		const clients = 50
		each := m.keys / clients
		if *long {
			each = 10_000 / clients
		}
		var all [clients]*reusing
		s := m.alone(t, nil, func(req *cnerium.Request) (*cnerium.Response, error) {
			var client, i int
			if _, err := fmt.Sscanf(req.Key(), "%d-%d", &client, &i); err != nil {
				return nil, err
			}
			return all[client].handle(req), nil
		})
		for client := range all {
			all[client] = newReusing()
			all[client].mux = s.mux
		}
		for _, replayed := range []string{"", "true"} {
			var wg sync.WaitGroup
			for client, c := range all {
				wg.Go(func() {
					for i := range each {
						if err := c.send(fmt.Sprintf("%d-%d", client, i), replayed); err != nil {
							t.Error(err)
							return
						}
					}
				})
			}
			wg.Wait()
		}
		require.EqualValues(t, clients*each, s.runs.Load())
	})
}
