package feed_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	cnerium "github.com/cnerium/cnerium-go/runtime"
	"github.com/cnerium/cnerium-go/runtime/feed"
)

// outbox is the history of a store, and the pump that publishes it. An offset
// is the number of an event, from 1; the cursor of offset 7 is "e.7".
type outbox struct {
	mu        sync.Mutex
	events    []cnerium.Event // all that were ever committed
	swept     int             // the offset of the last that is gone
	published int             // the offset of the last that was handed over
	failure   error           // what Events returns, if anything
	reads     int             // how often Events was called
	after     func()          // is called by the next Events, once it knows its answer
}

// Events is that of a store. See [cnerium.Outbox].
func (o *outbox) Events(ctx context.Context, after string, limit int) ([]cnerium.Event, error) {
	events, hook, err := o.page(ctx, after, limit)
	if hook != nil {
		hook()
	}
	return events, err
}

func (o *outbox) page(ctx context.Context, after string, limit int) ([]cnerium.Event, func(), error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.reads++
	hook := o.after
	o.after = nil
	if ctx.Err() != nil {
		return nil, hook, ctx.Err()
	}
	if o.failure != nil {
		return nil, hook, o.failure
	}
	offset := offsetOf(after)
	if offset < o.swept || offset > len(o.events) {
		return nil, hook, cnerium.ErrCursor
	}
	rest := o.events[offset:]
	return rest[:min(limit, len(rest))], hook, nil
}

// commit adds an event for each of the rooms.
func (o *outbox) commit(rooms ...string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, room := range rooms {
		offset := len(o.events) + 1
		o.events = append(o.events, cnerium.Event{
			ID:        "id-" + strconv.Itoa(offset),
			Cursor:    cursor(offset),
			Operation: "orders.create",
			Room:      room,
			Type:      "order.created",
			Time:      time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
			Data:      json.RawMessage(`{"order":` + strconv.Itoa(offset) + `}`),
		})
	}
}

// next returns up to n events that were not published yet.
func (o *outbox) next(n int) []cnerium.Event {
	o.mu.Lock()
	defer o.mu.Unlock()
	rest := o.events[o.published:]
	return rest[:min(n, len(rest))]
}

// publish hands over up to n of the events that were not published yet.
func (o *outbox) publish(t require.TestingT, f *feed.Feed, n int) {
	events := o.next(n)
	require.NoError(t, f.Publish(context.Background(), events))
	o.mu.Lock()
	defer o.mu.Unlock()
	o.published += len(events)
}

// add commits an event for each of the rooms and publishes all.
func (o *outbox) add(t require.TestingT, f *feed.Feed, rooms ...string) {
	o.commit(rooms...)
	o.publish(t, f, len(o.events))
}

// sweep forgets all events up to the offset.
func (o *outbox) sweep(offset int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.swept = max(o.swept, offset)
}

// fail lets reading fail from now on; nil ends that.
func (o *outbox) fail(err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.failure = err
}

// during calls the function in the middle of the next read.
func (o *outbox) during(f func()) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.after = f
}

func (o *outbox) readCount() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.reads
}

// head is the offset of the last event.
func (o *outbox) head() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.events)
}

func cursor(offset int) string { return "e." + strconv.Itoa(offset) }

// offsetOf is the inverse of cursor; -1 for what is none.
func offsetOf(cursor string) int {
	digits, ok := strings.CutPrefix(cursor, "e.")
	offset, err := strconv.Atoi(digits)
	if !ok || err != nil {
		return -1
	}
	return offset
}

// everybody are n events without a room.
func everybody(n int) []string { return make([]string, n) }

// anyRoom lets everybody into every room.
func anyRoom(*http.Request) (feed.Rooms, error) { return feed.Any, nil }

// start returns a feed that was opened on a history which has n events already.
func start(t *testing.T, n int, opts *feed.Options) (*feed.Feed, *outbox) {
	t.Helper()
	f, o := feed.New(opts), new(outbox)
	o.commit(everybody(n)...)
	o.published = n
	require.NoError(t, f.Open(o, cursor(n)))
	return f, o
}

// ask is a request with the query.
func ask(query string) *http.Request {
	return httptest.NewRequest(http.MethodGet, "/events?"+query, nil)
}

// listen subscribes with the query, until the end of the test.
func listen(t *testing.T, f *feed.Feed, query string) *feed.Subscriber {
	t.Helper()
	s, err := f.Subscribe(ask(query))
	require.NoError(t, err)
	t.Cleanup(s.Close)
	return s
}

// refusal subscribes in vain and returns the answer.
func refusal(t *testing.T, f *feed.Feed, r *http.Request) (*httptest.ResponseRecorder, string) {
	t.Helper()
	s, err := f.Subscribe(r)
	require.Error(t, err)
	require.Nil(t, s)
	rec := httptest.NewRecorder()
	feed.Refuse(rec, r, err)
	require.Equal(t, "application/problem+json", rec.Header().Get("Content-Type"))
	var problem struct {
		Status int    `json:"status"`
		Detail string `json:"detail"`
	}
	require.NoError(t, json.Unmarshal(rec.Body.Bytes(), &problem))
	require.Equal(t, rec.Code, problem.Status)
	return rec, problem.Detail
}

// next returns what the subscriber gets without waiting: an event as its
// cursor, with its room, such as "e.7" or "e.7@a", and a notice as its JSON.
func next(t *testing.T, s *feed.Subscriber) []string {
	t.Helper()
	batch, err := s.Next(t.Context(), 0)
	require.NoError(t, err)
	return texts(t, batch)
}

func texts(t *testing.T, batch []feed.Message) []string {
	t.Helper()
	var all []string
	for _, m := range batch {
		all = append(all, text(t, m))
	}
	return all
}

func text(t *testing.T, m feed.Message) string {
	t.Helper()
	var head struct {
		Notice string `json:"notice"`
		Cursor string `json:"cursor"`
		Room   string `json:"room"`
	}
	require.NoError(t, json.Unmarshal(m.Data, &head))
	require.Equal(t, head.Notice, m.Notice)
	require.Equal(t, head.Cursor, m.Cursor)
	switch {
	case m.Notice != "":
		return string(m.Data)
	case head.Room != "":
		return m.Cursor + "@" + head.Room
	}
	return m.Cursor
}

// all returns everything that the subscriber gets until nothing comes.
func all(t *testing.T, s *feed.Subscriber) []string {
	t.Helper()
	var got []string
	for {
		batch := next(t, s)
		if len(batch) == 0 {
			return got
		}
		got = append(got, batch...)
	}
}

// cursors are those of the events from first to last.
func cursors(first, last int) []string {
	var all []string
	for offset := first; offset <= last; offset++ {
		all = append(all, cursor(offset))
	}
	return all
}
